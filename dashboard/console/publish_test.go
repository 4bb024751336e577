package console_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rookery/internal/imaging"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/people"
)

// newsroom is tenant A with somebody in each role on alice's account.
type newsroom struct {
	*world
	owner, second, drafter, viewer *browse.Browser
	people                         map[string]social.PersonID
}

func newNewsroom(t *testing.T) *newsroom {
	t.Helper()
	n := &newsroom{world: newWorld(t, ""), people: map[string]social.PersonID{}}
	n.owner = n.session(t, n.A.Person)
	for name, at := range map[string]struct {
		who  **browse.Browser
		role people.Role
	}{"second": {&n.second, people.Publisher}, "drafter": {&n.drafter, people.Drafter}, "viewer": {&n.viewer, people.Viewer}} {
		person := n.Person(t, name+"@a.test")
		n.A.Grant(t, n.A.Account.ID, person, at.role)
		*at.who, n.people[name] = n.session(t, person), person
	}
	return n
}

func publishing(h *fixture.Home) string { return room(h) + "/publish" }

// send fills in the composer and sends it as a form with parts.
func (n *newsroom) send(t *testing.T, b *browse.Browser, address string, picture []byte, typed ...string) *browse.Page {
	t.Helper()
	page := b.Get(address)
	if page.Status != http.StatusOK {
		t.Fatalf("%s: %d", address, page.Status)
	}
	return n.sendFrom(t, b, page, picture, typed...)
}

func (n *newsroom) sendFrom(t *testing.T, b *browse.Browser, page *browse.Page, picture []byte, typed ...string) *browse.Page {
	t.Helper()
	form := b.Form(page, "seen", "")
	values := url.Values{}
	for _, name := range []string{"authenticity_token", "seen", "key", "account", "media_ids", "in_reply_to"} {
		values[name] = form.Values[name]
	}
	if values.Get("account") == "" {
		values.Set("account", fmt.Sprint(int64(n.A.Account.ID)))
	}
	for i := 0; i+1 < len(typed); i += 2 {
		values.Set(typed[i], typed[i+1])
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			_ = w.WriteField(name, v)
		}
	}
	if picture != nil {
		part, _ := w.CreateFormFile("file", "x.png")
		_, _ = part.Write(picture)
	}
	_ = w.Close()
	target, _ := page.URL.Parse(form.Action)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target.String(), &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Origin", home)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.Do(r)
}

func wants(t *testing.T, p *browse.Page, status int, holds ...string) *browse.Page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("%s: %d to %q, want %d\n%s", p.URL, p.Status, p.Location(), status, p.Body)
	}
	for _, text := range holds {
		if !strings.Contains(p.Body, text) {
			t.Errorf("%s lacks %q\n%s", p.URL, text, p.Body)
		}
	}
	return p
}

func (n *newsroom) list(t *testing.T, b *browse.Browser, list string, holds ...string) *browse.Page {
	t.Helper()
	return wants(t, b.Get(publishing(n.A)+"?list="+list), http.StatusOK, holds...)
}

func (n *newsroom) planOf(t *testing.T, b *browse.Browser, list string) string {
	t.Helper()
	found := regexp.MustCompile(`/publish/(\d+)"`).FindStringSubmatch(n.list(t, b, list).Body)
	if found == nil {
		t.Fatalf("no plan in %s", list)
	}
	return publishing(n.A) + "/" + found[1]
}

