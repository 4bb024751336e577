package site

import (
	"io"
	"strings"
	"time"

	"rookery/dashboard/assets"
)

// Tab is a part of a profile.
type Tab string

// The tabs of a profile, each with its own address.
const (
	TabPosts   Tab = "posts"
	TabReplies Tab = "replies"
	TabMedia   Tab = "media"
	TabAbout   Tab = "about"
)

// TabLink is one tab and where it leads.
type TabLink struct {
	Tab Tab
	URL string
}

// Field is a line of an account's table. VerifiedAt is set when the page the
// value links to links back.
type Field struct {
	Name       string
	Value      assets.SafeHTML
	VerifiedAt time.Time
}

// ProfileView is the public page of an account, in one of its tabs.
type ProfileView struct {
	Tenant       Tenant
	Account      Account
	IsBot        bool // a program writes for it
	IsGroup      bool
	IsLocked     bool // asks before somebody may follow
	IsMemorial   bool
	Bio          assets.SafeHTML
	Fields       []Field
	Header       Media // URL empty: a band in the tenant's colour
	Posts        int
	Followers    int
	Following    int
	FollowersURL string // "": the account keeps its lists to itself
	FollowingURL string
	Since        time.Time
	Tabs         []TabLink
	Current      Tab
	List         []Post // for TabMedia: the posts whose media are shown
	Older        string // address of the next page; "" at the end
	Newer        string
	FollowURL    string // GET with ?handle=
	FeedURL      string
	ActivityURL  string
	Canonical    string
	Siblings     []Account // "Also from …"
	MovedTo      *Account  // the account has moved; nobody can follow it here
	NoIndex      bool
}

// RenderProfile writes the public page of an account.
func RenderProfile(w io.Writer, v ProfileView) error {
	page := v.Tenant.page("", v.Account.Name+" ("+v.Account.Handle+")")
	page.Description = plainText(string(v.Bio))
	page.Canonical, page.ActivityURL = v.Canonical, v.ActivityURL
	page.FeedURL, page.FeedTitle = v.FeedURL, v.Account.Name
	page.NoIndex = v.NoIndex
	page.Graph = &assets.Graph{
		Type:        "profile",
		SiteName:    v.Tenant.Name,
		Title:       page.Title,
		Description: page.Description,
		URL:         v.Canonical,
		Handle:      strings.TrimPrefix(v.Account.Handle, "@"),
		Image:       v.Account.Avatar.URL,
	}
	return render(w, page, "profile", v)
}

// TabName is what a tab is called.
func (t TabLink) TabName() string {
	switch t.Tab {
	case TabReplies:
		return "With replies"
	case TabMedia:
		return "Media"
	case TabAbout:
		return "About"
	default:
		return "Posts"
	}
}

// FollowView asks for the reader's own handle, when it was left out or could
// not be understood.
type FollowView struct {
	Tenant  Tenant
	Account Account
	Action  string
	Handle  string // as typed
	Error   string // a whole sentence; "" when nothing was typed yet
}

// RenderFollow writes the page that sends a reader to their own server.
func RenderFollow(w io.Writer, v FollowView) error {
	page := v.Tenant.page("Follow "+v.Account.Handle, "")
	page.NoIndex = true
	return render(w, page, "follow", v)
}

// Connections names one of the two lists of an account.
type Connections string

// The lists.
const (
	Followers Connections = "followers"
	Following Connections = "following"
)

const (
	followersPath = "/followers"
	followingPath = "/following"
)

// ConnectionsView lists who follows an account, or whom it follows.
type ConnectionsView struct {
	Tenant   Tenant
	Account  Account
	Current  Connections
	Total    int
	IsHidden bool // the account keeps them to itself
	List     []Account
	Older    string
	Newer    string
}

// RenderConnections writes the list of an account's followers, or of whom it follows.
// Search engines have no business with who knows whom.
func RenderConnections(w io.Writer, v ConnectionsView) error {
	title := "Followers of " + v.Account.Name
	if v.Current == Following {
		title = "Followed by " + v.Account.Name
	}
	page := v.Tenant.page(title, v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "connections", v)
}
