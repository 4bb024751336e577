package console

import "rookery/dashboard/assets"

// Shell is what stands around every page of the console after signing in.
type Shell struct {
	Person     Person
	Token      string // against forged requests; sent with the sign-out form
	SignOutURL string
	TenantsURL string
	OwnURL     string // of one's own login
	Room       *Room  // the company one is in; nil on the list of companies
}

// Person is who is signed in.
type Person struct {
	ID   string
	Name string
	Mail string
}

// Face is the round picture of a person.
func (p Person) Face() assets.Avatar { return assets.Avatar{Name: p.Name, Seed: p.ID} }

// Room is one company as the console's frame shows it.
type Room struct {
	Name        string
	HandleHost  string
	Logo        assets.Avatar
	Role        Role // of the person, in this company
	AccountsURL string
	DomainsURL  string
	PublishURL  string
	InboxURL    string
	InsightsURL string
	OpenThreads int    // in which somebody waits
	EndingURL   string // where an owner deletes it; "" for others
	IsEnding    bool   // it is being deleted, and can be kept
	Current     Place
	Standing    *StandingNote // nil: everything works
	More        []Entry       // of the navigation: what not everybody may go to
}

// Place is an entry of the navigation.
type Place string

// The places of a room. An entry is added when its page is.
const (
	Accounts Place = "accounts"
	Domains  Place = "domains"
	People   Place = "people"
	Audit    Place = "audit"
	Publish  Place = "publish"
	Inbox    Place = "inbox"
)

// Entry is a line of the navigation.
type Entry struct {
	Text      string
	Short     string // for phones; "": Text
	Icon      string
	URL       string
	Count     int    // what is to be done there
	CountID   string // names the count for live updates
	IsCurrent bool
	IsWide    bool // phones show it in the menu: their bar has room for few
}

// Entries is the navigation of the room, in order.
func (r Room) Entries() []Entry {
	return []Entry{
		{Text: "Conversations", Short: "Inbox", Icon: "chat", URL: r.InboxURL, Count: r.OpenThreads, CountID: "inbox-count", IsCurrent: r.Current == Inbox},
		{Text: "Publish", Short: "Posts", Icon: "pen", URL: r.PublishURL, IsCurrent: r.Current == Publish},
		{Text: "Insights", Icon: "chart", URL: r.InsightsURL, IsCurrent: r.Current == Insights},
		{Text: "Accounts", Icon: "at", URL: r.AccountsURL, IsCurrent: r.Current == Accounts},
		{Text: "Domains", Icon: "globe", URL: r.DomainsURL, IsCurrent: r.Current == Domains, IsWide: true},
	}
}

// Role is what a person may do in a company or as an account.
type Role string

// The roles as an account, from most to least.
const (
	Owner     Role = "owner"
	Publisher Role = "publisher"
	Drafter   Role = "drafter"
	Viewer    Role = "viewer"
)

// The places in a company, besides Owner.
const (
	Admin     Role = "admin"
	Billing   Role = "billing"
	Moderator Role = "moderator"
)

// Word is the role as it is written on a page.
func (r Role) Word() string {
	switch r {
	case Owner:
		return "Owner"
	case Publisher:
		return "Publisher"
	case Drafter:
		return "Drafter"
	case Viewer:
		return "Viewer"
	case Admin:
		return "Admin"
	case Billing:
		return "Billing"
	case Moderator:
		return "Moderator"
	default:
		return "Member"
	}
}

// Effect says in one line what the role lets a person do.
func (r Role) Effect() string {
	switch r {
	case Owner:
		return "Posts at once, adds people"
	case Publisher:
		return "Posts at once"
	case Drafter:
		return "Posts need approval"
	default:
		return "Read only"
	}
}
