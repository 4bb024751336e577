package e2e_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"rookery/internal/testkit/browse"
)

// identify gives an account another handle, under which the old one leads on, and new keys.
func (d *day) identify(mara *browse.Tab) {
	d.t.Helper()
	mara.Open(d.room)
	mara.Press(d.linkTo(mara, "main table a", "Acme News"))
	here := d.console + mara.Path()
	d.open(mara, "account-handle", here+"/handle")
	mara.Fill("username", "herald")
	mara.Fill("sure", "news")
	mara.Press("main form .btn--go")
	d.must(mara, "main", "@herald@"+ownDomain)
	if code, to, _ := d.status("/@news", "Accept", "text/html"); code != http.StatusMovedPermanently && code != http.StatusFound || !strings.HasSuffix(to, "/@herald") {
		d.t.Errorf("the page of the old handle answers %d and leads to %q", code, to)
	}
	if code, _, body := d.status("/.well-known/webfinger?resource=acct:news@" + ownDomain); code != http.StatusOK || !strings.Contains(body, `"acct:herald@`+ownDomain+`"`) {
		d.t.Errorf("WebFinger of the old handle: %d %s", code, body)
	}
	mara.Open(here + "/handle")
	d.must(mara, "main", "@news@"+ownDomain)
	d.open(mara, "account-keys", here+"/keys")
	before := mara.Text("dd.mono")
	mara.Click("[name=sure]")
	mara.Press("main form .btn--bad")
	if after := mara.Text("dd.mono"); after == "" || after == before {
		d.t.Errorf("the fingerprint was %q and is %q", before, after)
	}
	d.is(mara, "main", "#main-key-2")
}

// linkTo is a selector of the link whose words contain some.
func (d *day) linkTo(tab *browse.Tab, among, words string) string {
	d.t.Helper()
	href := browse.Evaluate[string](tab, "([...document.querySelectorAll(`"+among+"`)].find(a => a.textContent.includes(`"+words+"`)) || {getAttribute: () => ``}).getAttribute(`href`)")
	if href == "" {
		d.t.Fatalf("at %s no link says %q:\n%s", tab.Path(), words, tab.Text("main"))
	}
	return `a[href="` + href + `"]`
}

// brand gives the company rules and a picture, and takes one of each away.
func (d *day) brand(mara *browse.Tab) {
	d.t.Helper()
	room := d.room + "/branding"
	for _, rule := range []string{"Be kind: behind every answer is a person.", "No bells after ten."} {
		mara.Open(room)
		mara.Fill("text", rule)
		mara.Press(`form[action$="/branding/rules"] button`)
		d.is(mara, "#rules", rule)
	}
	mara.Press(d.linkTo(mara, "#rules a", "No bells"))
	d.look(mara, "branding-rule")
	mara.Press("main form .btn--bad")
	if code, _, rules := d.status("/api/v1/instance/rules"); code != http.StatusOK || !strings.Contains(rules, "Be kind") || strings.Contains(rules, "No bells") {
		d.t.Errorf("apps are shown the rules %d %s", code, rules)
	}
	mara.Open(room)
	mara.Choose("#file", picture(d.t))
	mara.Press("#picture form .btn")
	d.must(mara, "#picture", "Another picture")
	mara.Fill("colour", "#C8501E")
	mara.Fill("short", "Bicycles that last, and people who mend them.")
	mara.Press("#words .btn--go")
	d.look(mara, "branding-filled")
	mara.Press(`#picture a[href$="/remove"]`)
	d.look(mara, "branding-picture-remove")
	mara.Press("main form .btn--bad")
	d.is(mara, "#picture", "None yet")
}

