package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/testkit/browse"
	"rookery/tenant/people"
)

// Who may open a route.
type admits string

const (
	everybody admits = "everybody"        // the way in, and what links in mails open
	anybody   admits = "who is signed in" // their own pages
	members   admits = "members"
	acting    admits = "members, as their role on the account allows" // the rooms' own tests say how
	managers  admits = "owners and admins"
	keepers   admits = "owners, admins and moderators"
	owners    admits = "owners"
	payers    admits = "owners and billing"
)

// lets says whether somebody passes; another company's owner is signed in and nothing more.
func (a admits) lets(who string) bool {
	switch a {
	case everybody:
		return true
	case anybody:
		return who != "nobody"
	case members, acting:
		return who != "nobody" && who != "stranger"
	case keepers:
		return who == "owner" || who == "admin" || who == "moderator"
	case payers:
		return who == "owner" || who == "billing"
	case managers:
		return who == "owner" || who == "admin"
	}
	return who == "owner"
}

// TEN-31: who may open which page of the console, a row a route. A route that is not here
// fails the sweep, and so does a row without its route: whoever adds one says who may use it.
var showMatrix = map[string]admits{
	"/": everybody, "/favicon.ico": everybody, "/robots.txt": everybody, "/.well-known/change-password": everybody,
	"/sign_in": everybody, "/sign_in/forgot": everybody, "/sign_in/reset": everybody, "/sign_in/second": everybody,
	"/sign_up": everybody, "/sign_up/confirm": everybody, "/invitation": everybody, "/dns": everybody, "/dns/events": everybody,

	"/tenants": anybody, "/me": anybody, "/me/password": anybody, "/me/mail/confirm": anybody, "/me/offer": anybody,
	"/me/authenticator": anybody, "/me/authenticator/qr.png": anybody,

	"/tenants/:id": members, "/tenants/:id/accounts/new": managers, "/tenants/:id/accounts/:account": members,
	"/tenants/:id/accounts/:account/profile": members, "/tenants/:id/accounts/:account/delete": managers,
	"/tenants/:id/accounts/:account/handle": managers, "/tenants/:id/accounts/:account/keys": managers,
	// Owners of the account too: accountstake_test.go.
	"/tenants/:id/accounts/:account/following_accounts.csv": managers, "/tenants/:id/accounts/:account/followers.csv": managers,
	"/tenants/:id/accounts/:account/blocked_accounts.csv": managers, "/tenants/:id/accounts/:account/muted_accounts.csv": managers,
	"/tenants/:id/accounts/:account/blocked_domains.csv": managers, "/tenants/:id/accounts/:account/bookmarks.csv": managers,
	"/tenants/:id/domains": members, "/tenants/:id/domains/new": managers, "/tenants/:id/domains/:domain": members,
	"/tenants/:id/domains/:domain/events": members,

	"/tenants/:id/people": members, "/tenants/:id/people/leave": members, "/tenants/:id/people/:person": members,
	"/tenants/:id/people/:person/away": managers,

	"/tenants/:id/publish": members, "/tenants/:id/publish/calendar": members, "/tenants/:id/publish/new": acting,
	"/tenants/:id/publish/:plan": acting, "/tenants/:id/publish/:plan/discard": acting,
	"/tenants/:id/inbox": members, "/tenants/:id/inbox/events": members, "/tenants/:id/inbox/replies": acting,
	"/tenants/:id/inbox/replies/:reply": acting, "/tenants/:id/inbox/:account/:conversation": acting,

	"/tenants/:id/insights": members, "/tenants/:id/insights/days.csv": members, "/tenants/:id/insights/posts.csv": members, "/tenants/:id/insights/posts/:post": acting,

	"/tenants/:id/branding": managers, "/tenants/:id/branding/picture/remove": managers, "/tenants/:id/branding/rules/:rule": managers,
	"/tenants/:id/branding/texts/:text": managers,
	"/tenants/:id/audit":                managers, "/tenants/:id/audit/export": managers,
	"/tenants/:id/security": managers, "/tenants/:id/security/sso": managers,
	// The gate of a company's own login: its members have to see it to come in.
	"/tenants/:id/sso": members, "/tenants/:id/sso/go": members, "/tenants/:id/sso/back": acting,
	"/tenants/:id/servers": keepers, "/tenants/:id/servers/new": keepers, "/tenants/:id/servers/rules/:domain": keepers,
	"/tenants/:id/servers/rules/:domain/remove": keepers, "/tenants/:id/servers/mode": keepers, "/tenants/:id/servers/import": keepers,
	"/tenants/:id/servers/export": keepers,
	"/tenants/:id/deletion":       owners,

	"/tenants/:id/billing": members, "/tenants/:id/billing/done": payers, "/tenants/:id/billing/change": payers, "/tenants/:id/billing/cancel": payers,

	"/setup": anybody, "/tenants/:id/setup": managers, "/tenants/:id/setup/domain": managers, "/tenants/:id/setup/domain/:domain": managers,
	"/tenants/:id/setup/domain/:domain/events": managers, "/tenants/:id/setup/people": managers, "/tenants/:id/setup/done": managers,
	"/tenants/:id/data": managers, "/tenants/:id/data/clocks/:class": managers, "/tenants/:id/data/exports/:export": managers,
}