// A post goes from a drafter over an approver to the world, by forms alone.
func TestADraftersPostIsApproved(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	alt := "A nest on a chimney"
	page := wants(t, n.send(t, n.drafter, publishing(n.A)+"/new", imaging.MissingAvatar().Bytes, "text", "Storks are back", "alt_new", alt, "act", "attach"), http.StatusOK, alt, "Storks are back")
	if got := n.sendFrom(t, n.drafter, page, nil, "text", "Storks are back", "alt_"+n.drafter.Form(page, "seen", "").Values.Get("media_ids"), alt, "act", "send"); got.Location() == "" || !strings.Contains(got.Location(), "list=waiting") {
		t.Fatalf("sent: %d to %q\n%s", got.Status, got.Location(), got.Body)
	}
	n.list(t, n.drafter, "waiting", "Storks are back", alt, "Written by you")
	if got := n.list(t, n.viewer, "waiting", "Storks are back"); strings.Contains(got.Body, "Approve") || strings.Contains(got.Body, "Change …") {
		t.Error("a viewer is offered a decision")
	}
	list := n.list(t, n.owner, "waiting", "Approve and send", "drafter@a.test")
	stale := n.second.Get(publishing(n.A) + "?list=waiting")
	approve := n.owner.Form(list, "seen", "")
	if got := n.owner.Submit(list, approve); got.Status != http.StatusSeeOther || !strings.Contains(got.Location(), "list=sent") {
		t.Fatalf("approved: %d to %q", got.Status, got.Location())
	}
	n.list(t, n.viewer, "sent", "Storks are back", "Written by drafter@a.test", "approved by alice@a.test")
	wants(t, n.second.Submit(stale, n.second.Form(stale, "seen", "")), http.StatusConflict, "alice@a.test has", "Sent")
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		sent, err := store.SentPosts(ctx, s, []social.AccountID{n.A.Account.ID}, store.Page{})
		if err != nil || len(sent) != 1 || sent[0].AuthorID != n.people["drafter"] {
			t.Fatalf("%+v, %v", sent, err)
		}
		media, err := store.MediaOfStatuses(ctx, s, []social.StatusID{sent[0].ID})
		if files := media[sent[0].ID]; len(files) != 1 || files[0].Description != alt {
			t.Errorf("%+v", files)
		}
		return err
	})
}

// An approver changes words before they go out, or sends them back with a reason.
func TestTheApproversDesk(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	for _, text := range []string{"one", "two"} {
		if got := n.send(t, n.drafter, publishing(n.A)+"/new", nil, "text", text, "act", "send"); got.Status != http.StatusSeeOther {
			t.Fatal(got.Body)
		}
	}
	first := n.planOf(t, n.owner, "waiting")
	n.send(t, n.owner, first, nil, "text", "one, mended", "act", "send")
	n.list(t, n.viewer, "sent", "one, mended", "changed by alice@a.test")
	second := n.planOf(t, n.second, "waiting")
	page := wants(t, n.second.Get(second), http.StatusOK, "Decline", "two")
	form := n.second.Form(page, "seen", "")
	form.Action += "/decline"
	wants(t, n.second.Submit(page, form, "reason", " "), http.StatusUnprocessableEntity, "Say why")
	if got := n.second.Submit(page, form, "reason", "The price is wrong."); got.Status != http.StatusSeeOther {
		t.Fatalf("declined: %d\n%s", got.Status, got.Body)
	}
	n.list(t, n.drafter, "declined", "The price is wrong.", "declined by second@a.test")
	wants(t, n.drafter.Get(second), http.StatusOK, "It came back to you", "two")
}

