package staff

import (
	"io"
	"net/url"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/ids"
	"rookery/tenant/access"
)

// Shell is what stands around every page after signing in.
type Shell struct {
	Person     Person
	Role       Role
	Token      string // against forged requests; sent with the sign-out form
	SignOutURL string
	OwnURL     string // of one's own login
	Entries    []Entry
}

// Person is who is signed in.
type Person struct {
	ID   string
	Name string
	Mail string
}

// Face is the round picture of a person.
func (p Person) Face() assets.Avatar { return assets.Avatar{Name: p.Name, Seed: p.ID} }

// Role is what somebody does for the platform.
type Role string

// Word is the role as it is written on a page.
func (r Role) Word() string {
	switch access.StaffRole(r) {
	case access.StaffAdmin:
		return "Admin of the platform"
	case access.StaffBilling:
		return "Billing staff"
	}
	return "Support staff"
}

// Place is an entry of the navigation.
type Place string

// The places.
const (
	TenantsPlace Place = "tenants"
	RevenuePlace Place = "revenue"
	DunningPlace Place = "dunning"
	MattersPlace Place = "matters"
	EventsPlace  Place = "events"
	DriftPlace   Place = "drift"
	QueuesPlace  Place = "queues"
)

// Entry is a line of the navigation.
type Entry struct {
	Text      string
	Icon      string
	URL       string
	IsCurrent bool
	IsWide    bool // phones show it in the menu: their bar has room for few
	Waits     int  // how much waits there for the staff
}

// places are the navigation in its order, with what one must be allowed for them.
var places = []struct {
	place      Place
	text, icon string
	deed       access.StaffDeed
	ofMoney    bool // only where the platform asks for it
	isWide     bool
}{
	{TenantsPlace, "Tenants", "home", access.SeeTenants, false, false},
	{RevenuePlace, "Revenue", "chart", access.SeeMoney, true, false},
	{DunningPlace, "Dunning", "horn", access.SeeTenants, true, false},
	{MattersPlace, "Matters", "memo", access.SeeTenants, false, false},
	{EventsPlace, "Events", "rss", access.SeeMoney, true, true},
	{DriftPlace, "Drift", "updown", access.SeeMoney, true, true},
	{QueuesPlace, "Queues", "wrench", access.WorkQueues, false, true},
}

func (h *Handlers) shell(v *visitor) Shell {
	s := Shell{
		Person: Person{ID: ids.Format(int64(v.person.ID)), Name: v.person.Name, Mail: v.person.Email}, Role: Role(v.session.Staff),
		Token: access.CSRF(v.session), SignOutURL: Base + "/sign_out", OwnURL: Base + ownPath,
	}
	if s.Person.Name == "" {
		s.Person.Name = v.person.Email
	}
	if v.session.Factors < 2 {
		return s // it can go nowhere yet
	}
	for _, p := range places {
		if !v.may(p.deed) || p.ofMoney && h.Billing == nil || p.place == QueuesPlace && h.Queues == nil {
			continue
		}
		entry := Entry{Text: p.text, Icon: p.icon, URL: Base + "/" + string(p.place), IsCurrent: v.place == p.place, IsWide: p.isWide}
		if p.place == MattersPlace {
			entry.Waits = v.waiting.Names
			if h.Billing != nil {
				entry.Waits += v.waiting.Matters
			}
		}
		s.Entries = append(s.Entries, entry)
	}
	return s
}

// SignInView is the sign-in page of the staff.
type SignInView struct {
	Form assets.SignInForm
	Host string // of the platform
}

// RenderSignIn writes the sign-in page. Its form is the first that posts.
func RenderSignIn(w io.Writer, v SignInView) error {
	return render(w, "Staff sign-in", "", "staff-signin", v)
}

// GateView is one of the small pages at the way in.
type GateView struct {
	Gate assets.Gate
	Host string
}

// RenderGate writes such a page.
func RenderGate(w io.Writer, v GateView) error { return render(w, v.Gate.Title(), "", "staff-gate", v) }

// OwnView is one of the pages on which the staff look after their own login.
type OwnView struct {
	Shell Shell
	Page  web.OwnPage
}

// RenderOwn writes such a page.
func RenderOwn(w io.Writer, v OwnView) error { return render(w, v.Page.Title, "", "staff-me", v) }

// RenderError writes an error page. It stands alone: who is signed in may not be known.
func RenderError(w io.Writer, card assets.FaultCard) error {
	return render(w, card.Title, "", "staff-error", card)
}

// older is the address of the page behind this one: a list, what comes before a row, and pairs
// of names and values that keep what was searched for.
func older(list, before string, kept ...string) string {
	q := url.Values{"before": {before}}
	for i := 0; i+1 < len(kept); i += 2 {
		if kept[i+1] != "" {
			q.Set(kept[i], kept[i+1])
		}
	}
	return list + "?" + q.Encode()
}
