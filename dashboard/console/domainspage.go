package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

const (
	mostHistory = 20
	// refreshEvery is how soon a browser without script looks again while a name is on its way.
	refreshEvery = 30 * time.Second
)

// domainView is the page of a name, without what a form of it has answered.
func (h *Handlers) domainView(c echo.Context, v *visitor, s setUp) (DomainView, error) {
	here := h.nameURL(v, s.asked.ID)
	view := DomainView{
		Shell: h.shell(v), Title: s.handles().DisplayName, Lead: s.lead(), Handles: s.handles().DisplayName, Pages: s.pages().DisplayName,
		IsSecond: s.pages().Role == tenant.AliasDomain, ListURL: h.domainsURL(v.tenant),
	}
	if !s.isOver() {
		view.LiveURL = here + "/events?have=" + v.fingerprint(s)
	}
	if !s.isOver() && !v.isSettingUp {
		view.Seen = &SeenView{Action: here + "/seen", Token: access.CSRF(v.session)}
	}
	hasRecords := s.todo() != nil || s.asked.State == tenant.DomainExpired
	if hasRecords {
		view.Zone = doctor.ZoneLines(s.names())
	}
	if s.isOnTheWay() {
		view.Refresh = int(refreshEvery.Seconds())
	}
	if v.mayChangeDomains() && hasRecords {
		view.IT = &ITForm{Action: here + "/send#it", Token: access.CSRF(v.session)}
		if view.IsSplit() {
			view.IT.Recipes = recipes(s.names())
		}
	}
	if v.mayChangeDomains() && !s.isOver() {
		view.Releases = h.releaseForms(v, s)
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if view.IT != nil {
			err = h.linkForm(ctx, scope, v, s, view.IT)
		}
		if err == nil && v.isSettingUp {
			view.Setup, err = h.setupFrame(ctx, scope, v, domainStep)
		}
		return err
	})
	if err != nil {
		return view, err
	}
	view.Live, err = h.liveView(c, v, s)
	return view, err
}

// isOver: the name was given up.
func (s setUp) isOver() bool { return s.asked.State == tenant.DomainReleased }

func (s setUp) lead() string {
	handles, pages := s.handles(), s.pages()
	switch {
	case s.asked.State == tenant.DomainReleased:
		return "A name that was yours."
	case s.asked.Role == tenant.AliasDomain:
		return "A second name, which leads to your addresses."
	case handles.ID != pages.ID:
		return "Handles end in @" + handles.DisplayName + ", pages and apps are on " + pages.DisplayName + "."
	}
	return "Handles end in @" + handles.DisplayName + ", and pages and apps are there too."
}

// liveView is the part of the page that changes by itself.
func (h *Handlers) liveView(c echo.Context, v *visitor, s setUp) (out DomainLive, err error) {
	out = h.live(v, s)
	if !v.isSettingUp { // nothing has happened yet that one would look for
		out.History, err = h.history(c, v, s)
	}
	return out, err
}

// live is liveView without what happened before.
func (h *Handlers) live(v *visitor, s setUp) DomainLive {
	out := DomainLive{HandleHost: v.tenant.HandleDomain, Token: access.CSRF(v.session), Note: s.note(), Todo: s.todo(), Steps: s.steps()}
	here := h.nameURL(v, s.asked.ID)
	if v.mayChangeDomains() {
		if out.Note != nil && s.asked.State == tenant.DomainReleasing {
			out.Note.UndoAction = here + "/undo"
		}
		if s.canBeChecked() {
			out.CheckFrom = s.checkFrom()
			out.CheckAction = here + "/check"
		}
		out.SendURL = "#it"
	}
	if s.isOnTheWay() && v.may(access.ManageDomains) == nil {
		out.Mail = v.person.Email
	}
	out.Summary = summary(out)
	return out
}

// canBeChecked: a look would find something out.
func (s setUp) canBeChecked() bool {
	return slices.ContainsFunc(s.parts, func(d domains.Standing) bool { return mayRetry(d.State) })
}

func mayRetry(state tenant.DomainState) bool {
	switch state {
	case tenant.DomainNeedsReview, tenant.DomainReleasing, tenant.DomainReleased, tenant.DomainSuspended:
		return false
	}
	return true
}

// checkFrom is when some part may be looked at again; zero: now.
func (s setUp) checkFrom() (first time.Time) {
	for _, d := range s.parts {
		if !mayRetry(d.State) {
			continue
		}
		if !d.RetryAfter.After(s.now) {
			return time.Time{}
		}
		if first.IsZero() || d.RetryAfter.Before(first) {
			first = d.RetryAfter
		}
	}
	return first
}