// TEN-31: what each form does, and for whom. Whoever may not is refused before anything else.
var postMatrix = map[string]admits{
	"/sign_in": everybody, "/sign_in/forgot": everybody, "/sign_in/reset": everybody, "/sign_in/second": everybody,
	"/sign_in/passkey": everybody, "/sign_in/passkey/begin": everybody, "/sign_out": everybody,
	"/sign_up": everybody, "/sign_up/confirm": everybody, "/invitation": everybody,

	"/me/profile": anybody, "/me/mail": anybody, "/me/mail/confirm": anybody, "/me/password": anybody, "/me/codes": anybody,
	"/me/authenticator": anybody, "/me/authenticator/remove": anybody, "/me/passkeys": anybody, "/me/passkeys/begin": anybody,
	"/me/passkeys/rename": anybody, "/me/passkeys/remove": anybody, "/me/sessions/end": anybody, "/me/sessions/end-others": anybody,
	"/me/revoke": anybody, "/me/again": anybody,

	"/setup": anybody, "/tenants/:id/setup/domain": managers, "/tenants/:id/setup/domain/next": managers, "/tenants/:id/setup/people": managers,
	"/tenants/:id/setup/end": managers, "/tenants/:id/setup/domain/:domain/check": managers, "/tenants/:id/setup/domain/:domain/send": managers,
	"/tenants/:id/setup/domain/:domain/link": managers, "/tenants/:id/setup/domain/:domain/unlink": managers,
	"/tenants/:id/setup/domain/:domain/release": managers, "/tenants/:id/setup/domain/:domain/undo": managers,

	"/tenants/:id/accounts": managers, "/tenants/:id/accounts/:account/profile": managers, "/tenants/:id/accounts/:account/avatar": managers,
	"/tenants/:id/accounts/:account/header": managers, "/tenants/:id/accounts/:account/delete": managers,
	"/tenants/:id/accounts/:account/handle": managers, "/tenants/:id/accounts/:account/keys": managers,
	"/tenants/:id/domains": managers, "/tenants/:id/domains/:domain/seen": members, "/tenants/:id/domains/:domain/check": managers,
	"/tenants/:id/domains/:domain/link": managers, "/tenants/:id/domains/:domain/unlink": managers, "/tenants/:id/domains/:domain/send": managers,
	"/tenants/:id/domains/:domain/release": managers, "/tenants/:id/domains/:domain/undo": managers,

	"/tenants/:id/people/invitations": managers, "/tenants/:id/people/invitations/:invitation/resend": managers,
	"/tenants/:id/people/invitations/:invitation/revoke": managers, "/tenants/:id/people/leave": members,
	"/tenants/:id/people/:person/away": managers, "/tenants/:id/people/:person/grants": managers, "/tenants/:id/people/:person/membership": managers,

	// Here the role on an account decides: tested in the rooms' own tests.
	"/tenants/:id/publish": acting, "/tenants/:id/publish/:plan": acting, "/tenants/:id/publish/:plan/approve": acting,
	"/tenants/:id/publish/:plan/decline": acting, "/tenants/:id/publish/:plan/discard": acting,
	"/tenants/:id/inbox/:account/:conversation/answer": acting, "/tenants/:id/inbox/:account/:conversation/assign": acting,
	"/tenants/:id/inbox/:account/:conversation/decline": acting, "/tenants/:id/inbox/:account/:conversation/note": acting,
	"/tenants/:id/inbox/:account/:conversation/state": acting, "/tenants/:id/inbox/:account/:conversation/writing": acting,
	"/tenants/:id/inbox/replies": acting, "/tenants/:id/inbox/replies/:reply": acting, "/tenants/:id/inbox/replies/:reply/delete": acting,

	"/tenants/:id/branding": managers, "/tenants/:id/branding/picture": managers, "/tenants/:id/branding/picture/remove": managers,
	"/tenants/:id/branding/rules": managers, "/tenants/:id/branding/rules/:rule": managers, "/tenants/:id/branding/rules/:rule/move": managers,
	"/tenants/:id/branding/rules/:rule/remove": managers, "/tenants/:id/branding/texts/:text": managers,
	"/tenants/:id/audit/proof": managers, "/tenants/:id/security": managers, "/tenants/:id/security/sso": managers,
	"/tenants/:id/data/clocks/:class": managers, "/tenants/:id/data/exports": managers, "/tenants/:id/data/exports/:export/remove": managers,
	"/tenants/:id/servers/rules": keepers, "/tenants/:id/servers/rules/:domain/remove": keepers, "/tenants/:id/servers/show": keepers,
	"/tenants/:id/servers/mode": keepers, "/tenants/:id/servers/allowed": keepers, "/tenants/:id/servers/allowed/:domain/remove": keepers,
	"/tenants/:id/servers/import": keepers,
	"/tenants/:id/deletion":       owners, "/tenants/:id/deletion/undo": owners,

	"/tenants/:id/billing/buy": payers, "/tenants/:id/billing/change": payers, "/tenants/:id/billing/keep": payers,
	"/tenants/:id/billing/cancel": payers, "/tenants/:id/billing/resume": payers, "/tenants/:id/billing/portal": payers, "/tenants/:id/billing/goodbye": owners,
}

