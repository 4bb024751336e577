package console_test

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	events "rookery/internal/stream"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

// guest is somebody on another server who writes to a tenant.
type guest struct {
	t     testing.TB
	home  *fixture.Home
	posts *status.Service
	as    *social.Account
	said  int
}

func newGuest(t testing.TB, w *fixture.World, h *fixture.Home, name string) *guest {
	t.Helper()
	base := "https://velo.test/users/" + name
	g := &guest{t: t, home: h, posts: status.New(status.Options{Streams: events.New(w.PG, slog.New(slog.DiscardHandler))}),
		as: &social.Account{ID: social.AccountID(ids.New()), URI: base, Username: name, Domain: "velo.test", ActorType: "Person", DisplayName: "Ines <b>Okafor</b>",
			URL: base, InboxURL: base + "/inbox", FollowersURL: base + "/followers", CreatedAt: time.Now()}}
	h.Do(t, func(ctx context.Context, s *pg.Scope) error { return store.UpsertRemoteAccount(ctx, s, g.as) })
	return g
}

// asks sends a message to an account and returns the path of its conversation in the room.
func (g *guest) asks(to *social.Account, v social.Visibility, body, answers string) string {
	g.t.Helper()
	g.said++
	uri := fmt.Sprintf("https://velo.test/%s/%d", g.as.Username, g.said)
	var st *social.Status
	g.home.Do(g.t, func(ctx context.Context, s *pg.Scope) (err error) {
		st, _, err = g.posts.Receive(ctx, s, status.Incoming{Author: g.as, URI: uri, URL: uri, Body: body, Visibility: v, Published: time.Now(), InReplyToURI: answers,
			MentionAccountIDs: []social.AccountID{to.ID}})
		return err
	})
	return "/inbox/" + ids.Format(int64(to.ID)) + "/" + ids.Format(int64(st.ConversationID))
}

func has(t *testing.T, what string, p *browse.Page, code int, words ...string) {
	t.Helper()
	if p.Status != code {
		t.Errorf("%s: %d, want %d\n%s", what, p.Status, code, p.Body)
		return
	}
	for _, w := range words {
		if wanted := strings.TrimPrefix(w, "!"); strings.Contains(p.Body, wanted) == strings.HasPrefix(w, "!") {
			t.Errorf("%s: about %q\n%s", what, w, p.Body)
		}
	}
}

