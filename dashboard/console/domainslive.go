package console

import (
	"io"

	"github.com/labstack/echo/v4"

	"rookery/internal/pg"
	"rookery/tenant/people"
)

// domainEvents is GET …/events: the changing part of a name's page, whenever it changed.
func (h *Handlers) domainEvents(c echo.Context, v *visitor) error {
	if _, err := h.setUp(c.Request().Context(), v.tenant, c.Param("domain")); err != nil {
		return err
	}
	return h.stream(c, listener{person: v.person.ID}, func(known string) (string, []byte, bool) { return h.news(c, v, known) })
}

// news is what a member hears.
func (h *Handlers) news(c echo.Context, v *visitor, known string) (now string, event []byte, ok bool) {
	ctx := c.Request().Context()
	session, err := h.in.Session(c)
	if err != nil || session.Person != v.person.ID {
		return known, nil, false
	}
	err = h.DB.Tenant(ctx, v.tenant.ID, func(scope *pg.Scope) (err error) {
		v.role, err = people.MembershipOf(ctx, scope, v.person.ID)
		return err
	})
	if err != nil {
		return known, nil, false
	}
	if t, found := h.Tenants.ByID(v.tenant.ID); found {
		v.tenant = t
	}
	s, err := h.setUp(ctx, v.tenant, c.Param("domain"))
	if err != nil {
		return known, nil, false
	}
	return h.event(c, v.fingerprint(s), known, func() (DomainLive, error) { return h.liveView(c, v, s) })
}

// event is the changing part of a page where it is another than is known.
func (h *Handlers) event(c echo.Context, now, known string, live func() (DomainLive, error)) (string, []byte, bool) {
	if now == known {
		return known, nil, true
	}
	event := h.framed(c, "state", now, func(w io.Writer) error {
		view, err := live()
		if err != nil {
			return err
		}
		return RenderDomainLive(w, view)
	})
	return now, event, event != nil
}