// TEN-31: a row a route and a route a row, exactly.
func TestEveryRouteHasARow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for method, matrix := range map[string]map[string]admits{http.MethodGet: showMatrix, http.MethodPost: postMatrix} {
		browse.EachHasARow(t, method, w.routes(t, method), matrix)
	}
}

// routes are those that the console has registered, less those that need nobody's leave.
func (w *world) routes(t *testing.T, method string) (out []string) {
	t.Helper()
	e := echo.New()
	w.console.Register(e)
	for _, path := range browse.Routes(t, e, method) {
		if !strings.Contains(path, ":key") && !strings.HasSuffix(path, "*") {
			out = append(out, path)
		}
	}
	return out
}

// address fills a route in with what is there in tenant A.
func (w *world) address(path string) string {
	values := map[string]string{
		":id": w.A.Tenant.ID.String(), ":account": ids.Format(int64(w.A.Account.ID)), ":person": ids.Format(int64(w.B.Person)),
		":domain": "1", ":invitation": "1", ":plan": "1", ":thread": "1",
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if v, ok := values[p]; ok {
			parts[i] = v
		} else if strings.HasPrefix(p, ":") {
			parts[i] = "1"
		}
	}
	return home + strings.Join(parts, "/")
}

// cast of the sweep: who asks, and as what.
var sweepers = []string{"nobody", "stranger", "member", "billing", "moderator", "admin", "owner"}

// sweep gives each of them a browser.
func (w *world) sweep(t *testing.T) map[string]*sweeper {
	t.Helper()
	out := map[string]*sweeper{"nobody": {get: w.server.Browser(t).Get, post: w.server.Browser(t).Post}}
	for _, who := range sweepers[1:] {
		person := w.A.Person
		switch who {
		case "owner":
		case "stranger":
			w.join(t, w.B, w.B.Person, people.MemberOwner)
			person = w.B.Person
		default:
			person = w.Person(t, who+"@sweep.test")
			w.join(t, w.A, person, people.Membership(who))
		}
		b := w.session(t, person)
		page := b.Get(home + "/tenants")
		out[who] = &sweeper{get: b.Get, post: b.Post, token: b.Form(page, "authenticity_token", "").Values.Get("authenticity_token")}
	}
	return out
}

type sweeper struct {
	get   func(string, ...string) *browse.Page
	post  func(string, url.Values, ...string) *browse.Page
	token string
}

// refused are the answers that let nobody in: the way in, 401, 403, and 404 for what does not
// exist to them.
func isRefused(p *browse.Page) bool {
	return p.Status == http.StatusUnauthorized || p.Status == http.StatusForbidden || p.Status == http.StatusNotFound ||
		p.Status == http.StatusSeeOther && strings.HasPrefix(p.Location(), "/sign_in?next=")
}

