package console

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/domains/look"
)

const (
	// mostSeeing is how many look-ups of this kind a process makes at once: each waits for
	// strangers' servers.
	mostSeeing = 4
	seeingTime = 15 * time.Second // below the time that a page has
)

var (
	asSeen    = limit.Rule{Name: "domain_as_seen", Max: 6, Per: 10 * time.Minute} // by person
	errSeeing = fault.New(fault.TooMany, "You have looked six times within ten minutes. Wait a little and look again.")
	errBusy   = fault.New(fault.Unavailable, "Many people are looking at their names just now. Try again in a minute.")
)

// domainAsSeen is POST …/seen: the way of another server that looks an account up. It goes
// out while the person waits, outside any transaction and bounded in number and time:
// nothing is stored, so a job would have nowhere to put its answer.
func (h *Handlers) domainAsSeen(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	s, err := h.setUp(c.Request().Context(), v.tenant, c.Param("domain"))
	if err != nil {
		return err
	}
	view, err := h.domainView(c, v, s)
	if err != nil {
		return err
	}
	if view.Seen == nil || h.Domains.Looker == nil {
		return errNoDomain
	}
	status := http.StatusOK
	if err := h.see(c, v, s, view.Seen); err != nil {
		if status = web.StatusOf(err); status >= http.StatusInternalServerError && fault.CodeOf(err) != fault.Unavailable {
			return err
		}
		view.Seen.Error = fault.TextOf(err)
	}
	return h.showDomain(c, status, view)
}

func (h *Handlers) see(c echo.Context, v *visitor, s setUp, out *SeenView) error {
	user := ""
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		first, err := store.LocalAccounts(ctx, scope, 1)
		if len(first) > 0 {
			user = first[0].Username
		}
		return err
	})
	if err != nil {
		return err
	}
	if user == "" {
		return fault.New(fault.Conflict, "Your company has no account yet that others could look up. Make one first.")
	}
	if !h.Limiter.Take(asSeen, ids.Format(int64(v.person.ID))).OK {
		return errSeeing
	}
	select {
	case h.seeing <- struct{}{}:
		defer func() { <-h.seeing }()
	default:
		return errBusy
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), seeingTime)
	defer cancel()
	name := s.handles()
	out.Handle = "@" + user + "@" + name.DisplayName
	out.tell(h.Domains.Looker.AsSeen(ctx, h.Domains.Scheme, name.Name, user))
	return nil
}

var seenTitles = map[string]string{"dns": "It asks DNS for the address", "tls": "It connects and checks the certificate", "webfinger": "It asks who that is (WebFinger)", "actor": "It loads the profile (actor)"}

// tell puts the steps in order. What follows a step that failed was not tried.
func (v *SeenView) tell(steps []look.Step) {
	v.Tone, v.Sum = Done, "Another server finds "+v.Handle+"."
	for _, st := range steps {
		step := SeenStep{Title: seenTitles[st.Step], Tone: Done, Word: "Fine", Text: st.Text}
		if step.Title == "" {
			step.Title = st.Step
		}
		if !st.OK {
			step.Tone, step.Word = Wrong, "Stops here"
			v.Tone, v.Sum = Wrong, "Another server does not find "+v.Handle+" yet."
		}
		v.Steps = append(v.Steps, step)
	}
}
