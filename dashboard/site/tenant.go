package site

import (
	"rookery/dashboard/assets"
)

// Tenant is what every page of a tenant's host says about its owner.
type Tenant struct {
	Name        string // "Acme Cycles"
	ShortName   string // "Acme", for "Also from Acme"; "" means Name
	Host        string // of this site, with a port in development
	HandleHost  string // after the second @ of its handles
	Description string // one or two plain sentences
	Logo        assets.Avatar
	BrandHash   string    // assets.BrandHash of its colour
	SignInURL   string    // "" hides the button
	Me          *Me       // who is signed in; nil: nobody, or it does not matter here
	Standing    *Standing // nil: everything works
	Links       []Link    // footer: rules, about, privacy, imprint; only pages that exist
}

// Short is the name for running text.
func (t Tenant) Short() string {
	if t.ShortName != "" {
		return t.ShortName
	}
	return t.Name
}

// Link is a word that leads somewhere.
type Link struct {
	Text string
	URL  string
}

// Account is an account in a list or beside a post.
type Account struct {
	ID      string
	Name    string
	Handle  string // whole, with both @
	URL     string // its page: here, or on its own server
	Avatar  assets.Avatar
	Summary string // one plain line, for lists
}

// User is the handle without its host, for "Allow as @support".
func (a Account) User() string {
	for i, r := range a.Handle {
		if i > 0 && r == '@' {
			return a.Handle[:i]
		}
	}
	return a.Handle
}

// page is one of the tenant's. what it is comes in our words, title in somebody's.
func (t Tenant) page(what, title string) assets.Page {
	return assets.Page{What: what, Title: title, BrandHash: t.BrandHash}
}
