package console

import (
	"slices"
	"strings"
	"time"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

// setUp is the claims that belong together: of a split domain the one on the service host
// and the one on what handles end in, else one alone.
type setUp struct {
	asked domains.Standing
	parts []domains.Standing // the service host's first
	now   time.Time
	// target is where names must lead.
	edge      string
	addresses []string
	// hasOrders: this platform gets certificates itself.
	hasOrders bool
}

// setUpOf finds a claim among a tenant's, with what belongs to it.
func setUpOf(all []domains.Standing, id tenant.DomainID) (setUp, bool) {
	s := setUp{parts: domains.Together(all, id)}
	at := slices.IndexFunc(s.parts, func(d domains.Standing) bool { return d.ID == id })
	if at < 0 {
		return s, false
	}
	s.asked = s.parts[at]
	return s, true
}

// handles is the claim on what handles end in; pages is the one on where pages are.
func (s setUp) handles() domains.Standing { return s.parts[len(s.parts)-1] }
func (s setUp) pages() domains.Standing   { return s.parts[0] }

// isOnTheWay: some part does not work yet, and nobody has ended it.
func (s setUp) isOnTheWay() bool {
	return slices.ContainsFunc(s.parts, func(d domains.Standing) bool {
		return !d.State.Serves() && d.State != tenant.DomainReleased && d.State != tenant.DomainExpired
	})
}

// waitingCodes say that nothing is wrong: something is missing still, or on its way.
var waitingCodes = map[doctor.Code]bool{
	doctor.OwnershipMissing: true, doctor.NoRecords: true, doctor.NotSpreadYet: true, doctor.DNSUnreachable: true, doctor.NSServFail: true,
	doctor.ProbeFailed: true, doctor.RateLimited: true, doctor.AuthorityUnreached: true, doctor.OrderLost: true, doctor.ClaimedByOther: true,
	doctor.WebFingerUnreached: true, doctor.WebFingerNotJSON: true, doctor.MixedScript: true, doctor.LooksLike: true,
}

// ourCodes need nobody: time alone mends them.
var ourCodes = map[doctor.Code]bool{
	doctor.NotSpreadYet: true, doctor.DNSUnreachable: true, doctor.ProbeFailed: true, doctor.RateLimited: true,
	doctor.AuthorityUnreached: true, doctor.OrderLost: true, doctor.ClaimedByOther: true,
}

// toneOf a finding: of a name that worked, what is missing was taken away.
func toneOf(d domains.Standing, code string) Tone {
	c := doctor.Code(code)
	switch {
	case code == "" || ourCodes[c]:
		return Waiting
	case waitingCodes[c] && !d.State.Serves():
		return Waiting
	}
	return Wrong
}

var toneWords = map[Tone]string{Done: "Done", Waiting: "Waiting", Wrong: "Change needed", Later: "Starts by itself"}

// step begins one: its times and words come from the newest finding.
func (s setUp) step(d domains.Standing, kind tenant.CheckKind, title string) DomainStep {
	out := DomainStep{Title: title, Tone: Later}
	if c := d.Check(kind); c != nil {
		out.LastAt, out.OKAt, out.Code = c.LastCheckedAt, c.LastOKAt, c.Code
	}
	return out
}

// found gives a step the tone and the sentence of a finding.
func (st *DomainStep) found(d domains.Standing, kind tenant.CheckKind) {
	c := d.Check(kind)
	if c == nil || c.Code == "" {
		st.Tone, st.Text = Waiting, "We look at it in a moment."
		return
	}
	st.Tone, st.Text = toneOf(d, c.Code), doctor.Sentence(doctor.Code(c.Code), d.DisplayName, c.Detail)
}

// steps are the separate truths about the names, in the order in which they come true.
func (s setUp) steps() []DomainStep {
	var owned, led, certified []DomainStep
	for _, d := range s.parts {
		if d.Mode == tenant.PlatformDomain {
			continue
		}
		owned = append(owned, s.ownership(d))
		if d.Role == tenant.HandleDomain {
			led = append(led, s.leads(d, tenant.CheckWebFinger, d.DisplayName+" sends look-ups of handles to us"))
			continue
		}
		led = append(led, s.leads(d, tenant.CheckRouting, d.DisplayName+" leads to us"))
		certified = append(certified, s.certificate(d))
	}
	slices.Reverse(owned) // the company's own name comes first
	var out []DomainStep
	out = append(out, owned...)
	out = append(out, led[:min(1, len(led))]...)
	out = append(out, certified...)
	out = append(out, led[min(1, len(led)):]...)
	for i := range out {
		if out[i].Word == "" {
			out[i].Word = toneWords[out[i].Tone]
		}
	}
	return out
}

func (s setUp) ownership(d domains.Standing) DomainStep {
	out := s.step(d, tenant.CheckOwnership, "You own "+d.DisplayName)
	c := d.Check(tenant.CheckOwnership)
	switch d.State {
	case tenant.DomainNeedsReview:
		out.Word, out.Text = "After the review", "We look at the name by hand first."
	case tenant.DomainPendingOwnership:
		out.found(d, tenant.CheckOwnership)
		out.NextAt = d.NextCheckAt
	case tenant.DomainExpired:
		out.Tone, out.Word, out.Text = Wrong, "Stopped", "We stopped looking. Start again at any time: there will be a new record."
	case tenant.DomainDisputed:
		out.Tone, out.Text, out.NextAt = Wrong, d.Advice(), d.NextCheckAt
	case tenant.DomainReleased:
		out.Word, out.Text = "Ended", "This name was removed."
	default:
		out.Tone = Done
		switch {
		case c != nil && c.Code != "" && toneOf(d, c.Code) == Wrong:
			out.Tone, out.Text = Waiting, doctor.Sentence(doctor.Code(c.Code), d.DisplayName, c.Detail)
			out.Word = "Put it back"
		case d.Token == "" || c == nil:
			out.Text = "Whoever runs this server vouched for it."
		default:
			out.Text = "The TXT record is there. Leave it: we look for it each week."
		}
	}
	return out
}

// leads is whether a name, or its WebFinger, leads here.
func (s setUp) leads(d domains.Standing, kind tenant.CheckKind, title string) DomainStep {
	out := s.step(d, kind, title)
	switch d.State {
	case tenant.DomainNeedsReview, tenant.DomainPendingOwnership, tenant.DomainExpired, tenant.DomainReleased:
		out.Text, out.Code, out.LastAt, out.OKAt = "Once the name is proven.", "", time.Time{}, time.Time{}
		if d.State == tenant.DomainReleased {
			out.Word, out.Text = "Ended", "Remove the DNS records that point to us."
		}
		return out
	case tenant.DomainVerified, tenant.DomainPendingRouting:
		out.found(d, kind)
		if kind == tenant.CheckWebFinger && out.Tone == Waiting && out.Code != "" {
			out.Text = "The website does not pass the question on yet: it needs two redirects."
		}
		out.NextAt = d.NextCheckAt
		return out
	}
	if d.State != tenant.DomainReleasing {
		out.NextAt = d.NextCheckAt
	}
	if c := d.Check(kind); c != nil && c.Code != "" {
		out.found(d, kind)
		return out
	}
	out.Tone = Done
	if out.Text = "What people and servers ask for there comes to us."; kind == tenant.CheckWebFinger {
		out.Text = "Whoever looks for a handle is sent to " + s.pages().DisplayName + ". The website stays as it is."
	}
	return out
}

func (s setUp) certificate(d domains.Standing) DomainStep {
	out := s.step(d, tenant.CheckCertificate, "Certificate of "+d.DisplayName)
	switch {
	case !s.hasOrders || !d.NeedsCertificate():
		out.Word, out.Text = "Not ours", "The proxy in front of this server takes care of it."
	case d.State == tenant.DomainIssuing:
		out.Tone, out.Text, out.NextAt = Waiting, "Ordered from the certificate authority. That takes about a minute.", d.NextCheckAt
	case d.State == tenant.DomainIssueFailed:
		out.found(d, tenant.CheckCertificate)
		if out.Code == "" {
			out.Text = doctor.Sentence(doctor.Code(d.Reason), d.DisplayName, nil)
		}
		out.NextAt = d.NextCheckAt
	case d.State.Serves() && d.CertificateNotAfter.After(s.now):
		out.Tone, out.Text = Done, "Valid until "+d.CertificateNotAfter.UTC().Format("2 January 2006")+". It is renewed by itself."
		if out.Code != "" {
			out.found(d, tenant.CheckCertificate)
		}
	case d.State.Serves():
		out.Tone, out.Text = Waiting, "On its way."
	default:
		out.Text = "About a minute after " + d.DisplayName + " leads to us."
	}
	return out
}

// outcome is a name in one of three words: done, waiting, or to be changed.
func (s setUp) outcome(d domains.Standing) (tone Tone, word, advice string) {
	switch d.State {
	case tenant.DomainLive:
		if d.Reason != "" || d.Failures > 0 {
			return Wrong, "Change needed", d.Advice()
		}
		return Done, "Works", ""
	case tenant.DomainNeedsReview:
		return Waiting, "In review", "We look at it by hand, usually within one working day."
	case tenant.DomainReleasing:
		return Waiting, "Being removed", "It still works. You can take it back until " + day(d.DeadlineAt) + "."
	case tenant.DomainSuspended:
		return Wrong, "Suspended", "Write to whoever runs this server to have it back."
	case tenant.DomainDisputed:
		return Wrong, "Disputed", "Somebody else proved this name too. Prove it anew to keep it."
	case tenant.DomainExpired:
		return Wrong, "Not finished", "We stopped looking. Start again at any time."
	case tenant.DomainReleased:
		return Later, "Removed", ""
	case tenant.DomainDegraded, tenant.DomainParked:
		return Wrong, "Change needed", d.Advice()
	case tenant.DomainIssuing:
		return Waiting, "Certificate ordered", ""
	case tenant.DomainVerified:
		return Waiting, "Waiting for DNS", ""
	}
	code := d.Reason
	if c := d.Check(waitsFor(d)); c != nil && c.Code != "" {
		code = c.Code
	}
	if tone = toneOf(d, code); tone == Waiting {
		return tone, "Waiting for DNS", d.Advice()
	}
	return tone, "Change needed", d.Advice()
}

// waitsFor is the kind of check that a claim on its way needs next.
func waitsFor(d domains.Standing) tenant.CheckKind {
	switch d.State {
	case tenant.DomainPendingOwnership, tenant.DomainDisputed:
		return tenant.CheckOwnership
	case tenant.DomainIssuing, tenant.DomainIssueFailed:
		return tenant.CheckCertificate
	}
	if d.Role == tenant.HandleDomain && d.Mode == tenant.SplitDomain {
		return tenant.CheckWebFinger
	}
	return tenant.CheckRouting
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// hostOf is a name without the port of development.
func hostOf(name string) string {
	host, _, _ := strings.Cut(name, ":")
	return host
}
