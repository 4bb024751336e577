package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/tenant/sso"
)

// signedIn is what an app says that somebody has signed in with (peers/day.mjs).
type signedIn struct {
	AccessToken, Me, ID, Scheduled string
	Waiting                        []string
	Posts                          int
}

// app runs masto.js: it sends its person's browser to the company's host, where way leads
// to the consent page and past it, and posts what they say, if anything.
func (d *day) app(tab *browse.Tab, status string, way func()) signedIn {
	d.t.Helper()
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>The app</title><h1>The app</h1>"))
	}))
	defer back.Close()
	_, host, _ := strings.Cut(d.home, "://")
	cmd := nodeCommand(d.t, "day.mjs", "NODE_EXTRA_CA_CERTS="+d.cloud.trusted, fmt.Sprintf("PEER_HOSTS=%s=%s", host, d.cloud.ips[0]))
	cmd.Args = append(cmd.Args, d.home, back.URL+"/callback", status)
	var got signedIn
	result(d.t, talk(d.t, cmd, authorizeLine, "", func(page string) string {
		tab.Open(page)
		way()
		if !strings.HasPrefix(tab.Address(), back.URL) {
			d.t.Fatalf("the way to the app ends at %s:\n%s", tab.Address(), tab.Text("main"))
		}
		return browse.Evaluate[string](tab, `new URLSearchParams(location.search).get("code")`)
	}), &got)
	return got
}

// draftFromApp has the second person sign in from an app and say something, which waits.
func (d *day) draftFromApp(jonas *browse.Tab) (token string) {
	d.t.Helper()
	got := d.app(jonas, drafted1, func() {
		d.look(jonas, "site-sign-in")
		signIn(jonas, drafterMail, password)
		d.must(jonas, "h1", "Let Elk use an account")
		d.look(jonas, "site-consent")
		jonas.Press("#allow .btn--go")
	})
	if got.Me != "support" || got.Scheduled == "" || got.Posts != 0 || !slices.Equal(got.Waiting, []string{drafted1}) {
		d.t.Errorf("the drafter's app sees %+v", got)
	}
	d.open(jonas, "site-apps", d.home+"/settings/apps")
	return got.AccessToken
}

// signInToApps goes the three ways into the company's host: password, passkey, and the
// company's own login.
func (d *day) signInToApps(mara *browse.Tab) {
	d.t.Helper()
	phone := d.window()
	phone.Authenticator()
	allow := func() {
		d.must(phone, "h1", "Let Elk use an account")
		phone.Press("#allow .btn--go")
	}
	byPassword := d.app(phone, "", func() {
		signIn(phone, ownerMail, password)
		d.must(phone, "main", "passkey")
		d.look(phone, "site-passkey-offer")
		phone.Press("form[data-passkey] button")
		allow()
	})
	d.open(phone, "site-own", d.home+"/settings/login")
	d.open(phone, "site-sign-out", d.home+"/auth/sign_out")
	phone.Press("main form button")
	d.look(phone, "site-signed-out")
	byPasskey := d.app(phone, "", func() {
		phone.Press("form[data-passkey] button")
		allow()
	})
	if byPassword.Me == "" || byPasskey.Me != byPassword.Me || byPasskey.AccessToken == byPassword.AccessToken {
		d.t.Errorf("by password %+v, by passkey %+v", byPassword, byPasskey)
	}
	d.signInBySSO(mara)
}

