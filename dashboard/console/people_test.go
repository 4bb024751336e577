package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

// invitation is the link of the latest mail to an address.
func (w *world) invitation(t *testing.T, to string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var link string
	if err := conn.QueryRow(t.Context(), `SELECT data->>'link' FROM mails WHERE recipient = $1 AND template = 'person_invited' ORDER BY id DESC LIMIT 1`, to).Scan(&link); err != nil {
		t.Fatal(err)
	}
	return link
}

func peopleRoom(h *fixture.Home) string { return room(h) + "/people" }

// A company invites somebody who has no login: the link makes one, with the accounts chosen.
func TestSomebodyIsInvitedAndJoins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	page := b.Get(peopleRoom(w.A))
	contains(t, "the room", page, "alice@a.test (you)", "Invite somebody", "@alice")
	wrong := b.Submit(page, formTo(t, page, "/invitations#invite"), "email", `mara@acme,example`)
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a comma: %d", wrong.Status)
	}
	contains(t, "a comma", wrong, "has a comma", `value="mara@acme,example"`, `aria-invalid="true"`)
	field := "account_" + ids.Format(int64(w.A.Account.ID))
	sent := b.Follow(b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "mara@acme.test", "role", "moderator", field, "drafter"))
	contains(t, "invited", sent, "mara@acme.test", "Moderator", "Take back")
	again := b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "mara@acme.test", "role", "member")
	if again.Status != http.StatusConflict || !strings.Contains(again.Body, "invited already") {
		t.Errorf("twice: %d", again.Status)
	}
	link := w.invitation(t, "mara@acme.test")
	mara := w.server.Browser(t)
	join := mara.Get(link)
	contains(t, "the link", join, "Join Tenant a.test", "mara@acme.test is invited as Moderator", "Your name")
	short := mara.Submit(join, formTo(t, join, "/invitation"), "name", "Mara", "password", "short")
	if short.Status != http.StatusUnprocessableEntity || !strings.Contains(short.Body, `value="Mara"`) {
		t.Errorf("a short password: %d", short.Status)
	}
	in := mara.Follow(mara.Submit(join, formTo(t, join, "/invitation"), "name", "Mara", "password", password))
	contains(t, "after joining", in, "@alice@a.test", "Drafter")
	if dead := mara.Get(link); dead.Status != http.StatusGone || !strings.Contains(dead.Body, "accepted already") {
		t.Errorf("the link again: %d", dead.Status)
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || r.Broken != 0 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

// Somebody known signs in; another address is told so; links that are over say why.
func TestInvitationsOfKnownPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	page := b.Get(peopleRoom(w.A))
	b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "bob@b.test", "role", "member")
	link := w.invitation(t, "bob@b.test")
	if got := w.server.Browser(t).Get(link); !strings.Contains(got.Body, "Sign in to join") || !strings.Contains(got.Body, "next=%2Finvitation") {
		t.Errorf("signed out:\n%s", got.Body)
	}
	contains(t, "as somebody else", b.Get(link), "You are signed in as alice@a.test", "Sign in as somebody else")
	if got := b.Post(link, url.Values{"token": {strings.Split(link, "token=")[1]}, "authenticity_token": formTo(t, page, "/sign_out").Values["authenticity_token"]}, "Origin", home); got.Status != http.StatusForbidden {
		t.Errorf("somebody else accepts: %d", got.Status)
	}
	bob := w.session(t, w.B.Person)
	join := bob.Get(link)
	contains(t, "the company", bob.Follow(bob.Submit(join, formTo(t, join, "/invitation"))), "@alice@a.test")
	contains(t, "both companies", bob.Get(home+"/tenants"), "Tenant a.test")

	b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "late@x.test", "role", "member")
	late := w.invitation(t, "late@x.test")
	list := b.Get(peopleRoom(w.A))
	b.Submit(list, formTo(t, list, "/resend"))
	if got := b.Get(late); got.Status != http.StatusGone || !strings.Contains(got.Body, "newer mail") {
		t.Errorf("an older link: %d", got.Status)
	}
	newer := w.invitation(t, "late@x.test")
	w.set(t, `UPDATE invitations SET expires_at = now() WHERE email = $1`, "late@x.test")
	if got := b.Get(newer); got.Status != http.StatusGone || !strings.Contains(got.Body, "has expired") {
		t.Errorf("expired: %d", got.Status)
	}
	contains(t, "the list", b.Get(peopleRoom(w.A)), "Expired")
	b.Submit(list, formTo(t, list, "/revoke"))
	if got := b.Get(newer); got.Status != http.StatusGone || !strings.Contains(got.Body, "taken back") {
		t.Errorf("taken back: %d", got.Status)
	}
}

