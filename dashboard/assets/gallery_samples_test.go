package assets_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
)

// galleryPage is one page of the gallery, filled with what a real one holds.
type galleryPage struct {
	name   string
	render func(io.Writer) error
}

func (p galleryPage) html(t *testing.T, lang string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := p.render(assets.In(&out, lang)); err != nil {
		t.Fatalf("render %s: %v", p.name, err)
	}
	return out.Bytes()
}

const brandColour = "#C8501E"

var (
	gear = assets.Avatar{URL: "/pic/gear.svg", Name: "Acme Support", Seed: "1"}

	acme = site.Tenant{
		Name: "Acme Cycles", ShortName: "Acme", Host: "social.acme.example", HandleHost: "acme.example",
		Description: "Bicycles from the fell side, and the nine workshops that look after them. Questions about an order, a part or a ride are answered here.",
		Logo:        gear, BrandHash: assets.BrandHash(brandColour), SignInURL: "/auth/sign_in",
		Links: []site.Link{{Text: "About", URL: "/about"}, {Text: "Privacy", URL: "/privacy"}, {Text: "Terms", URL: "/imprint"}},
	}
	support = site.Account{
		ID: "1", Name: "Acme Support", Handle: "@support@acme.example", URL: "/@support", Avatar: gear,
		Summary: "Help with orders, parts and repairs. Monday to Saturday, 8:00 to 20:00.",
	}
	news = site.Account{
		ID: "2", Name: "Acme News", Handle: "@news@acme.example", URL: "/@news",
		Avatar: assets.Avatar{Name: "Acme News", Seed: "2"}, Summary: "New bikes, recalls and opening hours.",
	}
	workshop = site.Account{
		ID: "3", Name: "Acme Workshop Kendal and the Northern Fells", Handle: "@workshop_kendal_northern_fells@acme.example", URL: "/@workshop",
		Avatar: assets.Avatar{Name: "Workshop Kendal", Seed: "30"},
	}
	rider = site.Account{
		ID: "90", Name: "Priya rides 🚲", Handle: "@priya@mastodon.example", URL: "https://mastodon.example/@priya",
		Avatar: assets.Avatar{Name: "Priya rides", Seed: "94"},
	}
	mara = site.Person{ID: "6", Name: "Mara Lindqvist", Mail: "mara@acme.example"}
)

func ago(d time.Duration) time.Time { return time.Now().Add(-d) }

