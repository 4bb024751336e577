package site_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"rookery/dashboard/assets"
	"rookery/dashboard/site"
	"rookery/dashboard/web"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

var acme = site.Tenant{Name: "Acme Cycles", ShortName: "Acme", Host: "social.acme.example", HandleHost: "acme.example", Logo: assets.Avatar{Name: "Acme"}}

func renderText[V any](t *testing.T, f func(io.Writer, V) error, v V) string {
	t.Helper()
	var out bytes.Buffer
	if err := f(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// form is a form as a program without a browser sees it.
type form struct {
	method, action string
	values         map[string][]string
	types          map[string]string
}

// forms reads a page's forms in document order.
func forms(t *testing.T, page string) []form {
	t.Helper()
	var out []form
	inside := false
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out
		}
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case token.Data == "form":
			inside = kind == html.StartTagToken
			if inside {
				out = append(out, form{attr["method"], attr["action"], map[string][]string{}, map[string]string{}})
			}
		case token.Data == "input" && inside:
			f := out[len(out)-1]
			f.values[attr["name"]] = append(f.values[attr["name"]], attr["value"])
			f.types[attr["name"]] = attr["type"]
		case token.Data == "button" && kind == html.StartTagToken && attr["name"] != "":
			t.Errorf("a button has the name %q", attr["name"])
		}
	}
}

func TestSignInFormComesFirst(t *testing.T) {
	t.Parallel()
	page := renderText(t, site.RenderSignIn, site.SignInView{Tenant: acme, Form: assets.SignInForm{
		Action: "/auth/sign_in", Token: "t0ken", Next: "/oauth/authorize?client_id=a&state=b", Mail: `mara"@acme.example`, Problem: assets.Mismatch,
	}})
	all := forms(t, page)
	if len(all) != 1 {
		t.Fatalf("%d forms, want the sign-in form alone", len(all))
	}
	f := all[0]
	if f.method != "post" || f.action != "/auth/sign_in" || f.types["email"] != "email" || f.types["password"] != "password" {
		t.Errorf("form %+v", f)
	}
	if got := f.values["next"]; !slices.Equal(got, []string{"/oauth/authorize?client_id=a&state=b"}) {
		t.Errorf("next = %q", got)
	}
	if f.values["authenticity_token"][0] != "t0ken" || f.values["email"][0] != `mara"@acme.example` || f.values["password"][0] != "" {
		t.Errorf("values %q", f.values)
	}
	if !strings.Contains(page, `role="alert"`) {
		t.Error("the problem is not announced")
	}
}

func consent() site.ConsentView {
	account := func(id, name string) site.Account {
		return site.Account{ID: id, Name: name, Handle: "@" + strings.ToLower(name) + "@acme.example"}
	}
	return site.ConsentView{
		Tenant: acme, App: site.ConsentApp{Name: "Heron", Host: "heron.example"}, Action: "/oauth/authorize", Token: "t0ken",
		Accounts: []site.ConsentAccount{{Account: account("1", "Support"), Role: site.Owner}, {Account: account("2", "News"), Role: site.Drafter}, {Account: account("3", "Shop"), Role: site.Viewer}},
		Scopes:   []string{"read:statuses", "push"}, Hidden: []site.Hidden{{Name: "client_id", Value: "c"}, {Name: "state", Value: `"><script>`}},
		Person: site.Person{ID: "6", Name: "Mara", Mail: "mara@acme.example"},
	}
}

func TestConsentForms(t *testing.T) {
	t.Parallel()
	page := renderText(t, site.RenderConsent, consent())
	all := forms(t, page)
	if len(all) != 2 {
		t.Fatalf("%d forms, want allow and deny", len(all))
	}
	for i, decision := range []string{"allow", "deny"} {
		f := all[i]
		if f.method != "post" || f.action != "/oauth/authorize" || !slices.Equal(f.values["decision"], []string{decision}) {
			t.Errorf("form %d: %+v, want a post that says %s", i, f, decision)
		}
		if f.values["authenticity_token"][0] != "t0ken" || f.values["client_id"][0] != "c" || f.values["state"][0] != `"><script>` {
			t.Errorf("form %s lost a value: %q", decision, f.values)
		}
	}
	if got := all[0].values["account_id"]; !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("accounts to choose from: %q", got)
	}
	for _, want := range []string{"Posts at once", "Needs approval", "Read only", "heron.example", "Acme has not checked it"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Count(page, " checked>") != 1 {
		t.Error("not exactly one account is ticked")
	}
}

