package domains

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

// notify queues the mails that a claim's present state calls for. It is called at each
// look; a notice's key keeps it from being sent twice.
func (s *Service) notify(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, from tenant.DomainState) error {
	if len(noticesDue(d, from, s.now())) == 0 {
		return nil
	}
	checks, err := registry.ChecksOf(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	for _, n := range Notices(Standing{d, checks}, from, s.now()) {
		s.address(&n, d)
		if err := notice.Queue(ctx, tx, d.TenantID, n); err != nil {
			return fmt.Errorf("queue the notice %s about %s: %w", n.Template, d.Name, err)
		}
	}
	return nil
}

// wasToldOfOutage reports whether people got a mail about a live name that fails: its last
// look was late enough for one. A name that is degraded already has an all-clear of its own.
func (s *Service) wasToldOfOutage(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) (bool, error) {
	if d.State != tenant.DomainLive || d.FailingSince.IsZero() {
		return false, nil
	}
	checks, err := registry.ChecksOf(ctx, tx, d.ID)
	if err != nil {
		return false, err
	}
	c := (Standing{d, checks}).Check(leadsHereBy(d))
	return c != nil && reached(outageSteps, c.LastCheckedAt.Sub(d.FailingSince)) != nil, nil
}

// giveAllClear tells that a name works again which was never degraded.
func (s *Service) giveAllClear(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	if d.State != tenant.DomainLive || !d.FailingSince.IsZero() {
		return nil
	}
	n := notice.Notice{Key: fmt.Sprintf("domain/%d/recovered/%d", d.ID, s.now().Unix()), Template: "domain_recovered", Data: map[string]string{
		"name": d.DisplayName, "role": string(d.Role), "code": "", "cause": "", "advice": "", "since": moment(s.now()), "deadline": "", "not_after": moment(d.CertificateNotAfter),
	}}
	s.address(&n, d)
	if err := notice.Queue(ctx, tx, d.TenantID, n); err != nil {
		return fmt.Errorf("give the all-clear for %s: %w", d.Name, err)
	}
	return nil
}

// address says in a notice whom it is about and where they act.
func (s *Service) address(n *notice.Notice, d *tenant.Domain) {
	n.Data["link"] = fmt.Sprintf("%s/tenants/%s/domains/%d", s.Console, d.TenantID, d.ID)
	if t, ok := s.Tenants.ByID(d.TenantID); ok {
		n.Data["organisation"] = t.Name
	}
}

// Notices are what the people of a claim's tenant are to be told after a step from a state.
// They say what happened, since when, and the doctor's sentence; templates of internal/mail
// make mails of them.
func Notices(d Standing, from tenant.DomainState, now time.Time) []notice.Notice {
	var out []notice.Notice
	for _, template := range noticesDue(d.Domain, from, now) {
		since, episode := beginning(d.Domain, template)
		data := map[string]string{
			"name": d.DisplayName, "role": string(d.Role), "code": d.Reason, "cause": d.cause(), "advice": d.Advice(),
			"since": since.UTC().Format(time.RFC3339), "deadline": moment(deadline(d.Domain)), "not_after": moment(d.CertificateNotAfter),
		}
		if strings.HasPrefix(template, "certificate_") {
			data["since"], data["code"], data["advice"] = "", "", d.certificateAdvice()
		}
		out = append(out, notice.Notice{
			Key: fmt.Sprintf("domain/%d/%s/%d", d.ID, template, episode.Unix()), Template: "domain_" + template, Data: data,
		})
	}
	return out
}

// moment is a time as data; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// beginning is when what a notice tells began, and which time tells one such event from
// the next: an outage's steps belong together, the next outage is told anew. A set-up goes
// back and forth between states and is one event; so is the end of a certificate.
func beginning(d *tenant.Domain, template string) (since, episode time.Time) {
	switch {
	case strings.HasPrefix(template, "unfinished_"):
		return d.CreatedAt, d.CreatedAt
	case strings.HasPrefix(template, "certificate_"):
		return d.StateSince, d.CertificateNotAfter
	case !d.FailingSince.IsZero():
		return d.FailingSince, d.FailingSince
	}
	return d.StateSince, d.StateSince
}

// deadline ends the wait of a state; zero: nothing ends it.
func deadline(d *tenant.Domain) time.Time {
	switch d.State {
	case tenant.DomainPendingOwnership:
		return d.StateSince.Add(ownershipDeadline)
	case tenant.DomainDegraded:
		return d.StateSince.Add(parkedAfter)
	}
	return d.DeadlineAt
}

// Advice is the doctor's sentence for what a claim waits for; "" where that is nothing.
func (s Standing) Advice() string {
	if s.State == tenant.DomainDisputed {
		return s.proofAdvice()
	}
	// The newest finding also tells what is no fault of the name's, and changed no state.
	if c := s.Check(waitsFor(s.Domain)); c != nil && c.Code != "" {
		return doctor.Sentence(doctor.Code(c.Code), s.DisplayName, c.Detail)
	}
	if s.Reason == "" {
		return ""
	}
	for _, c := range s.Checks {
		if c.Code == s.Reason {
			return doctor.Sentence(doctor.Code(c.Code), s.DisplayName, c.Detail)
		}
	}
	return doctor.Sentence(doctor.Code(s.Reason), s.DisplayName, nil)
}

// waitsFor is the kind of check that a claim on its way needs next.
func waitsFor(d *tenant.Domain) tenant.CheckKind {
	switch d.State {
	case tenant.DomainPendingOwnership:
		return tenant.CheckOwnership
	case tenant.DomainVerified, tenant.DomainPendingRouting:
		return leadsHereBy(d)
	case tenant.DomainIssuing, tenant.DomainIssueFailed:
		return tenant.CheckCertificate
	}
	return ""
}

// proofAdvice is how the holder of a disputed name keeps it. A name that an operator
// vouched for has no record to show.
func (s Standing) proofAdvice() string {
	if s.Token == "" {
		return ""
	}
	return doctor.Sentence(doctor.OwnershipMissing, s.DisplayName, map[string]string{
		"record": look.ChallengeLabel + "." + s.Name, "want": look.ProofOf(s.Token),
	})
}

func (s Standing) certificateAdvice() string {
	c := s.Check(tenant.CheckCertificate)
	if c == nil || c.Code == "" {
		return ""
	}
	return doctor.Sentence(doctor.Code(c.Code), s.DisplayName, c.Detail)
}

// cause is the kind of check that found what a claim waits for. What CAA records say is
// found on the way to the name, and is about its certificate.
func (s Standing) cause() string {
	if s.Reason == string(doctor.CAAForbids) || s.Reason == string(doctor.CAALookupFailed) {
		return string(tenant.CheckCertificate)
	}
	for _, c := range s.Checks {
		if c.Code != "" && c.Code == s.Reason {
			return string(c.Kind)
		}
	}
	return ""
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
	case tenant.DomainReleased:
		if entered && d.Reason == ReasonTransferred {
			out = append(out, "transferred")
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