// TEN-31: every page of the console, opened by everybody. Whoever is let through may still be
// told that a row is not there; whoever is not sees nothing of the company.
func TestWhoMayOpenWhichPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain) // whose page and end are asked for
	who := w.sweep(t)
	w.set(t, `DELETE FROM memberships WHERE tenant_id = $1 AND person_id = $2`, w.A.Tenant.ID, w.B.Person)
	other := w.Person(t, "target@sweep.test")
	w.join(t, w.A, other, people.MemberPlain)
	for _, path := range w.routes(t, http.MethodGet) {
		admits := showMatrix[path]
		if strings.HasSuffix(path, "/events") || !strings.Contains(path, ":id") {
			continue // streams are tested by themselves, and the way in has nothing to hide
		}
		address := strings.ReplaceAll(w.address(path), ids.Format(int64(w.B.Person)), ids.Format(int64(other)))
		for name, b := range who {
			got := b.get(address)
			switch {
			case got.Status >= http.StatusInternalServerError:
				t.Errorf("GET %s as %s: %d", path, name, got.Status)
			case !admits.lets(name) && !isRefused(got):
				t.Errorf("GET %s is for %s and lets %s in: %d", path, admits, name, got.Status)
			case admits != acting && admits.lets(name) && got.Status == http.StatusForbidden && !strings.Contains(path, "/away"):
				t.Errorf("GET %s is for %s and refuses %s", path, admits, name)
			}
			if (name == "nobody" || name == "stranger") && strings.Contains(got.Body, "Tenant a.test") {
				t.Errorf("GET %s tells %s of the company", path, name)
			}
		}
	}
}

// TEN-31: every form of the console, sent by everybody, with a right token and nothing in it.
// What passes may be told that something is missing.
func TestWhoMaySendWhichForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	who := w.sweep(t)
	for _, path := range w.routes(t, http.MethodPost) {
		admits := postMatrix[path]
		if !strings.Contains(path, ":id") || strings.HasSuffix(path, "/people/leave") {
			continue // leaving would change who asks next
		}
		for name, b := range who {
			if admits.lets(name) {
				continue // what they may do, the rooms' own tests do
			}
			got := b.post(w.address(path), url.Values{"authenticity_token": {b.token}}, "Origin", home)
			if !isRefused(got) {
				t.Errorf("POST %s is for %s and lets %s in: %d", path, admits, name, got.Status)
			}
		}
	}
}

// TEN-29: no form of the console is taken from another site, with another session's token,
// without one, or as another type, whoever it is.
func TestNoFormIsForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	owner, other := w.sweep(t)["owner"], w.session(t, w.A.Person)
	page := other.Get(home + "/tenants")
	foreign := other.Form(page, "authenticity_token", "").Values
	right := url.Values{"authenticity_token": {owner.token}}
	for _, path := range w.routes(t, http.MethodPost) {
		for name, tt := range map[string]struct {
			values  url.Values
			headers []string
		}{
			"another origin":  {right, []string{"Origin", "https://evil.test"}},
			"cross-site":      {right, []string{"Sec-Fetch-Site", "cross-site"}},
			"a tenant's page": {right, []string{"Sec-Fetch-Site", "same-site"}},
			"another's token": {foreign, []string{"Origin", home}},
			"no token":        {url.Values{}, []string{"Origin", home}},
			"JSON as text":    {right, []string{"Origin", home, "Content-Type", "text/plain"}},
		} {
			before := w.count(t, `SELECT count(*) FROM audit_entries`)
			got := owner.post(w.address(path), tt.values, tt.headers...)
			refused := got.Status == http.StatusForbidden || got.Status == http.StatusNotFound || got.Status == http.StatusUnauthorized || got.Status == http.StatusGone
			if path == "/sign_out" && got.Status == http.StatusForbidden {
				continue
			}
			if !refused || w.count(t, `SELECT count(*) FROM audit_entries`) != before {
				t.Errorf("POST %s, %s: %d to %q", path, name, got.Status, got.Location())
			}
		}
	}
}

// TEN-45: the console answers no preflight and allows no other origin.
func TestTheConsoleHasNoCORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	for _, path := range []string{"/tenants", "/tenants/" + w.A.Tenant.ID.String(), "/sign_in", "/invitation"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, home+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.test")
		r.Header.Set("Access-Control-Request-Method", "POST")
		for name, got := range map[string]http.Header{"preflight": b.Do(r).Header, "page": b.Get(home+path, "Origin", "https://evil.test").Header} {
			for header := range got {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s of %s has %s", name, path, header)
				}
			}
		}
	}
}