// summary is the page in one sentence, for those who do not see it change.
func summary(v DomainLive) string {
	counts := map[Tone]int{}
	for _, st := range v.Steps {
		counts[st.Tone]++
	}
	parts := []string{fmt.Sprintf("%d of %d steps done", counts[Done], len(v.Steps))}
	if v.Note != nil {
		parts = append([]string{strings.TrimSuffix(v.Note.Title, ".")}, parts...)
	}
	if v.Todo != nil {
		parts = append(parts, v.Todo.Title)
	}
	return strings.Join(parts, ". ") + "."
}

// fingerprint changes with whatever the page shows of the names; times that only pass are
// not among it.
func (s setUp) fingerprint() string {
	var text strings.Builder
	for _, d := range s.parts {
		fmt.Fprintln(&text, d.ID, d.State, d.Reason, d.Failures, d.Token, d.StateSince.UnixMicro(), d.NextCheckAt.UnixMicro(),
			d.DeadlineAt.UnixMicro(), d.CertificateNotAfter.Unix(), d.RetryAfter.After(s.now))
		for _, c := range d.Checks {
			fmt.Fprintln(&text, c.Kind, c.Code, c.LastCheckedAt.UnixMicro(), c.LastOKAt.UnixMicro())
		}
	}
	return shortHash(text.String())
}

// fingerprint is another one also when what stands around the page changes: going live
// changes the host in the navigation, which this process may hear of a moment later.
func (v *visitor) fingerprint(s setUp) string {
	return shortHash(s.fingerprint() + "\n" + v.tenant.HandleDomain)
}

func (h *Handlers) releaseForms(v *visitor, s setUp) (out []ReleaseForm) {
	for _, d := range s.parts {
		if d.State == tenant.DomainReleasing || d.State == tenant.DomainReleased {
			continue
		}
		out = append(out, ReleaseForm{
			Action: h.nameURL(v, d.ID) + "/release#remove", Token: access.CSRF(v.session), Name: d.DisplayName, Plan: s.releasePlan(d),
		})
	}
	return out
}

// releasePlan says what giving a name up means.
func (s setUp) releasePlan(d domains.Standing) string {
	switch {
	case d.State == tenant.DomainDisputed:
		return "It goes at once to whoever proved it too. That cannot be undone."
	case !d.State.Serves():
		return "It does not work yet, so it is gone at once. You can add it again at any time."
	case d.Role == tenant.HandleDomain:
		return "It works for one more week, in which you can take it back. After that nobody finds handles that end in @" + d.DisplayName + ", and followers are not told of a new one."
	case d.Role == tenant.AliasDomain:
		return "It works for one more week, in which you can take it back. After that links to it lead nowhere."
	}
	return "It works for one more week, in which you can take it back. After that its addresses are gone for good: followers and posts stay with you, but nobody elsewhere reaches them there, and whoever has the name next inherits nothing."
}

// history is what happened to the names, the newest first.
func (h *Handlers) history(c echo.Context, v *visitor, s setUp) (out []DomainEvent, err error) {
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		for _, d := range s.parts { // two at most
			rows, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: "domain.", Target: "domain:" + ids.Format(int64(d.ID)), Limit: mostHistory})
			if err != nil {
				return err
			}
			for _, row := range rows {
				out = append(out, eventOf(d, row))
			}
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b DomainEvent) int { return b.At.Compare(a.At) })
	return out[:min(len(out), mostHistory)], err
}

// acts are the words for what the audit log has of names.
var acts = map[string]string{
	"claim": "%s was added", "needs_review": "%s waits for a review", "pending_ownership": "%s waits for its proof", "expired": "We stopped looking for %s",
	"verified": "%s was proven", "pending_routing": "%s does not lead to us yet", "issuing": "A certificate of %s was ordered",
	"issue_failed": "The certificate of %s was not issued", "live": "%s works", "degraded": "%s no longer leads to us", "parked": "%s was parked",
	"suspended": "%s was suspended", "disputed": "Another company proved %s", "releasing": "%s is being removed", "released": "%s was removed",
	"instructions": "What to do for %s was mailed", "link": "A link to what %s needs was made", "link_end": "The links to what %s needs were ended",
}

func eventOf(d domains.Standing, row *store.AuditEntry) DomainEvent {
	did := strings.TrimPrefix(row.Action, "domain.")
	words, ok := acts[did]
	if !ok {
		words = "%s: " + did
	}
	out := DomainEvent{At: row.At, Text: fmt.Sprintf(words, d.DisplayName)}
	var entry audit.Entry
	if json.Unmarshal(row.Body, &entry) != nil {
		return out // what is recorded stays, whatever its form was then
	}
	switch entry.Actor.Kind {
	case audit.Person:
		out.Who = entry.Actor.Name
	case audit.Operator, audit.Staff:
		out.By = "those who run this server"
	case audit.API:
		out.By = "one of the apps"
	case audit.System:
	}
	if reason := entry.Detail["reason"]; reason != "" {
		out.Why = reason
	}
	if to := entry.Detail["to"]; to != "" {
		out.Text += " to " + to
	}
	return out
}
