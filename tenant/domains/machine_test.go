package domains_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

var start = time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)

func well(kind tenant.CheckKind) doctor.Findings {
	return doctor.Findings{kind: {Outcome: doctor.Well}}
}

func wrong(kind tenant.CheckKind, code doctor.Code) doctor.Findings {
	return doctor.Findings{kind: {Outcome: doctor.Wrong, Code: code}}
}

func unasked(kind tenant.CheckKind) doctor.Findings {
	return doctor.Findings{kind: {Outcome: doctor.Unknown, Code: doctor.DNSUnreachable}}
}

func whole(state tenant.DomainState) *tenant.Domain {
	return &tenant.Domain{Name: "social.acme.test", Mode: tenant.WholeDomain, Role: tenant.ServiceDomain, State: state, StateSince: start, CreatedAt: start}
}

func handle(state tenant.DomainState) *tenant.Domain {
	return &tenant.Domain{Name: "acme.test", Mode: tenant.SplitDomain, Role: tenant.HandleDomain, State: state, StateSince: start, CreatedAt: start}
}

var ours = domains.Needs{Certificates: true}

func TestOneStepOfTheMachine(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := map[string]struct {
		d      *tenant.Domain
		seen   doctor.Findings
		needs  domains.Needs
		after  time.Duration
		want   tenant.DomainState
		reason doctor.Code
	}{
		"proof found":                 {whole(tenant.DomainPendingOwnership), well(tenant.CheckOwnership), ours, 0, tenant.DomainVerified, ""},
		"no proof yet":                {whole(tenant.DomainPendingOwnership), wrong(tenant.CheckOwnership, doctor.OwnershipMissing), ours, day, tenant.DomainPendingOwnership, doctor.OwnershipMissing},
		"nobody could be asked":       {whole(tenant.DomainPendingOwnership), unasked(tenant.CheckOwnership), ours, day, tenant.DomainPendingOwnership, ""},
		"no proof for two weeks":      {whole(tenant.DomainPendingOwnership), wrong(tenant.CheckOwnership, doctor.OwnershipMissing), ours, 14 * day, tenant.DomainExpired, doctor.OwnershipMissing},
		"proof in the last minute":    {whole(tenant.DomainPendingOwnership), well(tenant.CheckOwnership), ours, 14 * day, tenant.DomainVerified, ""},
		"leads here":                  {whole(tenant.DomainVerified), well(tenant.CheckRouting), ours, 0, tenant.DomainIssuing, ""},
		"leads here, behind a proxy":  {whole(tenant.DomainVerified), well(tenant.CheckRouting), domains.Needs{}, 0, tenant.DomainLive, ""},
		"leads elsewhere":             {whole(tenant.DomainVerified), wrong(tenant.CheckRouting, doctor.WrongA), ours, 0, tenant.DomainPendingRouting, doctor.WrongA},
		"routing unknown":             {whole(tenant.DomainVerified), unasked(tenant.CheckRouting), ours, 0, tenant.DomainPendingRouting, ""},
		"elsewhere for a month":       {whole(tenant.DomainPendingRouting), wrong(tenant.CheckRouting, doctor.WrongA), ours, 30 * day, tenant.DomainExpired, doctor.WrongA},
		"handle domain needs no cert": {handle(tenant.DomainVerified), well(tenant.CheckWebFinger), ours, 0, tenant.DomainLive, ""},
		"handle domain, no redirect":  {handle(tenant.DomainVerified), wrong(tenant.CheckWebFinger, doctor.WebFingerNotJSON), ours, 0, tenant.DomainPendingRouting, doctor.WebFingerNotJSON},
		"handle domain ignores A":     {handle(tenant.DomainVerified), well(tenant.CheckRouting), ours, 0, tenant.DomainPendingRouting, ""},
		"certificate came":            {whole(tenant.DomainIssuing), well(tenant.CheckCertificate), ours, time.Minute, tenant.DomainLive, ""},
		"certificate refused":         {whole(tenant.DomainIssuing), wrong(tenant.CheckCertificate, doctor.CertificateRefused), ours, time.Minute, tenant.DomainIssueFailed, doctor.CertificateRefused},
		"order under way":             {whole(tenant.DomainIssuing), nil, ours, time.Minute, tenant.DomainIssuing, ""},
		"order lost":                  {whole(tenant.DomainIssuing), nil, ours, 5 * time.Minute, tenant.DomainIssueFailed, doctor.OrderLost},
		"again after a refusal":       {whole(tenant.DomainIssueFailed), well(tenant.CheckRouting), ours, time.Hour, tenant.DomainIssuing, ""},
		"moved away after a refusal":  {whole(tenant.DomainIssueFailed), wrong(tenant.CheckRouting, doctor.WrongA), ours, time.Hour, tenant.DomainPendingRouting, doctor.WrongA},
		"live and well":               {whole(tenant.DomainLive), well(tenant.CheckRouting), ours, day, tenant.DomainLive, ""},
		"live, one bad look":          {whole(tenant.DomainLive), wrong(tenant.CheckRouting, doctor.WrongA), ours, day, tenant.DomainLive, doctor.WrongA},
		"live, nobody to ask":         {whole(tenant.DomainLive), unasked(tenant.CheckRouting), ours, 100 * day, tenant.DomainLive, ""},
		"degraded, back":              {whole(tenant.DomainDegraded), well(tenant.CheckRouting), ours, day, tenant.DomainLive, ""},
		"degraded for two weeks":      {whole(tenant.DomainDegraded), wrong(tenant.CheckRouting, doctor.NoRecords), ours, 14 * day, tenant.DomainParked, doctor.NoRecords},
		"degraded, nobody to ask":     {whole(tenant.DomainDegraded), unasked(tenant.CheckRouting), ours, 13 * day, tenant.DomainDegraded, ""},
		"parked, back":                {whole(tenant.DomainParked), well(tenant.CheckRouting), ours, 90 * day, tenant.DomainLive, ""},
		"disputed, proven anew":       {whole(tenant.DomainDisputed), well(tenant.CheckOwnership), ours, day, tenant.DomainLive, ""},
		"disputed, not proven":        {whole(tenant.DomainDisputed), wrong(tenant.CheckOwnership, doctor.OwnershipMissing), ours, 4 * day, tenant.DomainDisputed, ""},
		"suspended stays":             {whole(tenant.DomainSuspended), well(tenant.CheckRouting), ours, day, tenant.DomainSuspended, ""},
		"released stays":              {whole(tenant.DomainReleased), well(tenant.CheckRouting), ours, day, tenant.DomainReleased, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := *tt.d
			domains.Advance(&d, tt.seen, tt.needs, start.Add(tt.after))
			if d.State != tt.want || d.Reason != string(tt.reason) {
				t.Errorf("%s (%s), want %s (%s)", d.State, d.Reason, tt.want, tt.reason)
			}
			if (d.State != tt.d.State) != d.StateSince.Equal(start.Add(tt.after)) && tt.after > 0 {
				t.Errorf("the state is since %s", d.StateSince)
			}
		})
	}
}

