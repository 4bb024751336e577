package assets_test

import "rookery/dashboard/console"

// identityPages are the handle and the keys of an account.
func identityPages() []galleryPage {
	shell := companyShell(console.Accounts)
	plain := console.HandleView{
		Shell: shell, Token: "t0ken", Account: console.Account{ID: "1", Name: "Acme Support", Handle: "@support@acme.example", Avatar: gear}, Name: "support", HandleHost: "acme.example",
		Action: "/handle", BackURL: "/profile", MaxRenames: 3, Days: 30,
	}
	wrong := plain
	wrong.Account.Handle, wrong.Name, wrong.HandleHost = workshop.Handle, "workshop_kendal_northern_fells", "social.fahrradteilefabriken.example"
	wrong.Typed, wrong.TypedSure, wrong.IsUnsure = "help", "hellp", true
	wrong.NameError = "@help@social.fahrradteilefabriken.example is taken or was used before. Names are never given twice: choose another."
	wrong.Former = []string{"@workshop_kendal_and_the_northern@social.fahrradteilefabriken.example", "@kendal@acme.example"}
	keys := console.KeysView{
		Shell: shell, Token: "t0ken", Account: plain.Account, Action: "/keys", BackURL: "/profile",
		Keys: []console.AccountKey{
			{ID: "https://social.acme.example/ap/actors/117283940516274176#main-key-2", IsSigning: true, Made: ago(50e12), Fingerprint: "9f86 d081 884c 7d65 9a2f eaa0 c55a d015 a3bf 4f1b 2b0b 822c d15d 6c15 b0f0 0a08"},
			{ID: "https://social.acme.example/ap/actors/117283940516274176#main-key-2", Made: ago(50e12), Fingerprint: "60ba 6b5e 0a3c 1d6e 7f1c 2b1a 9d4e 8c77 0d3f 5a4b 6c7d 8e9f 0a1b 2c3d 4e5f 6071"},
		},
	}
	late := keys
	late.Error = "The keys of @support were made a moment ago. Other servers need some minutes to learn of them; try again in a quarter of an hour."
	profile := console.ProfileView{
		Shell: shell, Token: "t0ken", Account: plain.Account, BackURL: "/", AppsURL: "/apps", PublicURL: "/@support", MayEdit: true, DisplayName: "Acme Support", Note: "Help with orders, parts and repairs.",
		HandleURL: "/handle", KeysURL: "/keys", DeleteURL: "/delete", Action: "/p", AvatarAction: "/a", HeaderAction: "/h", IsListed: true,
		Take: []console.TakeFile{
			{Name: "following_accounts.csv", What: "Whom it follows", URL: "/t/1"}, {Name: "followers.csv", What: "Its followers", URL: "/t/2"}, {Name: "blocked_accounts.csv", What: "Whom it blocks", URL: "/t/3"},
			{Name: "muted_accounts.csv", What: "Whom it mutes", URL: "/t/4"}, {Name: "blocked_domains.csv", What: "Servers it blocks", URL: "/t/5"}, {Name: "bookmarks.csv", What: "Its bookmarks", URL: "/t/6"},
		},
		Fields: []console.ProfileField{{Name: "Website", Value: "https://acme.example", IsVerified: true}, {}, {}, {}},
	}
	return []galleryPage{
		view("account-profile", console.RenderProfile, profile),
		view("account-handle", console.RenderHandle, plain),
		view("account-handle-wrong", console.RenderHandle, wrong),
		view("account-keys", console.RenderKeys, keys),
		view("account-keys-late", console.RenderKeys, late),
	}
}
