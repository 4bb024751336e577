package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/console"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/people"
)

// founded makes a company in the console and returns it.
func (w *world) founded(t *testing.T, b *browse.Browser, name, handle string) *fixture.Home {
	t.Helper()
	form := b.Get(home + "/setup")
	done := b.Submit(form, formTo(t, form, "/setup"), "name", name, "handle", handle)
	made, _, ok := w.Registry.ByHost(handle + ".rookery.test")
	if done.Status != http.StatusSeeOther || !ok || done.Location() != "/tenants/"+made.ID.String()+"/setup" {
		t.Fatalf("%s: %d to %q\n%s", handle, done.Status, done.Location(), done.Body)
	}
	return &fixture.Home{Tenant: made}
}

// From a login of one's own to a company with an account and a colleague, by forms alone.
func TestACompanyIsSetUpInThreeScreens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.Person(t, "carol@c.test"))
	contains(t, "the first page", b.Get(home+"/tenants"), "No company yet", `href="/setup"`, "Set up your company")
	form := b.Get(home + "/setup")
	contains(t, "screen 1", form, `data-words="%.rookery.test"`, `aria-current="step"`, "Company", "step 1 of 3")
	acme := w.founded(t, b, "Acme Cycles", "acme")

	page := b.Follow(b.Get(room(acme) + "/setup"))
	contains(t, "screen 2", page, "Your own domain", "acme.rookery.test", "Stay on it for now", "step 2 of 3")
	page = b.Follow(b.Submit(page, formTo(t, page, "/setup/domain/next")))
	contains(t, "screen 3", page, "People and accounts", "step 3 of 3")
	form = page
	sent := []string{"username_1", "support", "display_name_1", "Acme Support", "email_1", "dan@c.test", "role_1", "admin", "as_1", "publisher"}
	done := b.Follow(b.Submit(page, formTo(t, page, "/setup/people"), sent...))
	contains(t, "what is left", done, "Acme Cycles is nearly ready", "4 things are left", "There is an account", "You are not alone", "Connect your own domain", "Give an account a picture", "Add a second factor")

	// The same form again changes nothing and leads to the same place.
	if again := b.Submit(form, formTo(t, form, "/setup/people"), sent...); again.Status != http.StatusSeeOther || !strings.HasSuffix(again.Location(), "/setup/done") {
		t.Errorf("sent again: %d to %q\n%s", again.Status, again.Location(), again.Body)
	}
	if n := w.count(t, `SELECT count(*) FROM invitations WHERE tenant_id = $1 AND grants <> '[]'`, acme.Tenant.ID); n != 1 {
		t.Errorf("%d invitations with an account", n)
	}
	if n := w.count(t, `SELECT count(*) FROM accounts WHERE tenant_id = $1`, acme.Tenant.ID); n != 1 {
		t.Errorf("%d accounts", n)
	}

	accounts := b.Get(room(acme))
	contains(t, "the room", accounts, "The set-up of Acme Cycles is not finished", `href="/tenants/`+acme.Tenant.ID.String()+`/setup"`, "@support@acme.rookery.test")
	after := b.Follow(b.Submit(done, formTo(t, done, "/setup/end")))
	if strings.Contains(after.Body, "is not finished") {
		t.Error("a set-up that is finished is told of")
	}
	contains(t, "the companies", b.Get(home+"/tenants"), "Acme Cycles", "Owner", "Add another company")
	if r, err := audit.Verify(t.Context(), w.PG, acme.Tenant.ID); err != nil || r.Broken != 0 || r.Entries != 6 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

func TestACompanyThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.founded(t, w.session(t, w.B.Person), "Taken", "taken")
	b := w.session(t, w.A.Person)
	form := b.Get(home + "/setup")
	before := w.count(t, `SELECT count(*) FROM tenants`)
	for name, tt := range map[string]struct {
		typed  []string
		status int
		wants  []string
	}{
		"no name":      {[]string{"name", " ", "handle", "acme"}, 422, []string{`id="company-help"`, "Type the name of your company", `value="acme"`}},
		"a long name":  {[]string{"name", strings.Repeat("x", 101), "handle", "acme"}, 422, []string{"up to 100 characters"}},
		"no handle":    {[]string{"name", "Bücher & Co", "handle", ""}, 422, []string{`id="handle-error"`, "buecher-and-co", `aria-invalid="true"`}},
		"a bad handle": {[]string{"name", "Acme", "handle", "a b"}, 422, []string{"3 to 30 letters", `value="a b"`}},
		"reserved":     {[]string{"name", "Acme", "handle", "www"}, 422, []string{"no reserved word", "www-team"}},
		"protected":    {[]string{"name", "Acme", "handle", "fam0us"}, 422, []string{"could be taken for somebody else"}},
		"taken":        {[]string{"name", "Acme", "handle", "Taken"}, 409, []string{"is taken or was used before", `href="/setup?handle=taken-team&amp;name=Acme"`, `value="Acme"`}},
		"markup":       {[]string{"name", "<script>", "handle", `"><script>`}, 422, []string{"&lt;script&gt;"}},
	} {
		got := b.Submit(form, formTo(t, form, "/setup"), tt.typed...)
		if got.Status != tt.status || strings.Contains(got.Body, "<script>") {
			t.Errorf("%s: %d", name, got.Status)
		}
		contains(t, name, got, tt.wants...)
	}
	if got := b.Submit(form, formTo(t, form, "/setup"), "name", "Acme", "handle", "acme", "nonce", ""); got.Status != http.StatusBadRequest {
		t.Errorf("without a nonce: %d", got.Status)
	}
	if after := w.count(t, `SELECT count(*) FROM tenants`); after != before {
		t.Errorf("%d companies were made", after-before)
	}
	contains(t, "a free name", b.Get(home+"/setup?handle=taken-team&name=Acme"), `value="taken-team"`, `value="Acme"`)
	if got := w.server.Browser(t).Get(home + "/setup"); got.Location() != "/sign_in?next=%2Fsetup" {
		t.Errorf("nobody is sent to %q", got.Location())
	}
}

// The form sent twice makes one company, and the third of a day is the last.
func TestTheSameFormMakesOneCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	form := b.Get(home + "/setup")
	first := b.Submit(form, formTo(t, form, "/setup"), "name", "Acme", "handle", "acme")
	second := b.Submit(form, formTo(t, form, "/setup"), "name", "Acme", "handle", "acme")
	if second.Status != http.StatusSeeOther || second.Location() != first.Location() {
		t.Errorf("sent again: %d to %q, before %q", second.Status, second.Location(), first.Location())
	}
	contains(t, "begun", b.Get(home+"/setup"), "You have begun to set up <b>Acme</b>", first.Location())
	w.founded(t, b, "Acme", "acme-2")
	w.founded(t, b, "Acme", "acme-3")
	many := b.Submit(b.Get(home+"/setup"), formTo(t, b.Get(home+"/setup"), "/setup"), "name", "Acme", "handle", "acme-4")
	if many.Status != http.StatusTooManyRequests {
		t.Errorf("the fourth: %d", many.Status)
	}
	contains(t, "the fourth", many, "3 companies within a day", `value="acme-4"`)
	if n := w.count(t, `SELECT count(*) FROM memberships WHERE person_id = $1 AND role = 'owner'`, w.A.Person); n != 4 {
		t.Errorf("owner of %d companies", n)
	}
	for range 20 {
		many = b.Submit(form, formTo(t, form, "/setup"), "name", "Acme", "handle", "acme")
	}
	if many.Status != http.StatusTooManyRequests || !strings.Contains(many.Body, "tried many names") {
		t.Errorf("the many tries: %d", many.Status)
	}
}