func TestAbilitiesFollowScopes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scopes []string
		has    []string
		lacks  []string
	}{
		"reading":     {[]string{"read"}, []string{"Read timelines"}, []string{"Post,", "Follow,", "notifications to your phone"}},
		"one part":    {[]string{"read:statuses"}, []string{"Read timelines"}, []string{"Post,"}},
		"all of old":  {[]string{"read", "write", "follow", "push"}, []string{"Read", "Post,", "Follow,", "phone"}, []string{"Moderate"}},
		"write alone": {[]string{"write"}, []string{"Post,", "Follow,"}, []string{"Read timelines"}},
		"profile":     {[]string{"profile"}, []string{"picture"}, []string{"Read timelines"}},
		"moderation":  {[]string{"admin:read:reports"}, []string{"See reports"}, []string{"Moderate", "Read timelines"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(site.ConsentView{Scopes: tt.scopes, Accounts: []site.ConsentAccount{{Role: site.Owner}}}.Grants()[0].Can, "\n")
			for _, want := range tt.has {
				if !strings.Contains(got, want) {
					t.Errorf("abilities lack %q:\n%s", want, got)
				}
			}
			for _, bad := range tt.lacks {
				if strings.Contains(got, bad) {
					t.Errorf("abilities promise %q:\n%s", bad, got)
				}
			}
		})
	}
}

// The page promises of each account what the judge of tokens allows its role.
func TestConsentPromisesWhatTheRoleMay(t *testing.T) {
	t.Parallel()
	v := consent()
	v.Scopes = []string{"read", "write", "follow"}
	v.Accounts = append(v.Accounts, site.ConsentAccount{Account: site.Account{ID: "4", Name: "Press"}, Role: site.Publisher})
	grants := v.Grants()
	if len(grants) != 4 {
		t.Fatalf("%d grants", len(grants))
	}
	for _, g := range grants {
		can, role := strings.Join(g.Can, "\n"), people.Role(g.Role)
		for words, act := range map[string]access.Action{
			"Post,": access.Post, "Follow,": access.Relate, "change its profile": access.Manage, "Read timelines": access.Read,
		} {
			if strings.Contains(can, words) != (access.Allow(role, act) == nil) {
				t.Errorf("a %s (%s) and %q:\n%s", g.Role, act, words, can)
			}
		}
		if waits := strings.Contains(can, "approves"); waits != (access.Allow(role, access.Draft) == nil && access.Allow(role, access.Post) != nil) {
			t.Errorf("a %s waits for approval: %t", g.Role, waits)
		}
		if (g.Withheld == "") != (access.Allow(role, access.Manage) == nil) {
			t.Errorf("a %s is refused %q", g.Role, g.Withheld)
		}
	}
	page := renderText(t, site.RenderConsent, v)
	for _, want := range []string{"will be able to, as News", "somebody approves", `data-role="drafter"`, "may-as--drafter"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A page shows markup only where it was sanitised, and nothing else as markup.
func TestEverythingElseIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>`
	by := site.Account{Name: evil, Handle: evil, URL: "javascript:alert(1)"}
	page := renderText(t, site.RenderPost, site.PostView{Tenant: site.Tenant{Name: evil}, Post: site.Post{
		By: by, URL: "javascript:alert(1)", Content: "<p>fine</p>", Warning: evil, At: time.Now(),
		Media: []site.Media{{Kind: site.Image, URL: "/a.png", Alt: `" onerror="x`}},
		Card:  &site.LinkCard{URL: "javascript:alert(1)", Title: evil},
		Poll:  &site.Poll{Options: []site.PollOption{{Title: evil, Share: 300}}},
	}})
	if strings.Contains(page, evil) || strings.Contains(page, `href="javascript:`) || strings.Contains(page, `" onerror="`) {
		t.Errorf("something got through:\n%s", page)
	}
	if !strings.Contains(page, "<p>fine</p>") || !strings.Contains(page, `<rect width="100%"`) {
		t.Error("sanitised content or the poll's bar is missing")
	}
}