func samplePosts() []site.Post {
	hub := site.Media{
		Kind: site.Image, URL: "/pic/hub.svg", Type: "image/svg+xml", Width: 1280, Height: 720,
		Alt: "Drawing of a rear hub. An arrow shows the small lock ring left of the sprockets, to be turned a quarter turn clockwise.",
	}
	plain := hub
	plain.Alt = ""
	film := site.Media{Kind: site.Video, URL: "/pic/ride.mp4", Preview: "/pic/hills.svg", Type: "video/mp4", Width: 1500, Height: 500, Alt: "A ride over the fells at sunrise"}
	return []site.Post{
		{ID: "101", By: support, URL: "/@support/101", At: ago(18 * 24 * time.Hour), IsPinned: true, Replies: 38, Boosts: 214, Favourites: 1502,
			Content: `<p>Winter check, free at all nine workshops until 12 December: brakes, chain, lights, tyres. It takes 20 minutes and you can wait with a coffee.</p>`,
			Card:    &site.LinkCard{URL: "https://acme.example/winter", Host: "acme.example", Title: "Book a winter check", Description: "Pick a workshop and a time. No account needed."}},
		{ID: "102", By: support, URL: "/@support/102", At: ago(3 * time.Hour), Lang: "en", Replies: 12, Boosts: 46, Favourites: 131, Media: []site.Media{hub},
			Content: `<p>Does your rear hub tick when you stop pedalling? On the Fell 3 the lock ring can settle after the first 200 km. A quarter turn with a 15 mm key fixes it.</p><p><a href="/tags/fell3" class="mention hashtag" rel="tag">#<span>fell3</span></a> <a href="https://acme.example/help/rear-hub-that-ticks" rel="nofollow noopener"><span class="invisible">https://</span><span class="ellipsis">acme.example/help/rear-hub</span><span class="invisible">-that-ticks</span></a></p>`},
		{ID: "103", By: support, URL: "/@support/103", At: ago(46 * time.Hour), Replies: 67, Boosts: 29, Favourites: 88,
			Content: `<p>Which spare part should every Acme shop keep on the shelf?</p>`,
			Poll: &site.Poll{Voters: 1204, EndsAt: ago(20 * time.Hour), IsClosed: true, Options: []site.PollOption{
				{Title: "Brake pads", Share: 46}, {Title: "Rear mech hangers", Share: 31}, {Title: "Inner tubes, all sizes", Share: 23}}}},
		{ID: "104", By: support, URL: "/@support/104", At: ago(70 * time.Hour), Warning: "Recall: Fell 2 stem bolts", Replies: 21, Boosts: 340, Favourites: 96,
			Content: `<p>Please stop riding Fell 2 frames with numbers from F2-1100 to F2-1480 until the two stem bolts have been changed.</p><ul><li>Every workshop has the bolts.</li><li>It takes five minutes.</li></ul>`},
		{ID: "105", By: rider, URL: "https://mastodon.example/@priya/105", At: ago(80 * time.Hour), IsRemote: true, OriginHost: "mastodon.example", BoostedBy: &support,
			Content: `<p>Shout-out to <a href="/@support" class="u-url mention">@<span>support</span></a>: answer in eleven minutes, fixed in five. A-very-long-word-without-any-place-to-break-it-LoremipsumdolorsitametconsetetursadipscingelitrseddiamnonumyeirmodtemporinviduntutlaboreE</p>`},
		{ID: "106", By: support, URL: "/@support/106", At: ago(9 * 24 * time.Hour), ReplyTo: "@priya@mastodon.example", Replies: 1, Media: []site.Media{hub, plain, film},
			Content: `<p>Three views of it. <code>F2-1100</code> is stamped below the bottom bracket.</p><blockquote><p>Where is the number?</p></blockquote>`},
		{ID: "107", By: support, URL: "/@support/107", At: ago(400 * 24 * time.Hour), IsSensitive: true, Media: []site.Media{hub, hub},
			Content: `<p>What a chain looks like after 9,000 km without a drop of oil.</p>`},
	}
}

func sampleProfile(tab site.Tab) site.ProfileView {
	return site.ProfileView{
		Tenant: acme, Account: support, Current: tab,
		Bio: `<p>Help with your Acme bike: orders, parts and repairs. Four people read this account. For anything with your address in it, write us a private mention.</p>`,
		Fields: []site.Field{
			{Name: "Website", Value: `<a href="https://acme.example/help" rel="me nofollow noopener"><span class="invisible">https://</span>acme.example/help</a>`, VerifiedAt: ago(50 * time.Hour)},
			{Name: "Here for you", Value: "Mon to Sat, 8:00 to 20:00 CET"},
			{Name: "Usual answer", Value: "within 40 minutes"},
		},
		Header: site.Media{URL: "/pic/hills.svg", Alt: "A road climbs through hills at sunrise"},
		IsBot:  true, IsLocked: true, FollowersURL: "/@support/followers", FollowingURL: "/@support/following",
		Posts: 1482, Followers: 12906, Following: 41, Since: ago(900 * 24 * time.Hour),
		Tabs: []site.TabLink{{Tab: site.TabPosts, URL: "/@support"}, {Tab: site.TabReplies, URL: "/@support/with_replies"}, {Tab: site.TabMedia, URL: "/@support/media"}, {Tab: site.TabAbout, URL: "/@support/about"}},
		List: samplePosts(), Older: "/@support?max_id=101",
		FollowURL: "/@support/follow", FeedURL: "/@support/feed.rss", ActivityURL: "https://social.acme.example/ap/actors/1",
		Canonical: "https://social.acme.example/@support", Siblings: []site.Account{news, workshop},
	}
}