// signInBySSO connects the company's provider, and lets somebody in whom only that knows.
func (d *day) signInBySSO(mara *browse.Tab) {
	d.t.Helper()
	d.provider = startPeer(d.t, "oidc.mjs", "PEER_SECRET="+ssoSecret, "PEER_REDIRECT="+d.home+sso.CallbackPath)
	d.provider.do("person", map[string]any{
		"sub": "zoe", "email": "zoe@acmecycles.test", "email_verified": true, "name": "Zoe Okafor", "preferred_username": "zoe",
	}, nil)
	d.open(mara, "sso-none", d.room+"/security/sso")
	for name, value := range map[string]string{"issuer": d.provider.Origin, "client_id": "rookery", "client_secret": ssoSecret, "mail_domains": "acmecycles.test"} {
		mara.Fill(name, value)
	}
	mara.Press(`button[value="test"]`)
	d.must(mara, ".note--ok", "The provider answers")
	mara.Fill("client_secret", ssoSecret)
	for _, name := range []string{"make_account", "on", "glass"} {
		browse.Evaluate[bool](mara, `(e => (e.checked || e.click(), true))(document.querySelector("[name=`+name+`]"))`)
	}
	mara.Press(`button[value="save"]`)
	d.must(mara, ".note--ok", "Saved")
	d.look(mara, "sso")
	zoe := d.window()
	got := d.app(zoe, "", func() {
		d.look(zoe, "site-sign-in-sso")
		zoe.Press(browse.Evaluate[string](zoe, `"[href='" + [...document.querySelectorAll("main a")].find(a => a.textContent.includes("Sign in with")).getAttribute("href") + "']"`))
		d.must(zoe, "h1", "Let Elk use an account")
		d.look(zoe, "site-consent-sso")
		zoe.Press("#allow .btn--go")
	})
	if got.Me != "zoe" {
		d.t.Errorf("by the company's own login the app acts as %+v", got)
	}
}

const (
	question  = "my order has not come yet. Where is it?"
	savedName = "Where orders are"
	savedText = "Sorry about the wait. Send us the number of your order in a private message, and we look."
)

// answer takes what somebody elsewhere writes from hand to hand until it is done.
func (d *day) answer(mara *browse.Tab) {
	d.t.Helper()
	d.open(mara, "inbox-none", d.room+"/inbox")
	d.open(mara, "replies-none", d.room+"/inbox/replies")
	mara.Fill("title", savedName)
	mara.Fill("text", savedText)
	mara.Press("main form .btn--go")
	d.look(mara, "replies")
	mara.Press(`main a[href*="/replies/"]`)
	d.look(mara, "reply-change")
	d.visitor.post(map[string]any{"status": "@support@" + ownDomain + " " + question, "visibility": "public"})
	testkit.Eventually(d.t, deadline, "the mention is in the room", func() bool {
		mara.Open(d.room + "/inbox")
		return strings.Contains(mara.Text(".inbox__lines"), "Where is it?")
	})
	d.open(mara, "inbox", d.room+"/inbox")
	mara.Press(".conv")
	d.look(mara, "conversation")
	mara.Click(`details[data-key="a"] summary`)
	mara.Press(`details[data-key="a"] button[name="person"][value]:not([value=""])`)
	d.is(mara, `details[data-key="a"] summary`, "You")
	mara.Click(`.reply__note summary`)
	mara.Fill("note", "They wrote last week, too.")
	mara.Press(`.reply__note button:not([type])`)
	d.is(mara, ".thread__body", "They wrote last week")
	mara.Click(`summary[aria-label="Saved replies"]`)
	mara.Press(`button[name="saved"]`)
	if got := browse.Evaluate[string](mara, `document.querySelector("#answer-text").value`); !strings.Contains(got, "Sorry about the wait") {
		d.t.Errorf("the saved reply puts in %q", got)
	}
	mara.Press(`#answer button[value="send"]`)
	d.must(mara, ".thread__body", "Sorry about the wait")
	d.open(mara, "conversation-answered", d.console+mara.Path())
	if got := mara.Text(".inbox__foot"); !strings.Contains(got, "First answer, median:") || strings.Contains(got, "none in 7 days") {
		d.t.Errorf("the time of the first answer is shown as %q", got)
	}
	mara.Press(`button[name="state"][value="done"]`)
	d.open(mara, "inbox-done", d.room+"/inbox?state=done")
	d.is(mara, ".inbox__lines", "Sorry about the wait")
	d.visitor.awaitNotification("mention", "support@"+ownDomain)
}
