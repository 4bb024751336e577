package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

// The main job without JavaScript: everything is a link or a form. What came of it is read
// where it is for: the API, the federation, another browser.
func TestE2EConsoleWithoutScript(t *testing.T) {
	t.Parallel()
	d := newPlainDay(t)
	host := "acme.localhost:" + d.port()
	d.home = "http://" + host
	d.tenant("http", host)
	owner := d.account(d.client, "http", host, "support")
	mara := d.bareWindow()
	mara.Open(d.console)
	signIn(mara, owner.Email, password)
	mara.Press(".list a")
	d.room = d.console + mara.Path()

	mara.Press(`a[href$="/accounts/new"]`)
	mara.Fill("username", "news")
	mara.Fill("display_name", "Acme News")
	mara.Press("main form .btn--go")
	d.must(mara, "h1", "Acme News is ready")
	if code, body := d.get("/api/v1/accounts/lookup?acct=news", ""); code != http.StatusOK || !strings.Contains(body, `"display_name":"Acme News"`) {
		t.Errorf("the new account: %d %s", code, body)
	}
	jonas := d.inviteWithoutScript(mara, owner)
	d.publishWithoutScript(mara, jonas, owner)
	d.answerWithoutScript(mara, owner)
	d.endSessions(mara, owner)
}

// bareWindow opens a browser that runs no scripts. No pictures: the pages look as with them.
func (d *day) bareWindow() *browse.Tab {
	d.t.Helper()
	tab := d.chromium.Tab(d.t, 390).WithoutScript()
	tab.KeepScreens("", "")
	return tab
}

// inviteWithoutScript brings somebody in who may draft for the account.
func (d *day) inviteWithoutScript(mara *browse.Tab, as *account) *browse.Tab {
	d.t.Helper()
	mara.Open(d.room + "/people")
	mara.Look("noscript-people")
	mara.Fill("email", drafterMail)
	mara.Fill("account_"+as.ID, "drafter")
	mara.Press("#invite button")
	d.must(mara, "#invitations", drafterMail)
	jonas := d.bareWindow()
	jonas.Open(d.mailTo(drafterMail, "invited"))
	jonas.Fill("name", drafterName)
	jonas.Fill("password", password)
	jonas.Press("main form button")
	mara.Open(d.room + "/people")
	d.must(mara, "main table", drafterName)
	return jonas
}

// publishWithoutScript has a post written by one and approved by the other.
func (d *day) publishWithoutScript(mara, jonas *browse.Tab, as *account) {
	d.t.Helper()
	posts := func() (out []statusEntity) {
		as.must(http.MethodGet, "/api/v1/accounts/"+as.ID+"/statuses", nil, &out)
		return out
	}
	jonas.Open(d.room + "/publish/new")
	jonas.Look("noscript-publish-new")
	jonas.Fill("text", drafted1)
	jonas.Press("main form .btn--go")
	d.must(jonas, ".plan .pill", "Waiting")
	if got := posts(); len(got) != 0 {
		d.t.Errorf("before it is approved the post is there: %+v", got)
	}
	mara.Open(d.room + "/publish")
	mara.Look("noscript-publish")
	mara.Press(`form[action$="/approve"] button`)
	if got := posts(); len(got) != 1 || !strings.Contains(got[0].Content, "opens at eight") || got[0].Visibility != "public" {
		d.t.Errorf("after it was approved the posts are %+v", got)
	}
}

// answerWithoutScript answers somebody elsewhere and closes the conversation.
func (d *day) answerWithoutScript(mara *browse.Tab, as *account) {
	d.t.Helper()
	host := "globex.localhost:" + d.port()
	d.tenant("http", host)
	visitor := d.account(d.client, "http", host, "visitor")
	visitor.post(map[string]any{"status": as.Handle() + " " + question, "visibility": "public"})
	testkit.Eventually(d.t, deadline, "the mention is in the room", func() bool {
		mara.Open(d.room + "/inbox")
		return strings.Contains(mara.Text(".inbox__lines"), "Where is it?")
	})
	mara.Press(".conv")
	mara.Look("noscript-conversation")
	mara.Fill("text", "It left this morning.")
	mara.Press(`#answer button[value="send"]`)
	d.must(mara, ".thread__body", "It left this morning.")
	got := visitor.awaitNotification("mention", strings.TrimPrefix(as.Handle(), "@"))
	if got.Status == nil || !strings.Contains(got.Status.Content, "It left this morning.") || got.Status.InReplyToID == nil {
		d.t.Errorf("the answer as it came: %+v", got.Status)
	}
	mara.Press(`button[name="state"][value="done"]`)
	mara.Open(d.room + "/inbox?state=done")
	d.must(mara, ".inbox__lines", "It left this morning.")
	mara.Open(d.room + "/inbox?state=open")
	if strings.Contains(mara.Text("main"), "It left this morning.") {
		d.t.Error("the conversation that is done is among the open ones")
	}
}

// endSessions signs the person out of another browser, and ends all access of their apps.
func (d *day) endSessions(mara *browse.Tab, as *account) {
	d.t.Helper()
	other := d.bareWindow()
	other.Open(d.console)
	signIn(other, as.Email, password)
	mara.Open(d.console + "/me")
	mara.Look("noscript-me")
	mara.Press(`form[action$="/sessions/end"] button`)
	other.Open(d.room)
	d.must(other, "h1", "Sign in to Rookery")
	mara.Open(d.room + "/audit")
	d.must(mara, "main .lines", "approved a post")
	if status, text := as.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil); status != http.StatusOK {
		d.t.Fatalf("the app before all access is ended: %d %s", status, text)
	}
	mara.Open(d.console + "/me")
	mara.Click(`form[action$="/me/revoke"] [name=sure]`)
	mara.Press(`form[action$="/me/revoke"] button`)
	d.must(mara, "h1", "Sign in to Rookery")
	status, text := as.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil)
	if problem := (struct{ Error string }{}); status != http.StatusUnauthorized || json.Unmarshal([]byte(text), &problem) != nil || problem.Error == "" {
		d.t.Errorf("the app after all access was ended: %d %s", status, text)
	}
}
