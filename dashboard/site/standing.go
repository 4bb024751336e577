package site

import (
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Standing tells the people of a tenant, where they sign in and look after their login, that
// not everything works there. It names no reason.
type Standing struct {
	IsReadOnly bool
	IsPaused   bool
	IsClosing  bool
	Until      time.Time // when it is closed, or deleted where it is being closed; zero: unknown
}

func standingOf(t *tenant.Tenant) *Standing {
	s := t.Entitlement.Standing
	if s.MayPublish() {
		return nil
	}
	closing := s.IsWorseThan(tenant.Unpaid)
	return &Standing{IsReadOnly: s.MayRead(), IsPaused: s == tenant.Unpaid, IsClosing: closing, Until: t.Entitlement.EndsAt}
}

// PausedView stands where the public pages of a tenant were.
type PausedView struct {
	Tenant   Tenant
	Standing Standing
}

// RenderPaused writes the page in place of all public ones.
func RenderPaused(w io.Writer, v PausedView) error {
	what := "Temporarily unavailable"
	if v.Standing.IsClosing {
		what = "Being closed"
	}
	return render(w, v.Tenant.page(what, v.Tenant.Name), "paused", v)
}

// comeBack is when crawlers may look again. To them a 503 with a time is a page that rests:
// they keep what they know of it, which a 403 or a noindex would have them forget for good.
const comeBack = 24 * time.Hour

// open lets public pages be read while the tenant's standing allows it. The documents under the
// same addresses go on: other servers must not notice.
func (h *Handlers) open(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if entitled.ToRead(home(c)) == nil || isDocument(c) {
			return next(c)
		}
		web.RetryAfter(c, comeBack)
		if wantsActivity(c) {
			return c.NoContent(http.StatusServiceUnavailable)
		}
		web.Secure(c, assets.Policy)
		return web.HTML(c, http.StatusServiceUnavailable, writer(RenderPaused, PausedView{Tenant: h.view(c), Standing: *standingOf(home(c))}))
	}
}