func sampleConsent() site.ConsentView {
	return site.ConsentView{
		Tenant: acme,
		App:    site.ConsentApp{Name: "Heron", Host: "heron.example", Icon: assets.Avatar{Name: "Heron", Seed: "heron"}},
		Accounts: []site.ConsentAccount{
			{Account: support, Role: site.Publisher}, {Account: news, Role: site.Drafter}, {Account: workshop, Role: site.Viewer}},
		Scopes: []string{"read", "write", "follow", "push"}, Action: "/oauth/authorize", Token: "t0ken",
		Hidden: []site.Hidden{{Name: "client_id", Value: "c"}, {Name: "redirect_uri", Value: "heron://callback"}, {Name: "response_type", Value: "code"},
			{Name: "scope", Value: "read write follow push"}, {Name: "state", Value: `a"b`}, {Name: "code_challenge", Value: "x"}, {Name: "code_challenge_method", Value: "S256"}},
		Person: mara, SwitchURL: "/auth/sign_in?next=%2Foauth", AppsURL: "/settings/apps",
	}
}

func sampleShell(inRoom bool) console.Shell {
	s := console.Shell{Person: console.Person{ID: "6", Name: "Mara Lindqvist", Mail: "mara@acme.example"}, Token: "t0ken", SignOutURL: "/console/sign_out", TenantsURL: "/console"}
	if inRoom {
		s.Room = &console.Room{Name: "Acme Cycles", HandleHost: "acme.example", Logo: gear, Role: console.Owner, AccountsURL: "/console/acme/accounts", DomainsURL: "/console/acme/domains", PublishURL: "/console/acme/publish", InboxURL: "/console/acme/inbox", InsightsURL: "/console/acme/insights", OpenThreads: 3, Current: console.Accounts}
	}
	return s
}

func sampleAccounts() []console.Account {
	return []console.Account{
		{ID: "1", Name: "Acme Support", Handle: "@support@acme.example", Avatar: gear, Followers: 12906, Posts: 1482, Role: console.Owner, URL: "/@support"},
		{ID: "2", Name: "Acme News", Handle: "@news@acme.example", Avatar: news.Avatar, Followers: 8114, Posts: 310, Role: console.Drafter, URL: "/@news"},
		{ID: "3", Name: workshop.Name, Handle: workshop.Handle, Avatar: workshop.Avatar, Followers: 1, Posts: 0, URL: "/@workshop"},
	}
}

// signedIn is Acme with the menu of somebody who is signed in.
func signedIn() site.Tenant {
	t := acme
	t.Me = &site.Me{Person: mara, Token: "t0ken", OwnURL: "/settings/login", AppsURL: "/settings/apps", PasswordURL: "/settings/password", SignOutURL: "/auth/sign_out"}
	return t
}

func sampleApps() site.AppsView {
	return site.AppsView{Tenant: signedIn(), Token: "t0ken", Ended: "Kestrel", Apps: []site.GrantedApp{
		{ID: "1", Name: "Heron", Host: "heron.example", Icon: assets.Avatar{Name: "Heron", Seed: "heron"}, Scopes: []string{"read", "write", "follow", "push"}, Action: "/settings/apps/1/end",
			Accounts: []site.GrantedAccount{
				{Account: support, Since: ago(90 * 24 * time.Hour), LastUsed: ago(3 * time.Hour)},
				{Account: workshop, Since: ago(40 * 24 * time.Hour), LastUsed: ago(12 * 24 * time.Hour)},
			}},
		{ID: "2", Name: "A program with a name as long as programs may have, sixty", Icon: assets.Avatar{Name: "A program", Seed: "p"}, Scopes: []string{"read:statuses"}, Action: "/settings/apps/2/end",
			Accounts: []site.GrantedAccount{{Account: news, Since: ago(26 * time.Hour)}}},
		{ID: "3", Name: "Rookery", IsOurs: true, Icon: assets.Avatar{Name: "Rookery", Seed: "r"}, Scopes: []string{"read"}, Action: "/settings/apps/3/end",
			Accounts: []site.GrantedAccount{{Account: news, Since: ago(26 * time.Hour)}}},
	}}
}
