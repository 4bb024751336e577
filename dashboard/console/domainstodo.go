package console

import (
	"fmt"
	"slices"
	"time"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

// todo is the one thing to do now; nil where all is well or ended.
func (s setUp) todo() *DomainTodo {
	open := slices.DeleteFunc(slices.Clone(s.parts), func(d domains.Standing) bool { return !isOpen(d) })
	if len(open) == 0 {
		return nil
	}
	// What must be changed goes before what only waits, and a proof before all else: it is
	// one visit to the same place for both names.
	slices.SortStableFunc(open, func(a, b domains.Standing) int { return urgency(b) - urgency(a) })
	first := open[0]
	kind := needs(first)
	out := s.todoFor(first, kind)
	if kind == tenant.CheckOwnership {
		for _, d := range open[1:] {
			if needs(d) == kind {
				out.Records = append(out.Records, s.records(d, kind)...)
				out.also(s.todoFor(d, kind))
			}
		}
		slices.SortStableFunc(out.Records, func(a, b DomainRecord) int { return len(a.Full) - len(b.Full) })
	}
	number(out.Records)
	out.Title = s.titleOf(first, kind, out)
	return out
}

// also says what a second name's record lacks, where that is something else.
func (t *DomainTodo) also(second *DomainTodo) {
	if second.Code != t.Code {
		t.Texts = append(t.Texts, second.Texts...)
	}
	if second.Tone == Wrong {
		t.Tone, t.Word = second.Tone, second.Word
	}
	if !slices.Equal(second.Seen, t.Seen) {
		t.Seen = append(t.Seen, second.Seen...)
	}
}

// isOpen: something is missing of the name.
func isOpen(d domains.Standing) bool {
	switch d.State {
	case tenant.DomainPendingOwnership, tenant.DomainVerified, tenant.DomainPendingRouting, tenant.DomainIssuing, tenant.DomainIssueFailed,
		tenant.DomainDegraded, tenant.DomainParked, tenant.DomainDisputed:
		return true
	case tenant.DomainLive:
		return d.Reason != "" || d.Failures > 0
	}
	return false
}

func urgency(d domains.Standing) int {
	n := 0
	if needs(d) == tenant.CheckOwnership {
		n += 2
	}
	if code := codeOf(d, needs(d)); !ourCodes[doctor.Code(code)] && d.State != tenant.DomainIssuing && d.State != tenant.DomainVerified {
		n += 4
	}
	return n
}

// needs is the kind of check that is to come true next.
func needs(d domains.Standing) tenant.CheckKind {
	if d.State == tenant.DomainIssueFailed || d.State == tenant.DomainLive {
		// An authority looks at where the name leads first.
		for _, c := range d.Checks {
			if c.Code != "" && c.Code == d.Reason {
				return c.Kind
			}
		}
	}
	return waitsFor(d)
}

func codeOf(d domains.Standing, kind tenant.CheckKind) string {
	if c := d.Check(kind); c != nil && c.Code != "" {
		return c.Code
	}
	return d.Reason
}

func (s setUp) todoFor(d domains.Standing, kind tenant.CheckKind) *DomainTodo {
	code := codeOf(d, kind)
	out := &DomainTodo{Code: code, NextAt: d.NextCheckAt, Tone: toneOf(d, code), Word: "Waiting for DNS"}
	c := d.Check(kind)
	if c == nil || d.State == tenant.DomainDisputed && c.LastCheckedAt.Before(d.StateSince) {
		out.Seen = []string{"We have not looked yet."}
	} else {
		out.LookedAt, out.Seen = c.LastCheckedAt, []string{seenWords(c)}
	}
	if kind == tenant.CheckWebFinger {
		out.Word = "Waiting for your website"
	}
	if d.State == tenant.DomainDisputed {
		out.Tone = Wrong
	}
	if out.Tone == Wrong {
		out.Word = "Change needed"
	}
	out.Texts = []string{s.textFor(d, kind, code)}
	if !ourCodes[doctor.Code(code)] {
		out.Records = s.records(d, kind)
	}
	if kind == tenant.CheckWebFinger && !ourCodes[doctor.Code(code)] && code != string(doctor.ExistingServer) {
		out.Redirect = s.redirect()
	}
	if d.State == tenant.DomainIssuing || d.State == tenant.DomainVerified {
		out.Tone, out.Word, out.Records, out.Redirect = Waiting, "Waiting", nil, nil
	}
	return out
}

// textFor says why, in plain words first; what is wrong comes from the doctor.
func (s setUp) textFor(d domains.Standing, kind tenant.CheckKind, code string) string {
	switch {
	case d.State == tenant.DomainIssuing:
		return "The certificate is ordered. That takes about a minute, and you have nothing to do."
	case d.State == tenant.DomainVerified:
		return "The name is proven. We look where it leads in a moment."
	case d.State == tenant.DomainDisputed:
		return "The record is a new one: what you added long ago could have been forgotten there by whoever had the name before. Once we see it, the name stays yours and the other claim ends."
	case kind == tenant.CheckOwnership && (code == "" || code == string(doctor.OwnershipMissing)):
		return "It shows that the name is yours, since nobody else can write there. Add it where you manage the domain, mostly the company that you bought it from. Nothing else changes."
	case kind == tenant.CheckRouting && (code == "" || code == string(doctor.NoRecords)):
		return "The name is proven. With this record people and servers reach us under it."
	case kind == tenant.CheckWebFinger && (code == "" || code == string(doctor.WebFingerUnreached) || code == string(doctor.WebFingerNotJSON)):
		return "Your website stays where it is. It only passes on the question “who is @…@" + d.DisplayName + "?”, which other servers ask at two addresses."
	}
	if advice := d.Advice(); advice != "" {
		return advice
	}
	if c := d.Check(kind); c != nil && c.Code != "" {
		return doctor.Sentence(doctor.Code(c.Code), d.DisplayName, c.Detail)
	}
	return "You have nothing to do."
}

func (s setUp) titleOf(d domains.Standing, kind tenant.CheckKind, t *DomainTodo) string {
	switch {
	case t.Redirect != nil:
		return "Redirect two addresses of " + d.DisplayName
	case len(t.Records) == 0 && t.Tone == Waiting:
		return "You have nothing to do"
	case len(t.Records) == 0:
		return "Change something on " + d.DisplayName
	}
	verb, where := "Add", "to"
	if slices.ContainsFunc(t.Records, func(r DomainRecord) bool { return r.Was != "" || r.WasName != "" }) || t.Tone == Wrong && kind != tenant.CheckOwnership {
		verb, where = "Change", "in"
	}
	if len(t.Records) == 1 {
		return fmt.Sprintf("%s one record %s the DNS of %s", verb, where, d.Registrable)
	}
	return fmt.Sprintf("%s %s records %s the DNS of %s", verb, numeral(len(t.Records)), where, d.Registrable)
}

func numeral(n int) string {
	if words := []string{"no", "one", "two", "three", "four", "five", "six"}; n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// seenWords are what a look found instead.
func seenWords(c *tenant.DomainCheck) string {
	switch {
	case c.Code == "":
		return "All was well."
	case c.Detail["seen"] != "":
		return "We saw " + c.Detail["seen"] + "."
	case c.Detail["status"] != "":
		return "We saw an answer with status " + c.Detail["status"] + "."
	case ourCodes[doctor.Code(c.Code)]:
		return "We could not find out."
	case c.Code == string(doctor.OwnershipMissing) || c.Code == string(doctor.NoRecords):
		return "We saw no such record."
	}
	return "We did not see what we need."
}

func (s setUp) redirect() *DomainRedirect {
	n := s.names()
	r := &DomainRedirect{}
	for _, path := range []string{"/.well-known/webfinger", "/.well-known/host-meta"} {
		r.Pairs = append(r.Pairs, [2]string{"https://" + n.Handle + path, "https://" + n.Service + path})
	}
	r.Recipes = recipes(n)
	return r
}

func recipes(n doctor.Names) (out []DomainRecipe) {
	for _, r := range doctor.Recipes(n) {
		out = append(out, DomainRecipe{ID: r.ID, Title: r.Title, Where: r.Where, Text: r.Text})
	}
	return out
}

// note is the state of the whole, where that is more than a step on the way.
func (s setUp) note() *DomainNote {
	d := s.asked
	for _, part := range s.parts {
		if noteRank(part.State) > noteRank(d.State) {
			d = part
		}
	}
	switch d.State {
	case tenant.DomainLive:
		if s.isOnTheWay() || isOpen(d) {
			return nil
		}
		if s.pages().Role == tenant.AliasDomain {
			return &DomainNote{Tone: Done, Title: "It works.", Text: "Whoever opens it is sent to your addresses. We look again every six hours and write to you if something breaks."}
		}
		return &DomainNote{Tone: Done, Title: "It works.", Text: "People find you as @…@" + s.handles().DisplayName + ". We look again every six hours and write to you if something breaks."}
	case tenant.DomainNeedsReview:
		return &DomainNote{Tone: Waiting, Title: "We look at this name by hand.", Text: doctor.Sentence(doctor.Code(d.Reason), d.DisplayName, nil) + " You have nothing to do."}
	case tenant.DomainDegraded:
		return &DomainNote{Tone: Wrong, Title: d.DisplayName + " no longer leads to us.", Text: "Followers can’t reach you there. Posts, accounts and followers are kept. It has been so since " + day(failingSince(d)) + "."}
	case tenant.DomainParked:
		return &DomainNote{Tone: Wrong, Title: d.DisplayName + " is parked.", Text: "It led elsewhere for two weeks, so nothing is sent under it. The name stays yours, with all accounts and followers: point it here again and it goes on by itself."}
	case tenant.DomainDisputed:
		return &DomainNote{Tone: Wrong, Title: "Another company here proved " + d.DisplayName + " too.", Text: "It still works for you. Prove it anew to keep it; if you do not, whoever runs this server decides", Until: d.DeadlineAt}
	case tenant.DomainReleasing:
		return &DomainNote{Tone: Waiting, Title: d.DisplayName + " is being removed.", Text: "It still works, and you can take it back. Its addresses are gone for good", Until: d.DeadlineAt}
	case tenant.DomainSuspended:
		return &DomainNote{Tone: Wrong, Title: d.DisplayName + " is suspended.", Text: "Write to whoever runs this server to have it back."}
	case tenant.DomainExpired:
		return &DomainNote{Tone: Wrong, Title: "We stopped looking.", Text: d.DisplayName + " was not finished in time. Nothing is lost: “Check now” starts anew, with a new record."}
	case tenant.DomainReleased:
		return &DomainNote{Tone: Later, Title: d.DisplayName + " was removed.", Text: releasedWords(d)}
	}
	return nil
}

func releasedWords(d domains.Standing) string {
	if d.Reason != "" {
		return doctor.Sentence(doctor.Code(d.Reason), d.DisplayName, nil)
	}
	return "Remove the DNS records that point to us. To use it again, add it anew."
}

func failingSince(d domains.Standing) time.Time {
	if d.FailingSince.IsZero() {
		return d.StateSince
	}
	return d.FailingSince
}

// noteRank: of two names, the one in more trouble is told about.
func noteRank(state tenant.DomainState) int {
	order := []tenant.DomainState{
		tenant.DomainLive, tenant.DomainExpired, tenant.DomainNeedsReview, tenant.DomainReleasing, tenant.DomainDegraded,
		tenant.DomainParked, tenant.DomainDisputed, tenant.DomainSuspended,
	}
	return slices.Index(order, state)
}