// A private message is read, warned about, answered and closed, by forms alone.
func TestAConversationByForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	has(t, "before anybody wrote", b.Get(room(w.A)+"/inbox"), 200, "Nobody waits for you")
	ines := newGuest(t, w.World, w.A, "ines")
	path := ines.asks(w.A.Account, social.Direct, "<p>order <strong>88213</strong></p>", "")
	has(t, "the list", b.Get(room(w.A)+"/inbox"), 200, "Ines &lt;b&gt;Okafor", "order 88213", path, "Private, to", "pill--wait", `data-slot="inbox-count">1<`)
	has(t, "another room's count", b.Get(room(w.A)), 200, `data-slot="inbox-count">1<`)
	page := b.Get(room(w.A) + path)
	has(t, "the conversation", page, 200, "order <strong>88213</strong>", "@ines@velo.test ", `value="direct" selected`, "data-wide hidden")
	if got := page.Header.Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self'") {
		t.Errorf("the page cannot hear what is new: %s", got)
	}
	form := b.Form(page, "seen", "")
	wide := b.Submit(page, form, "text", "@ines@velo.test it <leaves> today", "visibility", "public", "do", "send")
	has(t, "an answer for all", wide, 422, "reaches more people than the message", "it &lt;leaves&gt; today", `value="public" selected`, "Make private")
	narrow := b.Submit(wide, b.Form(wide, "seen", ""), "text", "@ines@velo.test it leaves today", "visibility", "public", "do", "narrow")
	has(t, "made private", narrow, 200, `value="direct" selected`, "it leaves today", "data-wide hidden")
	sent := b.Follow(b.Submit(narrow, b.Form(narrow, "seen", ""), "text", "@ines@velo.test it leaves today", "visibility", "direct", "do", "send"))
	has(t, "after sending", sent, 200, "Written by you · first answer after 1 min", "msg--us", "Done")
	has(t, "nothing is open", b.Get(room(w.A)+"/inbox"), 200, "Nobody waits for you", "First answer, median")
	has(t, "it waits", b.Get(room(w.A)+"/inbox?state=waiting"), 200, "You: @ines it leaves today", "Assigned to you")
	k := sent.URL.String()
	token := url.Values{"authenticity_token": {form.Values.Get("authenticity_token")}}
	with := func(name, value string) url.Values {
		v := url.Values{name: {value}}
		v.Set("authenticity_token", token.Get("authenticity_token"))
		return v
	}
	has(t, "an empty note", b.Post(k+"/note", with("note", " "), "Sec-Fetch-Site", "same-origin"), 422, "Write something into the note.")
	has(t, "a note", b.Follow(b.Post(k+"/note", with("note", "stock <low>"), "Sec-Fetch-Site", "same-origin")), 200, "only your team sees this", "stock &lt;low&gt;")
	has(t, "given to nobody", b.Follow(b.Post(k+"/assign", with("person", "0"), "Sec-Fetch-Site", "same-origin")), 200, "!assigned. Give it to")
	has(t, "done", b.Follow(b.Post(k+"/state", with("state", "done"), "Sec-Fetch-Site", "same-origin")), 200, "Open again")
	has(t, "no state", b.Post(k+"/state", with("state", "x"), "Sec-Fetch-Site", "same-origin"), 422)
	has(t, "the done ones", b.Get(room(w.A)+"/inbox?state=done&who=nobody"), 200, path)
	has(t, "writing", b.Post(k+"/writing", token, "Sec-Fetch-Site", "same-origin"), 204)
	ines.asks(w.A.Account, social.Direct, "<p>thanks</p>", "https://velo.test/ines/1")
	has(t, "opened again", b.Get(room(w.A)+"/inbox"), 200, "thanks")
}

// Who is slower reads first, and keeps the text.
func TestAnsweredMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	jonas := w.Person(t, "jonas@a.test")
	w.A.Grant(t, w.A.Account.ID, jonas, people.Publisher)
	path := newGuest(t, w.World, w.A, "ines").asks(w.A.Account, social.Public, "<p>hello</p>", "")
	one, two := w.session(t, w.A.Person), w.session(t, jonas)
	first, second := one.Get(room(w.A)+path), two.Get(room(w.A)+path)
	if got := two.Post(room(w.A)+path+"/writing", url.Values{"authenticity_token": {two.Form(second, "seen", "").Values.Get("authenticity_token")}}, "Sec-Fetch-Site", "same-origin"); got.Status != 204 {
		t.Fatalf("writing: %d", got.Status)
	}
	warned := one.Submit(first, one.Form(first, "seen", ""), "text", "@ines@velo.test mine", "visibility", "public", "do", "send")
	has(t, "over a colleague", warned, 409, "jonas@a.test is writing an answer at this moment", "mine", "Send anyway")
	has(t, "anyway", one.Follow(one.Submit(warned, one.Form(warned, "seen", ""), "text", "@ines@velo.test mine", "visibility", "public", "do", "anyway")), 200, "Written by you")
	late := two.Submit(second, two.Form(second, "seen", ""), "text", "@ines@velo.test &lt;i>too", "visibility", "public", "do", "send")
	has(t, "the slower one", late, 409, "alice@a.test has answered meanwhile", "@ines@velo.test &amp;lt;i&gt;too")
	has(t, "after reading", two.Follow(two.Submit(late, two.Form(late, "seen", ""), "text", "@ines@velo.test too", "visibility", "public", "do", "send")), 200, "Written by you")
	has(t, "without a version", one.Post(room(w.A)+path+"/answer", url.Values{"authenticity_token": {one.Form(first, "seen", "").Values.Get("authenticity_token")}, "text": {"x"}, "visibility": {"public"}},
		"Sec-Fetch-Site", "same-origin"), 409)
}

