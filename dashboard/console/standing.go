package console

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// StandingNote says on every page of a company that not everything works there, because of
// what it owes. Why is for those alone who look after that.
type StandingNote struct {
	Company  string
	Standing tenant.Standing
	Since    time.Time
	Until    time.Time // when the next step comes; zero: unknown
	IsPayer  bool
	PlanURL  string // of plan and billing; "" where it is not open
}

// Tone is its colour.
func (n StandingNote) Tone() string {
	if n.Standing == tenant.Grace {
		return "wait"
	}
	return "bad"
}

// IsReadOnly, IsPaused and IsClosing tell the standings apart that everybody is told of.
func (n StandingNote) IsReadOnly() bool { return n.Standing == tenant.Restricted }

// IsPaused is suspension for want of payment.
func (n StandingNote) IsPaused() bool { return n.Standing == tenant.Unpaid }

// IsClosing are the last days.
func (n StandingNote) IsClosing() bool { return n.Standing.IsWorseThan(tenant.Unpaid) }

// standingNote is nil where all is well, and with it every trace of money.
func (h *Handlers) standingNote(v *visitor) *StandingNote {
	e := v.tenant.Entitlement
	n := &StandingNote{
		Company: v.tenant.Name, Standing: e.Standing, Since: e.Since, Until: e.EndsAt, IsPayer: v.may(access.ManageBilling) == nil, PlanURL: h.offersURL(v),
	}
	if !e.Standing.MayPublish() || e.Standing == tenant.Grace && n.IsPayer {
		return n
	}
	return nil
}

// pastStanding closes the rooms of a company that may not read any more to everybody but those
// who can pay, export and send away. Who looks after accounts still comes to their pages and
// takes their lists along.
func (h *Handlers) pastStanding(next handler) handler {
	return func(c echo.Context, v *visitor) error {
		err := entitled.ToRead(v.tenant)
		if err == nil || v.may(access.ManageBilling) == nil || h.isForEverybody(c) {
			return next(c, v)
		}
		return fault.Wrap(err, fault.Forbidden, fault.TextOf(err)) // of the company nothing is gone yet
	}
}

func (h *Handlers) isForEverybody(c echo.Context) bool {
	const accounts, one = "/tenants/:id", "/tenants/:id/accounts/:account"
	path := strings.TrimPrefix(c.Path(), h.Base)
	return path == accounts || path == one || strings.HasPrefix(path, one+"/") && strings.HasSuffix(path, ".csv") || path == ssoGate || path == ssoLeave || path == ssoReturn
}