// Places and accounts of a person change; somebody who is sent away is out at once.
func TestPlacesChangeAndPeopleGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	b, bob := w.session(t, w.A.Person), w.session(t, w.B.Person)
	at := peopleRoom(w.A) + "/" + ids.Format(int64(w.B.Person))
	page := b.Get(at)
	page = b.Follow(b.Submit(page, formTo(t, page, "/membership"), "role", "admin"))
	contains(t, "promoted", page, "Admin", `value="admin" checked`)
	page = b.Follow(b.Submit(page, formTo(t, page, "/grants"), "account_"+ids.Format(int64(w.A.Account.ID)), "publisher"))
	contains(t, "with an account", page, `value="publisher" selected`)
	if got := b.Submit(page, formTo(t, page, "/membership"), "role", "king"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("no role: %d", got.Status)
	}
	// An admin cannot touch owners.
	owner := peopleRoom(w.A) + "/" + ids.Format(int64(w.A.Person))
	theirs := bob.Get(owner)
	if strings.Contains(theirs.Body, "/membership") || strings.Contains(theirs.Body, "Send away") {
		t.Error("an admin is offered an owner's place")
	}
	token := formTo(t, theirs, "/sign_out").Values["authenticity_token"]
	for _, path := range []string{"/membership", "/away"} {
		if got := bob.Post(owner+path, url.Values{"role": {"member"}, "authenticity_token": token}, "Origin", home); got.Status != http.StatusForbidden {
			t.Errorf("an admin posts to %s of an owner: %d", path, got.Status)
		}
	}
	// The last owner stays.
	own := b.Get(owner)
	last := b.Submit(own, formTo(t, own, "/membership"), "role", "member")
	if last.Status != http.StatusConflict || !strings.Contains(last.Body, "this is the last one") {
		t.Errorf("the last owner is demoted: %d", last.Status)
	}
	leave := b.Get(peopleRoom(w.A) + "/leave")
	if got := b.Submit(leave, formTo(t, leave, "/leave")); got.Status != http.StatusConflict || !strings.Contains(got.Body, "this is the last one") {
		t.Errorf("the last owner leaves: %d", got.Status)
	}
	away := b.Get(at + "/away")
	contains(t, "the question", away, "Send bob@b.test away?", "Keep them")
	b.Follow(b.Submit(away, formTo(t, away, "/away")))
	if got := bob.Get(room(w.A)); got.Status != http.StatusNotFound {
		t.Errorf("sent away, the room is %d", got.Status)
	}
	if got := bob.Get(room(w.B)); got.Status != http.StatusOK && got.Status != http.StatusNotFound {
		t.Errorf("elsewhere: %d", got.Status)
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || r.Entries != 3 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

func TestSomebodyLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	bob := w.session(t, w.B.Person)
	page := bob.Get(peopleRoom(w.A) + "/leave")
	contains(t, "the question", page, "Leave Tenant a.test?")
	if got := bob.Submit(page, formTo(t, page, "/leave")); got.Location() != "/tenants" {
		t.Errorf("%d to %q", got.Status, got.Location())
	}
	if got := bob.Get(room(w.A)); got.Status != http.StatusNotFound {
		t.Errorf("the room is %d", got.Status)
	}
}

// The room fits the screen and obeys the policy. SCREENS=dir keeps pictures.
func TestPeoplePagesLook(t *testing.T) {
	t.Parallel()
	browse.NeedsChromium(t)
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberModerator)
	b := w.session(t, w.A.Person)
	page := b.Get(peopleRoom(w.A))
	b.Submit(page, formTo(t, page, "/invitations#invite"), "email", "mara.lindqvist@acme-cycles.test", "role", "admin")
	link := w.invitation(t, "mara.lindqvist@acme-cycles.test")
	w.look(t, map[string]string{
		"people": peopleRoom(w.A), "person": peopleRoom(w.A) + "/" + ids.Format(int64(w.B.Person)), "person-away": peopleRoom(w.A) + "/" + ids.Format(int64(w.B.Person)) + "/away",
		"join-other": link,
	}, map[string]string{"join": link})
}
