package staff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

// admits says which roles may open a route.
type admits string

const (
	everybody admits = "everybody" // the way in
	bound     admits = "all staff, without a second factor too"
	all       admits = "all staff"
	money     admits = "admins and billing"
	admins    admits = "admins"
)

func (a admits) lets(who string) bool {
	switch a {
	case everybody:
		return true
	case bound:
		return who == "bound" || who == "support" || who == "billing" || who == "admin"
	case all:
		return who == "support" || who == "billing" || who == "admin"
	case money:
		return who == "billing" || who == "admin"
	}
	return who == "admin"
}

// A row a route: whoever adds one says who may use it.
var showMatrix = map[string]admits{
	"": everybody, "/": everybody, "/*": all, "/sign_in": everybody, "/sign_in/second": everybody, "/me/mail/confirm": everybody,
	"/me": bound, "/me/offer": bound, "/me/authenticator": bound, "/me/authenticator/qr.png": bound, "/prove": all,
	"/revenue": money, "/revenue.csv": money, "/dunning": all, "/matters": all, "/matters/:matter": all, "/drift": money,
	"/events": money, "/events/:event": money, "/events/:event/replay": money, "/queues": admins, "/queues/*": admins,
	"/tenants": all, "/tenants/:id": all, "/tenants/:id/decisions/new": money, "/tenants/:id/decisions/:decision/end": money,
}

var postMatrix = map[string]admits{
	"/sign_in": everybody, "/sign_in/second": everybody, "/sign_in/passkey": everybody, "/sign_in/passkey/begin": everybody, "/me/mail/confirm": everybody,
	"/sign_out": everybody, "/prove": all,
	"/me/authenticator": bound, "/me/passkeys": bound, "/me/passkeys/begin": bound,
	"/me/profile": all, "/me/mail": all, "/me/codes": all, "/me/authenticator/remove": all, "/me/passkeys/rename": all, "/me/passkeys/remove": all,
	"/me/sessions/end": all, "/me/sessions/end-others": all, "/me/revoke": all,
	"/matters/:matter": money, "/events/:event/replay": money, "/queues": admins, "/queues/*": admins,
	"/tenants/:id/read": all, "/tenants/:id/decisions": money, "/tenants/:id/decisions/:decision/end": money,
}

func (w *world) routes(t *testing.T, method string) (out []string) {
	t.Helper()
	e := echo.New()
	w.staff.Register(e)
	for _, path := range browse.Routes(t, e, method) {
		out = append(out, strings.TrimPrefix(path, "/staff"))
	}
	return out
}

func TestEveryRouteHasARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	for method, matrix := range map[string]map[string]admits{http.MethodGet: showMatrix, http.MethodPost: postMatrix} {
		browse.EachHasARow(t, method, w.routes(t, method), matrix)
	}
}

func (w *world) address(path string) string {
	return home + strings.NewReplacer(":id", w.A.Tenant.ID.String(), ":decision", "1", ":event", "evt_1", ":matter", "1", "*", "nowhere").Replace(path)
}

// caller is somebody who sweeps over all routes.
type caller struct {
	*browse.Browser
	session *access.Session
}

// callers are: a stranger, a company's owner with a session of the console (in its own cookie
// and in that of the staff), one of the staff without a second factor, and each role.
func (w *world) callers(t *testing.T) map[string]*caller {
	t.Helper()
	out := map[string]*caller{"stranger": {w.server.Browser(t), &access.Session{}}}
	s, err := w.judge.AdmitToConsole(t.Context(), access.Arrival{Person: w.A.Person, Factors: 2})
	if err != nil {
		t.Fatal(err)
	}
	out["console"] = &caller{w.holding(t, "__Host-rookery_console", s), s}
	out["console's token as the staff's"] = &caller{w.holding(t, "__Host-rookery_staff", s), s}
	b, bs := w.session(t, w.hire(t, "bound@rookery.test", access.StaffAdmin), 1)
	out["bound"] = &caller{b, bs}
	for _, role := range []access.StaffRole{access.StaffAdmin, access.StaffSupport, access.StaffBilling} {
		b, s := w.session(t, w.hire(t, string(role)+"@rookery.test", role), 2)
		out[string(role)] = &caller{b, s}
	}
	return out
}

func isRefused(p *browse.Page) bool {
	return p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden ||
		p.Status == http.StatusSeeOther && (strings.HasPrefix(p.Location(), "/staff/sign_in?next=") || p.Location() == "/staff/me")
}

// Who may see what: every page, opened by everybody.
func TestWhoMayOpenWhichPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	who := w.callers(t)
	for path, a := range showMatrix {
		if a == everybody {
			continue
		}
		for name, c := range who {
			got := c.Get(w.address(path))
			switch {
			case got.Status >= http.StatusInternalServerError:
				t.Errorf("GET %s as %s: %d", path, name, got.Status)
			case !a.lets(name) && !isRefused(got):
				t.Errorf("GET %s is for %s and lets %s in: %d", path, a, name, got.Status)
			case a.lets(name) && (got.Status == http.StatusForbidden || got.Status == http.StatusUnauthorized) && !strings.Contains(path, "authenticator"):
				t.Errorf("GET %s is for %s and refuses %s", path, a, name)
			}
			if !all.lets(name) {
				lacks(t, path+" to "+name, got, "Tenant a.test")
			}
		}
	}
}

// Every form, sent by everybody with a right token: who may not is refused before anything
// else. And by those who may from another site, with another's token and with none.
func TestWhoMaySendWhichForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	who := w.callers(t)
	for path, a := range postMatrix {
		if a == everybody {
			continue
		}
		for name, c := range who {
			right := url.Values{"authenticity_token": {access.CSRF(c.session)}}
			if !a.lets(name) {
				if got := c.Post(w.address(path), right, "Origin", origin); !isRefused(got) {
					t.Errorf("POST %s is for %s and lets %s in: %d", path, a, name, got.Status)
				}
				continue
			}
			if strings.HasPrefix(path, "/queues") {
				continue // they take no form: TestQueues
			}
			other := url.Values{"authenticity_token": {access.CSRF(&access.Session{Token: "another"})}}
			for why, got := range map[string]*browse.Page{
				"another site's":    c.Post(w.address(path), right, "Sec-Fetch-Site", "cross-site"),
				"another session's": c.Post(w.address(path), other, "Origin", origin),
				"a bare":            c.Post(w.address(path), url.Values{}, "Origin", origin),
			} {
				if got.Status != http.StatusForbidden {
					t.Errorf("POST %s takes %s form from %s: %d", path, why, name, got.Status)
				}
			}
		}
	}
}

// Where nothing is charged no route and no word speaks of money.
func TestWithoutBilling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range w.routes(t, method) {
			for _, bad := range []string{"revenue", "dunning", "events", "drift", "decisions", "read"} {
				if strings.Contains(path, "/"+bad) {
					t.Errorf("%s %s is there", method, path)
				}
			}
		}
	}
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffAdmin), 2)
	for _, path := range []string{"/tenants", "/tenants?q=money", "/matters", "/tenants/" + w.A.Tenant.ID.String()} {
		got := b.Get(home + path)
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d", path, got.Status)
		}
		lacks(t, path, got, "Plan", "Standing", "nvoice", "payment", "customer", "Revenue", "Payment", "/revenue", "/events")
	}
}