// Roles are asked at every door of the room, whatever the page showed.
func TestWhoMayPublish(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	n.send(t, n.drafter, publishing(n.A)+"/new", nil, "text", "waits", "act", "send")
	open := n.planOf(t, n.owner, "waiting")
	page := n.owner.Get(open)
	form := n.owner.Form(page, "seen", "")
	token := func(b *browse.Browser) string {
		list := b.Get(publishing(n.A))
		return b.Form(list, "authenticity_token", "").Values.Get("authenticity_token")
	}
	stranger := n.session(t, n.B.Person)
	for name, tt := range map[string]struct {
		b      *browse.Browser
		token  string
		status int
	}{"drafter": {n.drafter, token(n.drafter), http.StatusForbidden}, "viewer": {n.viewer, token(n.viewer), http.StatusForbidden}, "stranger": {stranger, "x", http.StatusNotFound}} {
		for _, act := range []string{"/approve", "/decline"} {
			f := form
			f.Action = strings.TrimPrefix(open, home) + act
			if got := tt.b.Submit(page, f, "authenticity_token", tt.token, "reason", "because"); got.Status != tt.status {
				t.Errorf("%s%s: %d, want %d", name, act, got.Status, tt.status)
			}
		}
	}
	for _, path := range []string{open, open + "/discard", publishing(n.A) + "/new"} {
		if got := n.viewer.Get(path); got.Status != http.StatusNotFound && got.Status != http.StatusForbidden {
			t.Errorf("a viewer opens %s: %d", path, got.Status)
		}
	}
	if got := stranger.Get(publishing(n.A)); got.Status != http.StatusNotFound {
		t.Errorf("a stranger sees the room: %d", got.Status)
	}
	if got := n.owner.Submit(page, form, "authenticity_token", "forged"); got.Status != http.StatusForbidden {
		t.Errorf("a forged form: %d", got.Status)
	}
	n.list(t, n.owner, "waiting", "waits")
	if err := n.Registry.SetState(t.Context(), n.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := n.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := form
	f.Action = strings.TrimPrefix(open, home) + "/approve"
	if got := n.owner.Submit(page, f); got.Status != http.StatusForbidden {
		t.Errorf("published for a suspended company: %d", got.Status)
	}
}

// What was typed stays, with the error at its field; times are in the person's zone.
func TestTheComposer(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	soon := time.Now().Add(48 * time.Hour).In(time.FixedZone("", 3600))
	day := soon.Format(time.DateOnly)
	for name, tt := range map[string]struct {
		typed []string
		want  string
	}{
		"nothing": {nil, "Write something"}, "too long": {[]string{"text", strings.Repeat("x", 501)}, "longer than 500"},
		"half a time": {[]string{"text", "keep me", "date", day}, "both a date and a time"}, "no zone": {[]string{"text", "keep me", "date", day, "time", "09:30", "zone", "Middle/Earth"}, "Middle/Earth"},
		"the server's zone": {[]string{"text", "keep me", "date", day, "time", "09:30", "zone", "Local"}, "time zone"},
		"past":              {[]string{"text", "keep me", "date", "2020-01-01", "time", "09:30"}, "five minutes from now"},
		"visibility":        {[]string{"text", "keep me", "visibility", "everywhere"}, "Visibility"},
	} {
		got := wants(t, n.send(t, n.owner, publishing(n.A)+"/new", nil, append(tt.typed, "act", "send")...), http.StatusUnprocessableEntity, tt.want)
		if len(tt.typed) > 2 && !strings.Contains(got.Body, "keep me") {
			t.Errorf("%s: the words are lost", name)
		}
	}
	wants(t, n.send(t, n.owner, publishing(n.A)+"/new", []byte("no picture"), "text", "keep me", "act", "send"), http.StatusUnprocessableEntity, "keep me")
	if got := n.send(t, n.owner, publishing(n.A)+"/new", nil, "text", "later", "date", day, "time", "09:30", "zone", "Europe/Berlin", "act", "send"); !strings.Contains(got.Location(), "list=scheduled") {
		t.Fatalf("scheduled: %d to %q\n%s", got.Status, got.Location(), got.Body)
	}
	open := n.planOf(t, n.owner, "scheduled")
	wants(t, n.owner.Get(open), http.StatusOK, `value="09:30"`, `value="`+day+`"`, `value="Europe/Berlin"`)
	wants(t, n.owner.Get(publishing(n.A)+"/calendar?month="+day[:7]), http.StatusOK, "later", "09:30", "Europe/Berlin")
	wants(t, n.owner.Get(publishing(n.A)+"/calendar?month=nonsense&zone=nowhere"), http.StatusOK, "know the time zone")
	if got := n.send(t, n.owner, publishing(n.A)+"/new", nil, "text", "not yet", "act", "draft"); !strings.Contains(got.Location(), "list=drafts") {
		t.Fatalf("kept: %d", got.Status)
	}
	draft := n.planOf(t, n.owner, "drafts")
	ask := wants(t, n.owner.Get(draft+"/discard"), http.StatusOK, "Discard this post?", "not yet")
	for _, f := range ask.Forms {
		if strings.HasSuffix(f.Action, "/discard") {
			n.owner.Submit(ask, f)
		}
	}
	if got := n.list(t, n.owner, "drafts"); strings.Contains(got.Body, "not yet") {
		t.Error("it is still there")
	}
}

// A second click, or a form that the browser sends again, makes nothing; other words that are
// written into the same page do.
func TestAFormThatIsSentTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	for name, who := range map[string]struct {
		browser *browse.Browser
		list    string
	}{"published": {n.owner, "sent"}, "waiting": {n.drafter, "waiting"}} {
		page := who.browser.Get(publishing(n.A) + "/new")
		for _, text := range []string{"first " + name, "first " + name, "second " + name} {
			if got := n.sendFrom(t, who.browser, page, nil, "text", text, "act", "send"); got.Status != http.StatusSeeOther {
				t.Fatalf("%s: %d\n%s", text, got.Status, got.Body)
			}
		}
		list := n.list(t, n.owner, who.list)
		for _, text := range []string{"first " + name, "second " + name} {
			if found := strings.Count(list.Body, ">"+text+"<"); found != 1 {
				t.Errorf("%q is there %d times", text, found)
			}
		}
	}
	if got := n.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'status.publish'`, n.A.Tenant.ID); got != 2 {
		t.Errorf("%d entries of two posts", got)
	}
}