func TestPostPageTellsOthers(t *testing.T) {
	t.Parallel()
	post := site.Post{
		By: site.Account{Name: "Acme Support", Handle: "@support@acme.example", Avatar: assets.Avatar{URL: "https://media.example/a.png"}}, At: time.Date(2026, 11, 20, 11, 4, 0, 0, time.UTC),
		URL: "/@support/1", Content: "<p>Winter check</p>", Media: []site.Media{{Kind: site.Image, URL: "https://media.example/w.png", Alt: "A wheel", Width: 4, Height: 3}},
	}
	v := site.PostView{Tenant: acme, Post: post, Canonical: "https://social.acme.example/@support/1", ActivityURL: "https://social.acme.example/ap/objects/1"}
	page := renderText(t, site.RenderPost, v)
	for _, want := range []string{
		`<link rel="canonical" href="https://social.acme.example/@support/1">`,
		`<link rel="alternate" type="application/activity+json" href="https://social.acme.example/ap/objects/1">`,
		`<meta property="og:image" content="https://media.example/w.png">`, `<meta property="og:image:alt" content="A wheel">`,
		`content="summary_large_image"`, `<meta property="article:published_time" content="2026-11-20T11:04:00Z">`, `<meta property="og:description" content="Winter check">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	v.Post.Warning = "Oil"
	page = renderText(t, site.RenderPost, v)
	if strings.Contains(page, `content="https://media.example/w.png"`) || strings.Contains(page, `content="Winter check"`) {
		t.Error("the preview shows what the warning folds away")
	}
}

func TestMisdirectedNamesNobody(t *testing.T) {
	t.Parallel()
	page := renderText(t, site.RenderError, site.ErrorView{Fault: web.Fault{Status: 421}, Tenant: &acme})
	if strings.Contains(page, "Acme") || strings.Contains(page, "acme.example") {
		t.Errorf("the page of an unknown host names a tenant:\n%s", page)
	}
	page = renderText(t, site.RenderError, site.ErrorView{Fault: web.Fault{Status: 500, RequestID: "01JD"}, Tenant: &acme})
	if !strings.Contains(page, "Acme") || !strings.Contains(page, "01JD") {
		t.Error("a fault of ours shows neither the tenant nor the number")
	}
	page = renderText(t, site.RenderError, site.ErrorView{Fault: web.Fault{Status: 429, Wait: 90 * time.Second}, Tenant: &acme})
	if !strings.Contains(page, "Try again in 2 minutes.") {
		t.Errorf("no time to wait:\n%s", page)
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		post  site.Post
		limit int
		want  string
	}{
		"paragraphs":   {site.Post{Content: "<p>One</p><p>two<br>three</p>"}, 50, "One two three"},
		"entities":     {site.Post{Content: "<p>Tom &amp; Jerry &lt;3</p>"}, 50, "Tom & Jerry <3"},
		"hidden":       {site.Post{Content: `<a><span class="invisible">https://<b>x</b></span><span class="ellipsis">acme.example</span></a>`}, 50, "acme.example"},
		"cut at words": {site.Post{Content: "<p>Winter check, free at all workshops</p>"}, 15, "Winter check …"},
		"warning":      {site.Post{Content: "<p>secret</p>", Warning: "Recall"}, 50, "Recall"},
		"picture":      {site.Post{Media: []site.Media{{Alt: "A wheel"}}}, 50, "A wheel"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.post.Excerpt(tt.limit); got != tt.want {
				t.Errorf("Excerpt = %q, want %q", got, tt.want)
			}
		})
	}
}