// secure adds an authenticator to the owner's login, with which they come in again.
func (d *day) secure(mara *browse.Tab) {
	d.t.Helper()
	mara.Open(d.console + "/me/authenticator")
	secret := strings.ReplaceAll(mara.Text("main .code code"), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	mara.Fill("code", code)
	mara.Press("main form .btn--go")
	d.look(mara, "me-codes")
	codes := strings.Fields(mara.Text("main pre"))
	d.open(mara, "me-secured", d.console+"/me")
	mara.Open(d.room + "/security")
	mara.Press(`button[name="required"]`)
	d.open(mara, "security-required", d.room+"/security")
	d.is(mara, "main .pill--ok", "On")
	mara.Press(`button[name="required"]`)

	again := d.window()
	again.Open(d.console + "/sign_in")
	signIn(again, ownerMail, password)
	d.look(again, "sign-in-second")
	again.Fill("code", codes[0])
	again.Press("main form .btn--go")
	d.must(again, "h1", "Your companies")
	again.Open(d.console + "/me")
	again.Press(`form[action$="/sessions/end-others"] button`)
	mara.Open(d.room)
	d.must(mara, "h1", "Sign in to Rookery")
	signIn(mara, ownerMail, password)
	mara.Fill("code", codes[1])
	mara.Press("main form .btn--go")
	d.must(mara, "main table", "Acme Support")
}

// startAnew changes the address of somebody who belongs to no company any more, and lets
// them forget their password. At the next sign-in they are asked for a passkey, once.
func (d *day) startAnew(jonas *browse.Tab) {
	d.t.Helper()
	const elsewhere = "jonas@elsewhere.test"
	jonas.Open(d.console + "/me")
	jonas.Fill("email", elsewhere)
	browse.Evaluate[bool](jonas, `(document.querySelector("#mail-password").value = "`+password+`", true)`)
	jonas.Press(`form[action$="/me/mail"] button`)
	d.look(jonas, "me-mail-sent")
	jonas.Open(d.mailTo(elsewhere, ""))
	d.look(jonas, "me-mail-confirm")
	jonas.Press("main form button")
	d.open(jonas, "forgot", d.console+"/sign_in/forgot")
	jonas.Fill("email", elsewhere)
	jonas.Press("main form button")
	d.look(jonas, "forgot-sent")
	jonas.Open(d.mailTo(elsewhere, "assword"))
	d.look(jonas, "reset")
	jonas.Fill("password", "another "+password)
	jonas.Press("main form button")
	jonas.Authenticator()
	jonas.Open(d.console + "/sign_in")
	signIn(jonas, elsewhere, "another "+password)
	d.must(jonas, "main", "passkey")
	d.look(jonas, "me-offer")
	jonas.Press("main a.btn")
	d.must(jonas, "main", "No company yet")
}

// requireSSO lets the company's own login alone open its doors: others see where to go, and
// an owner who may gets in without.
func (d *day) requireSSO(mara *browse.Tab) {
	d.t.Helper()
	kim := d.joinAs(mara, "kim@acmecycles.test", "Kim Arden")
	d.provider.do("person", map[string]any{"sub": "kim", "email": "kim@acmecycles.test", "email_verified": true, "name": "Kim Arden", "preferred_username": "kim"}, nil)
	mara.Open(d.room + "/security/sso")
	mara.Click("[name=required]")
	mara.Press(`button[value="save"]`)
	d.must(mara, ".note--ok", "Saved")
	kim.Open(d.room)
	d.must(kim, "h1", companyName+" wants its own login")
	d.look(kim, "sso-gate")
	kim.Press("main .btn--go")
	d.must(kim, "h1", "Is this you?")
	d.look(kim, "site-sso-link")
	kim.Fill("password", password)
	kim.Press("main form button")
	d.must(kim, ".side .me", "Kim Arden")
	d.must(kim, "h1", "Accounts")
	mara.Open(d.room + "/people")
	d.must(mara, "h1", "People")
	anybody := d.window()
	anybody.Open(d.home + "/auth/sign_in")
	d.look(anybody, "site-sign-in-sso-only")
	mara.Open(d.room + "/audit?action=sso.")
	d.is(mara, "main .lines", "signed in past single sign-on")
}

// joinAs invites somebody and returns their browser, signed in.
func (d *day) joinAs(mara *browse.Tab, mail, name string) *browse.Tab {
	d.t.Helper()
	mara.Open(d.room + "/people")
	mara.Fill("email", mail)
	mara.Press("#invite button")
	d.must(mara, "#invitations", mail)
	tab := d.window()
	tab.Open(d.mailTo(mail, "invited to "+companyName))
	tab.Fill("name", name)
	tab.Fill("password", password)
	tab.Press("main form button")
	d.must(tab, ".side .me", name)
	return tab
}