// theirThings gives company B one of everything that an address of the console names, and
// returns their ids by parameter.
func (w *world) theirThings(t *testing.T) map[string]string {
	t.Helper()
	const id = "990001"
	of, account, person := w.B.Tenant.ID, w.B.Account.ID, w.B.Person
	w.set(t, `INSERT INTO invitations (tenant_id, id, token_hash, email, role, invited_by, sent_at, expires_at) VALUES ($1, 990001, 'x', 'new@b.test', 'admin', $2, now(), now() + interval '1 day')`, of, person)
	w.set(t, `INSERT INTO saved_replies (tenant_id, id, title, text) VALUES ($1, 990001, 'secret title', 'secret text')`, of)
	w.set(t, `INSERT INTO tenant_rules (tenant_id, id, position, text) VALUES ($1, 990001, 1, 'secret rule')`, of)
	w.set(t, `INSERT INTO tenant_exports (tenant_id, id, person_id, state, finished_at, expires_at) VALUES ($1, 990001, $2, 'ready', now(), now() + interval '1 day')`, of, person)
	w.set(t, `INSERT INTO server_rules (tenant_id, domain, severity) VALUES ($1, 'blocked-by-b.example', 'suspend')`, of)
	w.set(t, `INSERT INTO server_allows (tenant_id, domain) VALUES ($1, 'blocked-by-b.example')`, of)
	w.set(t, `INSERT INTO scheduled_statuses (tenant_id, id, account_id, author_id, state, text, visibility) VALUES ($1, 990001, $2, $3, 'waiting', 'secret plan', 'public')`, of, account, person)
	w.set(t, `INSERT INTO statuses (tenant_id, id, account_id, uri, conversation_id, body, source, visibility, is_local, created_at) VALUES ($1, 990001, $2, 'https://b.test/x', 990001, 'secret post', 'secret post', 'public', true, now())`, of, account)
	w.set(t, `INSERT INTO desk_threads (tenant_id, account_id, conversation_id, from_id, last_incoming_id, last_visibility, last_incoming_at, waiting_since, opened_at, updated_at) VALUES ($1, $2, 990001, $2, 990001, 'direct', now(), now(), now(), now())`, of, account)
	w.set(t, `INSERT INTO domains (tenant_id, id, name, display_name, registrable, mode, role, state) VALUES ($1, 990001, 'news.b-works.example', 'news.b-works.example', 'b-works.example', 'whole', 'service', 'pending_ownership')`, of)
	return map[string]string{
		":account": ids.Format(int64(account)), ":person": ids.Format(int64(person)), ":invitation": id, ":reply": id, ":rule": id, ":export": id, ":plan": id,
		":post": id, ":conversation": id, ":domain": id,
	}
}

// TEN-09: what belongs to another company, and what never was, look the same on every route
// that names anything, and no form about it does anything.
func TestForeignIDsInTheConsole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.B, w.B.Person, people.MemberOwner)
	theirs := w.theirThings(t)
	owner := w.sweep(t)["owner"]
	fill := func(path string, of func(name string) string) string {
		parts := strings.Split(strings.Replace(path, ":id", w.A.Tenant.ID.String(), 1), "/")
		for i, part := range parts {
			switch {
			case part == ":domain" && strings.Contains(path, "/servers/"):
				parts[i] = of("blocked-by-b.example")
			case strings.HasPrefix(part, ":"):
				parts[i] = of(theirs[part])
			}
		}
		return home + strings.Join(parts, "/")
	}
	swept := 0
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range w.routes(t, method) {
			_, after, isRoom := strings.Cut(path, "/tenants/:id/")
			if !isRoom || !strings.Contains(after, ":") || strings.HasSuffix(path, ":class") || strings.HasSuffix(path, ":text") {
				continue // names of kinds are the same for all companies
			}
			swept++
			ask := func(address string) *browse.Page {
				if method == http.MethodGet {
					return owner.get(address, "Sec-Fetch-Site", "same-origin")
				}
				return owner.post(address, url.Values{"authenticity_token": {owner.token}, "seen": {"1"}, "sure": {"b"}, "text": {"x"}, "title": {"x"}}, "Origin", home)
			}
			before := w.count(t, `SELECT count(*) FROM audit_entries`)
			foreign := ask(fill(path, func(value string) string { return value }))
			never := ask(fill(path, func(value string) string {
				return map[bool]string{true: "never.example", false: "7"}[strings.Contains(value, ".")]
			}))
			if foreign.Status < 400 || foreign.Status >= 500 || foreign.Status != never.Status || foreign.Body != never.Body {
				t.Errorf("%s %s: %d to %q, and %d to %q for what never was, or the pages differ", method, path, foreign.Status, foreign.Location(), never.Status, never.Location())
			}
			if method == http.MethodGet && foreign.Status != http.StatusNotFound {
				t.Errorf("GET %s: %d", path, foreign.Status)
			}
			if w.count(t, `SELECT count(*) FROM audit_entries`) != before {
				t.Errorf("%s %s did something", method, path)
			}
		}
	}
	if swept < 30 {
		t.Errorf("%d routes: the sweep sees nothing", swept)
	}
}