// Whoever comes back lands where something is left.
func TestTheSetUpGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	acme := w.founded(t, b, "Acme", "acme")
	id := acme.Tenant.ID
	for _, tt := range []struct{ name, sql, want string }{
		{"made", `UPDATE tenant_setups SET domain_at = NULL WHERE tenant_id = $1`, "/setup/domain"},
		{"without a domain for now", `UPDATE tenant_setups SET domain_at = now() WHERE tenant_id = $1`, "/setup/people"},
		{"all behind", `UPDATE tenant_setups SET people_at = now() WHERE tenant_id = $1`, "/setup/done"},
		{"people before the domain", `UPDATE tenant_setups SET domain_at = NULL WHERE tenant_id = $1`, "/setup/domain"},
		{"a domain that works", `UPDATE tenants SET federates_since = now() WHERE id = $1`, "/setup/done"},
		{"ended", `UPDATE tenant_setups SET ended_at = now() WHERE tenant_id = $1`, "/setup/done"},
		{"made otherwise", `DELETE FROM tenant_setups WHERE tenant_id = $1`, "/setup/people"},
	} {
		w.set(t, tt.sql, id)
		if err := w.Registry.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.Get(room(acme) + "/setup"); got.Status != http.StatusSeeOther || got.Location() != "/tenants/"+id.String()+tt.want {
			t.Errorf("%s: %d to %q", tt.name, got.Status, got.Location())
		}
	}
}

// The screen of the domain is the room's page in the set-up's frame: its forms stay there.
func TestTheDomainOfTheSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	acme := w.founded(t, b, "Acme", "acme")
	at := "/tenants/" + acme.Tenant.ID.String() + "/setup/domain"
	form := b.Get(home + at)
	wrong := b.Submit(form, b.Form(form, "mode", ""), "name", "co.uk")
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a suffix: %d", wrong.Status)
	}
	contains(t, "a suffix", wrong, "public suffix", "Stay on it for now", `action="`+at+`"`)
	added := b.Submit(form, b.Form(form, "mode", ""), "name", "acme-cycles.test")
	if !strings.HasPrefix(added.Location(), at+"/") {
		t.Fatalf("added: %d to %q", added.Status, added.Location())
	}
	page := b.Follow(b.Get(home + at))
	here := page.URL.Path
	if here != added.Location() {
		t.Errorf("the screen leads to %s, the form to %s", here, added.Location())
	}
	contains(t, "the name", page, "Connect acme-cycles.test", "Add two records to the DNS", `data-live="`+here+"/events?have=", `action="`+here+`/check"`, "Go on to people and accounts", "Remove acme-cycles.test")
	if strings.Contains(page.Body, "As another server sees it") || strings.Contains(page.Body, `class="side"`) {
		t.Error("the screen shows what is the room's")
	}
	if got := b.Submit(page, formTo(t, page, "/check")); got.Location() != here {
		t.Errorf("check: %d to %q", got.Status, got.Location())
	}
	again := b.Submit(page, formTo(t, page, "/check"))
	if again.Status != http.StatusTooManyRequests || !strings.Contains(again.Body, "Go on to people and accounts") {
		t.Errorf("check again: %d", again.Status)
	}
	mailed := b.Submit(page, formTo(t, page, "/send#it"), "email", "it@acme-cycles.test")
	contains(t, "mailed", mailed, "The mail to <b>it@acme-cycles.test</b> is on its way", "Go on to people and accounts")
	// What changes by itself has the set-up's forms too.
	live := w.listen(t, home+here+"/events?have=other", w.cookie(t, w.A.Person)).next("a change")
	if !strings.Contains(live, `action="`+here+"/") && !strings.Contains(live, "You can ask again") || strings.Contains(live, acme.Tenant.ID.String()+"/domains/") {
		t.Errorf("the live part leaves the set-up:\n%s", live)
	}
	gone := b.Submit(page, formTo(t, page, here+"/release#remove"), "name", "acme-cycles.test")
	if gone.Location() != at {
		t.Errorf("removed: %d to %q", gone.Status, gone.Location())
	}
	w.set(t, `UPDATE tenants SET federates_since = now() WHERE id = $1`, acme.Tenant.ID)
	w.set(t, `UPDATE domains SET state = 'live', reason = '' WHERE tenant_id = $1 AND mode <> 'platform'`, acme.Tenant.ID)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	contains(t, "done", b.Get(room(acme)+"/setup/done"), "Your own domain works")
}

func TestRowsOfPeopleAndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	acme := w.founded(t, b, "Acme", "acme")
	page := b.Get(room(acme) + "/setup/people")
	for name, tt := range map[string]struct {
		typed  []string
		status int
		wants  []string
	}{
		"a bad handle":     {[]string{"username_1", "bad name", "email_1", "dan@c.test"}, 422, []string{"cannot be a name", `value="bad name"`, `value="dan@c.test"`}},
		"a name alone":     {[]string{"display_name_2", "News"}, 422, []string{"Type a handle too", `value="News"`}},
		"twice the same":   {[]string{"username_1", "news", "username_2", "News"}, 422, []string{"cannot have the same handle"}},
		"a long name":      {[]string{"username_1", "news", "display_name_1", strings.Repeat("x", 31)}, 422, []string{"at most 30 characters"}},
		"a comma":          {[]string{"email_1", "dan@c,test", "username_1", "fine"}, 422, []string{"has a comma", `value="fine"`}},
		"no such place":    {[]string{"email_2", "dan@c.test", "role_2", "king"}, 422, []string{"one of the places"}},
		"no such role":     {[]string{"email_2", "dan@c.test", "as_2", "king"}, 422, []string{"one of the places"}},
		"who belongs here": {[]string{"email_1", "alice@a.test"}, 409, []string{"belongs to the company already"}},
	} {
		got := b.Submit(page, formTo(t, page, "/setup/people"), tt.typed...)
		if got.Status != tt.status {
			t.Errorf("%s: %d", name, got.Status)
		}
		contains(t, name, got, tt.wants...)
	}
	if n := w.count(t, `SELECT (SELECT count(*) FROM accounts WHERE tenant_id = $1) + (SELECT count(*) FROM invitations WHERE tenant_id = $1)`, acme.Tenant.ID); n != 0 {
		t.Errorf("%d rows were done although one was wrong", n)
	}
	// What is right is done; a handle that is somebody's is said under its row, and nobody is
	// invited to act as what is not there.
	if got := b.Submit(page, formTo(t, page, "/setup/people"), "username_1", "support", "more", "1"); !strings.HasSuffix(got.Location(), "/setup/people") {
		t.Errorf("save and add more: %d to %q", got.Status, got.Location())
	}
	mixed := b.Submit(page, formTo(t, page, "/setup/people"), "username_1", "news", "username_2", "Support", "display_name_2", "Another", "email_1", "dan@c.test")
	if mixed.Status != http.StatusConflict || w.count(t, `SELECT count(*) FROM invitations WHERE tenant_id = $1`, acme.Tenant.ID) != 0 {
		t.Errorf("a taken handle: %d", mixed.Status)
	}
	contains(t, "a taken handle", mixed, "@news@acme.rookery.test", "is taken", `value="Support"`, `value="dan@c.test"`)
	if got := b.Submit(page, formTo(t, page, "/setup/people")); !strings.HasSuffix(got.Location(), "/setup/done") {
		t.Errorf("nothing typed: %d to %q", got.Status, got.Location())
	}
}

