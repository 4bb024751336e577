package domains

import (
	"time"

	"rookery/tenant"
	"rookery/tenant/certs"
	"rookery/tenant/domains/doctor"
)

// Needs are what a working platform asks of a name besides what the name itself says.
type Needs struct {
	// Certificates: this platform gets them itself. Behind a proxy nobody waits for one.
	Certificates bool
}

// The clocks of docs/domains.md.
const (
	ownershipDeadline = 14 * 24 * time.Hour
	routingDeadline   = 30 * 24 * time.Hour
	issueTimeout      = 5 * time.Minute
	issueLook         = 15 * time.Second // at what is known of the order; it asks nobody
	liveEvery         = 6 * time.Hour
	recheckSoon       = time.Hour // a live name that failed once
	degradedAfter     = 6 * time.Hour
	degradedFailures  = 3
	parkedAfter       = 14 * 24 * time.Hour
	renewalDanger     = 10 * 24 * time.Hour
	disputeNotice     = 72 * time.Hour
	undoRelease       = 7 * 24 * time.Hour
	quarantine        = 30 * 24 * time.Hour
	tombstonesStay    = 180 * 24 * time.Hour
	retryEvery        = 5 * time.Minute
)

// Advance is the state machine: it changes the claim to what follows from a look at it,
// and sets its next check. It reads no clock and no database. Whoever calls it writes
// the claim, the audit entry and the jobs of the new state in one transaction.
func Advance(d *tenant.Domain, seen doctor.Findings, needs Needs, now time.Time) {
	before := d.State
	startSetUp(d)
	switch d.State {
	case tenant.DomainPendingOwnership:
		advanceOwnership(d, seen, now)
	case tenant.DomainVerified, tenant.DomainPendingRouting:
		advanceRouting(d, seen, needs, now)
	case tenant.DomainIssuing:
		advanceIssuing(d, seen, now)
	case tenant.DomainIssueFailed:
		advanceRouting(d, seen, needs, now)
	case tenant.DomainLive, tenant.DomainDegraded, tenant.DomainParked:
		advanceServing(d, seen, now)
	case tenant.DomainDisputed:
		advanceDispute(d, seen, now)
	case tenant.DomainReleasing:
		if !now.Before(d.DeadlineAt) {
			release(d, now)
		}
	case tenant.DomainExpired, tenant.DomainNeedsReview, tenant.DomainSuspended, tenant.DomainReleased:
	}
	endSetUp(d, now)
	if d.State == before {
		d.Attempts++
	}
	d.NextCheckAt = nextCheck(d, now)
}

// enter changes the state and starts its clock.
func enter(d *tenant.Domain, to tenant.DomainState, reason string, now time.Time) {
	if d.State != to {
		d.State, d.StateSince, d.Attempts = to, now, 0
	}
	d.Reason = reason
}

func advanceOwnership(d *tenant.Domain, seen doctor.Findings, now time.Time) {
	switch {
	case seen.Is(tenant.CheckOwnership, doctor.Well):
		enter(d, tenant.DomainVerified, "", now)
	case now.Sub(d.StateSince) >= ownershipDeadline:
		enter(d, tenant.DomainExpired, string(seen[tenant.CheckOwnership].Code), now)
	case seen.Is(tenant.CheckOwnership, doctor.Wrong):
		d.Reason = string(seen[tenant.CheckOwnership].Code)
	}
}

// endSetUp keeps the one clock of what follows the proof: a name that goes back and forth
// between where it points and a certificate that is refused does not begin anew each time.
// Where the authority is away, or has enough of us, it waits: that is no fault of the name's.
func endSetUp(d *tenant.Domain, now time.Time) {
	startSetUp(d)
	if d.State == tenant.DomainLive {
		d.DeadlineAt = time.Time{}
	}
	code := doctor.Code(d.Reason)
	hasFailed := d.State == tenant.DomainPendingRouting ||
		d.State == tenant.DomainIssueFailed && code != doctor.AuthorityUnreached && code != doctor.RateLimited
	if hasFailed && !now.Before(d.DeadlineAt) {
		enter(d, tenant.DomainExpired, d.Reason, now)
		d.DeadlineAt, d.Failures = time.Time{}, 0
	}
}

// startSetUp starts that clock at the proof.
func startSetUp(d *tenant.Domain) {
	switch d.State {
	case tenant.DomainVerified, tenant.DomainPendingRouting, tenant.DomainIssuing, tenant.DomainIssueFailed:
		if d.DeadlineAt.IsZero() {
			d.DeadlineAt = d.StateSince.Add(routingDeadline)
		}
	}
}

// advanceRouting also takes a name whose certificate was refused back to where it points:
// an authority looks there first.
func advanceRouting(d *tenant.Domain, seen doctor.Findings, needs Needs, now time.Time) {
	kind := leadsHereBy(d)
	needsCertificate := needs.Certificates && d.NeedsCertificate()
	switch {
	case seen.Is(kind, doctor.Well) && needsCertificate:
		enter(d, tenant.DomainIssuing, "", now)
	case seen.Is(kind, doctor.Well), seen[kind].Served && !needsCertificate:
		enter(d, tenant.DomainLive, "", now)
		d.Failures, d.FailingSince = 0, time.Time{}
	case seen.Is(kind, doctor.Wrong):
		enter(d, tenant.DomainPendingRouting, string(seen[kind].Code), now)
	case d.State == tenant.DomainVerified:
		enter(d, tenant.DomainPendingRouting, "", now)
	}
}