// TEN-31: each role and each route of the room.
func TestWhoMayDoWhatInConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	ines := newGuest(t, w.World, w.A, "ines")
	elsewhere := newGuest(t, w.World, w.B, "ines").asks(w.B.Account, social.Direct, "<p>not yours</p>", "")
	clerk := w.Person(t, "clerk@a.test")
	w.join(t, w.A, clerk, people.MemberOwner)
	persons := map[string]social.PersonID{"owner": w.A.Person, "no grant": clerk, "stranger": w.B.Person}
	for name, role := range map[string]people.Role{"publisher": people.Publisher, "drafter": people.Drafter, "viewer": people.Viewer} {
		persons[name] = w.Person(t, name+"@a.test")
		w.A.Grant(t, w.A.Account.ID, persons[name], role)
	}
	codes := func(owner, publisher, drafter, viewer, none, stranger int) map[string]int {
		return map[string]int{"owner": owner, "publisher": publisher, "drafter": drafter, "viewer": viewer, "no grant": none, "stranger": stranger}
	}
	acts := []struct {
		route  string
		values []string
		want   map[string]int
	}{
		{"GET /inbox", nil, codes(200, 200, 200, 200, 200, 404)},
		{"GET /inbox/replies", nil, codes(200, 200, 200, 403, 403, 404)},
		{"GET THREAD", nil, codes(200, 200, 200, 200, 404, 404)},
		{"POST THREAD/answer", []string{"text", "hello", "visibility", "direct", "do", "send"}, codes(303, 303, 303, 403, 404, 404)},
		{"POST THREAD/decline", []string{"plan", "1", "reason", "no"}, codes(404, 404, 403, 403, 404, 404)},
		{"POST THREAD/note", []string{"note", "hello"}, codes(303, 303, 303, 403, 404, 404)},
		{"POST THREAD/assign", []string{"person", "0"}, codes(303, 303, 303, 403, 404, 404)},
		{"POST THREAD/state", []string{"state", "waiting"}, codes(303, 303, 303, 403, 404, 404)},
		{"POST THREAD/writing", nil, codes(204, 204, 204, 403, 404, 404)},
		{"POST /inbox/replies", []string{"title", "a", "text", "b"}, codes(303, 303, 403, 403, 403, 404)},
		{"POST /inbox/replies/5", []string{"title", "a", "text", "b"}, codes(404, 404, 403, 403, 403, 404)},
		{"POST /inbox/replies/5/delete", nil, codes(404, 404, 403, 403, 403, 404)},
	}
	for name, person := range persons {
		b := w.session(t, person)
		token := b.Form(b.Get(home+"/tenants"), "authenticity_token", "").Values.Get("authenticity_token")
		for _, act := range acts {
			method, path, _ := strings.Cut(act.route, " ")
			thread := ines.asks(w.A.Account, social.Direct, "<p>secret</p>", "")
			address := room(w.A) + strings.Replace(path, "THREAD", thread, 1)
			var got *browse.Page
			if method == http.MethodGet {
				got = b.Get(address)
			} else {
				values := url.Values{"authenticity_token": {token}}
				for i := 0; i < len(act.values); i += 2 {
					values.Set(act.values[i], act.values[i+1])
				}
				if seen := w.versionOf(t, thread); strings.HasSuffix(path, "/answer") {
					values.Set("seen", seen)
				}
				got = b.Post(address, values, "Sec-Fetch-Site", "same-origin")
			}
			if got.Status != act.want[name] {
				t.Errorf("%s, %s: %d, want %d", name, act.route, got.Status, act.want[name])
			}
			if name == "no grant" && strings.Contains(got.Body, "secret") {
				t.Errorf("%s: somebody without a grant reads a private message", act.route)
			}
		}
		if got := b.Get(room(w.A) + elsewhere); got.Status != http.StatusNotFound || strings.Contains(got.Body, "not yours") {
			t.Errorf("%s opens another company's conversation: %d", name, got.Status)
		}
	}
	var posts, plans int
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		if posts, err = pg.Value[int](ctx, s, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND is_local`, nil); err != nil {
			return err
		}
		plans, err = pg.Value[int](ctx, s, `SELECT count(*) FROM scheduled_statuses WHERE tenant_id = @tenant_id AND state = 'waiting'`, nil)
		return err
	})
	if posts != 2 || plans != 1 {
		t.Errorf("%d answers went out and %d wait, want those of owner and publisher, and the drafter's", posts, plans)
	}
}

// versionOf is what the form of a conversation carries.
func (w *world) versionOf(t *testing.T, thread string) string {
	t.Helper()
	conversation, _ := ids.Parse(thread[strings.LastIndexByte(thread, '/')+1:])
	var last int64
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		last, err = pg.Value[int64](ctx, s, `SELECT last_incoming_id FROM desk_threads WHERE tenant_id = @tenant_id AND conversation_id = @id`, map[string]any{"id": conversation})
		return err
	})
	return ids.Format(last) + ".0"
}

// A drafter's answer waits in the conversation; a publisher reads it there, is warned there,
// and lets it out.
func TestADraftersAnswerInTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	jonas := w.Person(t, "jonas@a.test")
	w.A.Grant(t, w.A.Account.ID, jonas, people.Drafter)
	path := newGuest(t, w.World, w.A, "ines").asks(w.A.Account, social.Direct, "<p>hello</p>", "")
	drafter, owner := w.session(t, jonas), w.session(t, w.A.Person)
	page := drafter.Get(room(w.A) + path)
	has(t, "a drafter's form", page, 200, "Send for approval", "reads it before it goes out")
	for range 2 { // a double click
		has(t, "after it", drafter.Follow(drafter.Submit(page, drafter.Form(page, "seen", ""), "text", "@ines@velo.test we look", "visibility", "public", "do", "wide")), 200,
			"It waits for approval", "we look")
	}
	if n := w.count(t, `SELECT count(*) FROM scheduled_statuses WHERE author_id = $1`, jonas); n != 1 {
		t.Errorf("%d answers wait", n)
	}
	page = owner.Get(room(w.A) + path)
	has(t, "the approver's form", page, 200, "Waits for your approval", "we look", "reaches more people", "Make private", "Decline …")
	if got := owner.Submit(page, owner.Form(page, "reason", ""), "reason", " "); got.Status != 422 || !strings.Contains(got.Body, "Say why") {
		t.Errorf("declined without a reason: %d", got.Status)
	}
	form := owner.Form(page, "plan", "")
	has(t, "approved in the open", owner.Submit(page, form, "text", "@ines@velo.test we look now", "visibility", "public", "do", "send"), 422, "reaches more people", "we look now")
	has(t, "approved", owner.Follow(owner.Submit(page, form, "text", "@ines@velo.test we look now", "visibility", "direct", "do", "send")), 200,
		"Written by jonas@a.test, approved by you", "we look now")
}

// Saved replies are kept, put into an answer with the name, changed and deleted.
func TestSavedRepliesByForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	path := newGuest(t, w.World, w.A, "ines").asks(w.A.Account, social.Public, "<p>hello</p>", "")
	page := b.Get(room(w.A) + "/inbox/replies")
	has(t, "none", page, 200, "No saved replies yet")
	form := b.Form(page, "title", "")
	has(t, "without a text", b.Submit(page, form, "title", "Thanks"), 422, "needs a text", `value="Thanks"`)
	page = b.Follow(b.Submit(page, form, "title", "Thanks", "text", "Hello {name}, <thank> you."))
	has(t, "kept", page, 200, "Thanks", "&lt;thank&gt;")
	change := regexp.MustCompile(`/inbox/replies/(\d+)"`).FindStringSubmatch(page.Body)
	if change == nil {
		t.Fatal("no link to change it")
	}
	thread := b.Get(room(w.A) + path)
	has(t, "put in", b.Submit(thread, b.Form(thread, "seen", ""), "text", "@ines@velo.test ", "visibility", "public", "saved", change[1]), 200,
		"@ines@velo.test Hello Ines &lt;b&gt;Okafor&lt;/b&gt;, &lt;thank&gt; you.")
	page = b.Get(room(w.A) + "/inbox/replies/" + change[1])
	has(t, "to change", page, 200, "Change the reply", "Hello {name}")
	page = b.Follow(b.Submit(page, b.Form(page, "title", ""), "title", "Thank you", "text", "Thanks."))
	has(t, "changed", page, 200, "Thank you", "!Hello {name}")
	gone := b.Follow(b.Post(room(w.A)+"/inbox/replies/"+change[1]+"/delete", url.Values{"authenticity_token": {form.Values.Get("authenticity_token")}}, "Sec-Fetch-Site", "same-origin"))
	has(t, "deleted", gone, 200, "No saved replies yet")
	has(t, "not there", b.Get(room(w.A)+"/inbox/replies/77"), 404)
}