// TEN-31: an admin goes through the screens and makes no owner there; others see no trace.
func TestWhoGoesThroughTheSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	acme := w.founded(t, w.session(t, w.A.Person), "Acme", "acme")
	for role, may := range map[people.Membership]bool{people.MemberAdmin: true, people.MemberBilling: false, people.MemberModerator: false, people.MemberPlain: false} {
		person := w.Person(t, string(role)+"@x.test")
		w.set(t, `INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $2, $3)`, acme.Tenant.ID, person, string(role))
		b := w.session(t, person)
		if got := b.Get(room(acme)); strings.Contains(got.Body, "Continue the set-up") != may {
			t.Errorf("%s: the room tells of the set-up: %t", role, !may)
		}
		page := b.Get(room(acme) + "/setup/people")
		if (page.Status == http.StatusOK) != may {
			t.Errorf("%s: %d", role, page.Status)
		}
		if !may {
			continue
		}
		if got := b.Submit(page, formTo(t, page, "/setup/people"), "username_1", "support", "email_1", "eve@x.test", "role_1", "owner"); got.Status != http.StatusForbidden {
			t.Errorf("an admin invites an owner: %d to %q", got.Status, got.Location())
		}
		if n := w.count(t, `SELECT count(*) FROM accounts WHERE tenant_id = $1`, acme.Tenant.ID); n != 0 {
			t.Errorf("%d accounts by a form that was refused", n)
		}
		if strings.Contains(page.Body, `value="owner"`) && strings.Contains(page.Body, "the end of the company included") {
			t.Error("an admin is offered owners")
		}
	}
	b := w.session(t, w.A.Person)
	err := w.PG.Tenant(t.Context(), acme.Tenant.ID, func(scope *pg.Scope) error { return store.SetNeedsSecondFactor(t.Context(), scope, true) })
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Get(room(acme) + "/setup"); got.Location() != "/me?needed=1" {
		t.Errorf("without the second factor that the company asks for: %d to %q", got.Status, got.Location())
	}
	err = w.PG.Tenant(t.Context(), acme.Tenant.ID, func(scope *pg.Scope) error { return store.SetNeedsSecondFactor(t.Context(), scope, false) })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.SetState(t.Context(), acme.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Get(room(acme) + "/setup/done"); got.Status != http.StatusForbidden {
		t.Errorf("of a suspended company: %d", got.Status)
	}
}

// Where strangers make no logins, nobody makes companies; those that are there go on.
func TestNoCompaniesWithoutSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.deps
	d.SignUp = false
	e := echo.New()
	console.New(d).Register(e)
	var paths []string
	for _, r := range e.Routes() {
		paths = append(paths, r.Path)
	}
	all := strings.Join(paths, " ")
	if strings.Contains(all, " /setup ") || !strings.Contains(all, "/tenants/:id/setup/done") {
		t.Errorf("routes: %s", all)
	}
	// Who has not confirmed the address is nobody yet.
	b := w.server.Browser(t)
	w.signUp(t, b, "carol@c.test")
	if got := b.Post(home+"/setup", url.Values{"name": {"Acme"}, "handle": {"acme"}, "nonce": {"n"}}, "Origin", home); got.Status != http.StatusUnauthorized {
		t.Errorf("before the mail is answered: %d to %q", got.Status, got.Location())
	}
}

// The screens fit and obey the policy. SCREENS=dir keeps pictures.
func TestSetUpScreensLook(t *testing.T) {
	t.Parallel()
	browse.NeedsChromium(t)
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	acme, bare := w.founded(t, b, "Acme Cycles", "acme"), w.founded(t, b, "Bare", "bare")
	if _, err := w.domains.Claim(t.Context(), audit.ByOperator(), acme.Tenant.ID, domains.Wish{Mode: tenant.SplitDomain, Name: "acme-cycles.test"}); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{"setup-company": home + "/setup", "setup-add": room(bare) + "/setup/domain", "setup-room": room(acme)}
	for _, screen := range []string{"domain", "people", "done"} {
		pages["setup-"+screen] = fmt.Sprintf("%s/setup/%s", room(acme), screen)
	}
	w.look(t, pages, nil)
}