// leadsHereBy is the check that says whether a name leads to us: the website of a handle
// domain stays elsewhere, only its WebFinger comes here.
func leadsHereBy(d *tenant.Domain) tenant.CheckKind {
	if d.Role == tenant.HandleDomain && d.Mode == tenant.SplitDomain {
		return tenant.CheckWebFinger
	}
	return tenant.CheckRouting
}

func advanceIssuing(d *tenant.Domain, seen doctor.Findings, now time.Time) {
	switch {
	case seen.Is(tenant.CheckCertificate, doctor.Well):
		enter(d, tenant.DomainLive, "", now)
		d.Failures, d.FailingSince = 0, time.Time{}
	case seen.Is(tenant.CheckCertificate, doctor.Wrong):
		d.Failures++
		enter(d, tenant.DomainIssueFailed, string(seen[tenant.CheckCertificate].Code), now)
	case seen.Is(tenant.CheckCertificate, doctor.Unknown):
		// The authority is away, or has enough of us: no fault of the name's.
		enter(d, tenant.DomainIssueFailed, string(seen[tenant.CheckCertificate].Code), now)
	case now.Sub(d.StateSince) >= issueTimeout:
		// The order's job was lost, or its process was: another order is due.
		d.Failures++
		enter(d, tenant.DomainIssueFailed, string(doctor.OrderLost), now)
	}
}

func advanceServing(d *tenant.Domain, seen doctor.Findings, now time.Time) {
	found := seen[leadsHereBy(d)]
	switch {
	case found.Outcome == doctor.Well, found.Outcome == doctor.Wrong && found.Served:
		serving(d, found, seen, now)
	case found.Outcome == doctor.Wrong:
		fail(d, string(found.Code), now)
		// With the proof gone too, nothing says any more that the name is this tenant's.
		proofGone := seen.Is(tenant.CheckOwnership, doctor.Wrong)
		if proofGone || d.Failures >= degradedFailures && now.Sub(d.FailingSince) >= degradedAfter {
			degrade(d, now)
		}
	}
	if d.State == tenant.DomainDegraded && now.Sub(d.StateSince) >= parkedAfter {
		enter(d, tenant.DomainParked, d.Reason, now)
	}
}

// serving is for a name that leads here. What keeps a new certificate from coming is told,
// and takes the name down only once the present one is about to end.
func serving(d *tenant.Domain, found doctor.Finding, seen doctor.Findings, now time.Time) {
	reason := ""
	switch {
	case found.Outcome == doctor.Wrong:
		reason = string(found.Code)
	case seen.Is(tenant.CheckCertificate, doctor.Wrong):
		reason = string(seen[tenant.CheckCertificate].Code)
	}
	if reason != "" && !d.CertificateNotAfter.IsZero() && d.CertificateNotAfter.Sub(now) < renewalDanger {
		fail(d, reason, now)
		degrade(d, now)
		return
	}
	d.Failures, d.FailingSince = 0, time.Time{}
	if found.Outcome == doctor.Well {
		reason = "" // a renewal that failed is tried again in time
	}
	enter(d, tenant.DomainLive, reason, now)
}

func fail(d *tenant.Domain, code string, now time.Time) {
	d.Failures++
	if d.FailingSince.IsZero() {
		d.FailingSince = now
	}
	d.Reason = code
}

func degrade(d *tenant.Domain, now time.Time) {
	if d.State == tenant.DomainLive {
		enter(d, tenant.DomainDegraded, d.Reason, now)
	}
}

// advanceDispute: a holder that proves ownership anew keeps the name. At the end of the
// notice staff decide; nothing is taken away by a clock.
func advanceDispute(d *tenant.Domain, seen doctor.Findings, now time.Time) {
	if seen.Is(tenant.CheckOwnership, doctor.Well) {
		keep(d, now)
	}
}

// keep ends a dispute for the holder.
func keep(d *tenant.Domain, now time.Time) {
	enter(d, tenant.DomainLive, "", now)
	d.ContestedBy, d.DeadlineAt = 0, time.Time{}
}

// release ends a claim. Its addresses answer 410 for a while and nobody inherits them.
func release(d *tenant.Domain, now time.Time) {
	enter(d, tenant.DomainReleased, d.Reason, now)
	d.DeadlineAt = time.Time{}
	d.QuarantineUntil, d.TombstonesUntil = now.Add(quarantine), now.Add(tombstonesStay)
}

// nextCheck is when to look again; zero: never by itself.
func nextCheck(d *tenant.Domain, now time.Time) time.Time {
	switch d.State {
	case tenant.DomainVerified:
		return now
	case tenant.DomainPendingOwnership, tenant.DomainPendingRouting:
		return now.Add(setUpPause(d.Attempts))
	case tenant.DomainIssuing:
		return now.Add(issueLook)
	case tenant.DomainIssueFailed:
		return later(now.Add(certs.PauseAfter(d.Failures)), d.RetryAfter)
	case tenant.DomainLive, tenant.DomainDegraded, tenant.DomainParked, tenant.DomainSuspended:
		if d.Failures > 0 && d.Failures < degradedFailures {
			return now.Add(recheckSoon)
		}
		return now.Add(liveEvery)
	case tenant.DomainDisputed:
		return now.Add(recheckSoon)
	case tenant.DomainReleasing:
		return d.DeadlineAt
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// setUpPause is short while somebody sits before the page and waits.
func setUpPause(attempts int) time.Duration {
	switch {
	case attempts < 3:
		return 10 * time.Second
	case attempts < 10:
		return time.Minute
	case attempts < 22:
		return 5 * time.Minute
	case attempts < 23:
		return time.Hour
	}
	return 6 * time.Hour
}