// What is odd in an address narrows nothing and breaks nothing.
func TestOddAddressesOfConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	newGuest(t, w.World, w.A, "ines").asks(w.A.Account, social.Public, "<p>hello</p>", "")
	for query, code := range map[string]int{
		"?state=x": 200, "?who=x&unread=1": 200, "?after=x-y-z": 200, "?after=99999999999999999999-1-1": 200, "?after=253370764799999999-9-9": 200, "?account=9": 404, "/1": 404, "/x/y": 404,
		"/1/2": 404, "?state=all&after=1-1-1": 200, "/replies/x": 404,
	} {
		if got := b.Get(room(w.A) + "/inbox" + query); got.Status != code {
			t.Errorf("%s: %d, want %d", query, got.Status, code)
		}
	}
}

var inboxStream = regexp.MustCompile(`data-inbox="([^"]+)"`)

// An open page hears of new messages and of who writes; whoever loses the role hears no more.
func TestConversationsTellWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	jonas := w.Person(t, "jonas@a.test")
	w.A.Grant(t, w.A.Account.ID, jonas, people.Publisher)
	ines := newGuest(t, w.World, w.A, "ines")
	path := ines.asks(w.A.Account, social.Public, "<p>hello</p>", "")
	s, err := w.judge.StartConsoleSession(t.Context(), jonas, "test")
	if err != nil {
		t.Fatal(err)
	}
	b := w.session(t, jonas)
	page := b.Get(room(w.A) + path)
	found := inboxStream.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatal("the page names no stream")
	}
	live := w.listen(t, home+html.UnescapeString(found[1]), s.Token)
	if first := live.next("at once"); strings.Contains(first, " new</a>") || !strings.Contains(first, `data-slot="inbox-count"`) {
		t.Errorf("at once: %s", first)
	}
	ines.asks(w.A.Account, social.Public, "<p>are you there?</p>", "https://velo.test/ines/1")
	if news := live.next("a new message"); !strings.Contains(news, "1 new</a>") || !strings.Contains(news, "There is a new message.") {
		t.Errorf("a new message: %s", news)
	}
	owner := w.session(t, w.A.Person)
	form := owner.Form(owner.Get(room(w.A)+path), "seen", "")
	owner.Post(room(w.A)+path+"/writing", url.Values{"authenticity_token": {form.Values.Get("authenticity_token")}}, "Sec-Fetch-Site", "same-origin")
	if news := live.next("somebody writes"); !strings.Contains(news, "alice@a.test</b> is writing") {
		t.Errorf("somebody writes: %s", news)
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Withdraw(ctx, scope, w.A.Account.ID, jonas)
	})
	live.ends("without a grant")
}
