package domains

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/notice"
)

// notify queues the mails that a claim's present state calls for. It is called at each
// look; a notice's key keeps it from being sent twice.
func (s *Service) notify(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, from tenant.DomainState) error {
	for _, template := range noticesDue(d, from, s.now()) {
		err := notice.Queue(ctx, tx, d.TenantID, notice.Notice{
			Key:      fmt.Sprintf("domain/%d/%s/%d", d.ID, template, episode(d).Unix()),
			Template: "domain_" + template,
			Data: map[string]string{
				"name": d.DisplayName, "code": d.Reason, "since": d.FailingSince.Format(time.RFC3339),
				"deadline": d.DeadlineAt.Format(time.RFC3339), "not_after": d.CertificateNotAfter.Format(time.RFC3339),
			},
		})
		if err != nil {
			return fmt.Errorf("queue the notice %s about %s: %w", template, d.Name, err)
		}
	}
	return nil
}

// episode is when what a notice tells began: an outage's steps belong together, the next
// outage is told anew.
func episode(d *tenant.Domain) time.Time {
	if !d.FailingSince.IsZero() {
		return d.FailingSince
	}
	return d.StateSince
}

// steps of an event that goes on, the longest first: only the newest is told.
type step struct {
	after    time.Duration
	template string
}

var (
	outageSteps = []step{
		{7 * 24 * time.Hour, "degraded_7d"}, {3 * 24 * time.Hour, "degraded_3d"}, {24 * time.Hour, "degraded_24h"}, {time.Hour, "degraded_1h"},
	}
	setUpSteps = []step{
		{28 * 24 * time.Hour, "unfinished_28d"}, {14 * 24 * time.Hour, "unfinished_14d"}, {3 * 24 * time.Hour, "unfinished_3d"},
	}
	// A certificate is renewed a month and more before its end: these say that it was not.
	certificateSteps = []step{{3 * 24 * time.Hour, "certificate_3d"}, {10 * 24 * time.Hour, "certificate_10d"}, {20 * 24 * time.Hour, "certificate_20d"}}
)

func noticesDue(d *tenant.Domain, from tenant.DomainState, now time.Time) []string {
	var out []string
	entered := d.State != from
	switch d.State {
	case tenant.DomainLive:
		if entered && isOnTheWay(from) {
			out = append(out, "live")
		} else if entered && (from == tenant.DomainDegraded || from == tenant.DomainParked) {
			out = append(out, "recovered")
		}
	case tenant.DomainParked, tenant.DomainDisputed, tenant.DomainExpired, tenant.DomainReleasing:
		if entered {
			out = append(out, string(d.State))
		}
	}
	if d.State == tenant.DomainLive || d.State == tenant.DomainDegraded {
		if !d.FailingSince.IsZero() {
			out = append(out, reached(outageSteps, now.Sub(d.FailingSince))...)
		}
	}
	if isOnTheWay(d.State) && d.State != tenant.DomainNeedsReview {
		out = append(out, reached(setUpSteps, now.Sub(d.CreatedAt))...)
	}
	if d.State.Serves() && !d.CertificateNotAfter.IsZero() {
		out = append(out, running(certificateSteps, d.CertificateNotAfter.Sub(now))...)
	}
	return out
}

func reached(steps []step, lasted time.Duration) []string {
	for _, s := range steps {
		if lasted >= s.after {
			return []string{s.template}
		}
	}
	return nil
}

// running tells how little time is left.
func running(steps []step, left time.Duration) []string {
	for _, s := range steps {
		if left <= s.after {
			return []string{s.template}
		}
	}
	return nil
}