// A name whose certificate is refused for ever goes back and forth, and expires all the
// same; one that waits for the authority does not.
func TestASetUpThatNeverWorksExpires(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for what, c := range map[string]struct {
		outcome doctor.Finding
		want    tenant.DomainState
	}{
		"refused":           {doctor.Finding{Outcome: doctor.Wrong, Code: doctor.CertificateRefused}, tenant.DomainExpired},
		"authority is away": {doctor.Finding{Outcome: doctor.Unknown, Code: doctor.AuthorityUnreached}, tenant.DomainIssueFailed},
	} {
		d := whole(tenant.DomainPendingOwnership)
		now := start
		domains.Advance(d, well(tenant.CheckOwnership), ours, now)
		for d.State != tenant.DomainExpired && now.Before(start.Add(31*day)) {
			now = now.Add(6 * time.Hour)
			if now.Sub(start) == 15*day {
				domains.Advance(d, wrong(tenant.CheckRouting, doctor.WrongA), ours, now)
				continue
			}
			domains.Advance(d, well(tenant.CheckRouting), ours, now)
			if d.State != tenant.DomainIssuing {
				t.Fatalf("%s: %s (%s)", what, d.State, d.Reason)
			}
			domains.Advance(d, doctor.Findings{tenant.CheckCertificate: c.outcome}, ours, now)
		}
		if d.State != c.want || d.State == tenant.DomainExpired && (now.Before(start.Add(30*day)) || !d.DeadlineAt.IsZero() || !d.NextCheckAt.IsZero()) {
			t.Errorf("%s: %s at %s, deadline %s", what, d.State, now, d.DeadlineAt)
		}
	}
}

// A live name degrades after three bad looks over at least six hours, not sooner.
func TestDegradingTakesThreeLooksAndSixHours(t *testing.T) {
	t.Parallel()
	d := whole(tenant.DomainLive)
	now := start
	var states []tenant.DomainState
	for range 12 {
		domains.Advance(d, wrong(tenant.CheckRouting, doctor.WrongA), ours, now)
		states = append(states, d.State)
		if d.State == tenant.DomainDegraded {
			break
		}
		if !d.NextCheckAt.After(now) {
			t.Fatalf("at %s the next look is at %s", now, d.NextCheckAt)
		}
		now = d.NextCheckAt
	}
	if d.State != tenant.DomainDegraded || len(states) < 3 || now.Sub(start) < 6*time.Hour || now.Sub(start) > 24*time.Hour {
		t.Errorf("after %d looks and %s: %v", len(states), now.Sub(start), states)
	}
	domains.Advance(d, well(tenant.CheckRouting), ours, now.Add(time.Hour))
	if d.State != tenant.DomainLive || d.Failures != 0 || !d.FailingSince.IsZero() || d.Reason != "" {
		t.Errorf("after it came back: %+v", d)
	}
}

// A failing renewal degrades a name only when its certificate is about to end.
func TestRenewalInDanger(t *testing.T) {
	t.Parallel()
	seen := well(tenant.CheckRouting)
	seen[tenant.CheckCertificate] = doctor.Finding{Outcome: doctor.Wrong, Code: doctor.CertificateRefused}
	for left, want := range map[time.Duration]tenant.DomainState{20 * 24 * time.Hour: tenant.DomainLive, 9 * 24 * time.Hour: tenant.DomainDegraded} {
		d := whole(tenant.DomainLive)
		d.CertificateNotAfter = start.Add(left)
		domains.Advance(d, seen, ours, start)
		if d.State != want {
			t.Errorf("%s before its end: %s, want %s", left, d.State, want)
		}
	}
}

func TestReleaseWaitsForItsDeadline(t *testing.T) {
	t.Parallel()
	d := whole(tenant.DomainReleasing)
	d.DeadlineAt = start.Add(7 * 24 * time.Hour)
	domains.Advance(d, nil, ours, start.Add(6*24*time.Hour))
	if d.State != tenant.DomainReleasing || !d.NextCheckAt.Equal(d.DeadlineAt) {
		t.Fatalf("before the deadline: %s, next %s", d.State, d.NextCheckAt)
	}
	end := d.DeadlineAt
	domains.Advance(d, nil, ours, end)
	if d.State != tenant.DomainReleased || !d.QuarantineUntil.Equal(end.Add(30*24*time.Hour)) || !d.TombstonesUntil.Equal(end.Add(180*24*time.Hour)) || !d.NextCheckAt.IsZero() {
		t.Errorf("after the deadline: %+v", d)
	}
}

// The pauses of a claim that nobody finishes: some seconds at first, for somebody
// who sits before the page, then minutes, in the end four times a day.
func TestSetUpTimers(t *testing.T) {
	t.Parallel()
	d := whole(tenant.DomainPendingOwnership)
	now, looks := start, 0
	var pauses []time.Duration
	for d.State == tenant.DomainPendingOwnership {
		domains.Advance(d, wrong(tenant.CheckOwnership, doctor.OwnershipMissing), ours, now)
		pauses = append(pauses, d.NextCheckAt.Sub(now))
		now, looks = d.NextCheckAt, looks+1
		if looks > 200 {
			t.Fatal("it never expires")
		}
	}
	if d.State != tenant.DomainExpired || pauses[0] != 10*time.Second || pauses[4] != time.Minute || pauses[9] != 5*time.Minute || looks > 90 {
		t.Errorf("%s after %d looks, pauses %v", d.State, looks, pauses)
	}
}

// Whatever is seen in whatever order: a state that has a clock is looked at again, one that
// is over never is, and a state is never entered in the past.
func TestAnyOrderOfFindings(t *testing.T) {
	t.Parallel()
	kinds := []tenant.CheckKind{tenant.CheckOwnership, tenant.CheckRouting, tenant.CheckCertificate, tenant.CheckWebFinger}
	outcomes := []doctor.Outcome{doctor.Well, doctor.Wrong, doctor.Unknown}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	over := map[tenant.DomainState]bool{tenant.DomainExpired: true, tenant.DomainReleased: true, tenant.DomainNeedsReview: true}
	for range 2000 {
		d := whole(tenant.DomainPendingOwnership)
		if random.IntN(2) == 0 {
			d = handle(tenant.DomainPendingOwnership)
		}
		now := start
		for range 60 {
			seen := doctor.Findings{}
			for _, kind := range kinds {
				if random.IntN(2) == 0 {
					seen[kind] = doctor.Finding{Outcome: outcomes[random.IntN(3)], Code: doctor.WrongA}
				}
			}
			before := d.State
			domains.Advance(d, seen, ours, now)
			if over[d.State] != d.NextCheckAt.IsZero() || !d.NextCheckAt.IsZero() && d.NextCheckAt.Before(now) {
				t.Fatalf("%s -> %s at %s: next look %s", before, d.State, now, d.NextCheckAt)
			}
			if d.StateSince.After(now) || d.State != before && !d.StateSince.Equal(now) {
				t.Fatalf("%s -> %s at %s: since %s", before, d.State, now, d.StateSince)
			}
			now = now.Add(time.Duration(random.IntN(72)) * time.Hour)
		}
	}
}
