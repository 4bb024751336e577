package site

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// FrontView is the first page of a tenant's host.
type FrontView struct {
	Tenant    Tenant
	Accounts  []Account
	Picture   string // that stands for the tenant; ""
	Canonical string
}

// RenderFront writes the first page of a tenant's host.
func RenderFront(w io.Writer, v FrontView) error {
	page := v.Tenant.page("", v.Tenant.Name)
	page.Description, page.Canonical = v.Tenant.Description, v.Canonical
	page.Graph = &assets.Graph{
		Type: "website", SiteName: v.Tenant.Name, Title: v.Tenant.Name,
		Description: v.Tenant.Description, URL: v.Canonical, Image: v.Tenant.Logo.URL,
	}
	if v.Picture != "" {
		page.Graph.Image, page.Graph.ImageWidth, page.Graph.ImageHeight, page.Graph.IsLarge = v.Picture, 1200, 630, true
	}
	return render(w, page, "front", v)
}

// TagView lists the public posts of this host with a hashtag.
type TagView struct {
	Tenant    Tenant
	Tag       string // without the #
	List      []Post
	Older     string
	Newer     string
	Canonical string
	FeedURL   string
}

// RenderTag writes the page of a hashtag.
func RenderTag(w io.Writer, v TagView) error {
	page := v.Tenant.page("", "#"+v.Tag+" · "+v.Tenant.Name)
	page.Canonical, page.FeedURL, page.FeedTitle = v.Canonical, v.FeedURL, "#"+v.Tag
	return render(w, page, "tag", v)
}

// Rule is one of the rules of a house.
type Rule struct {
	Text string
	Hint string
}

// WrittenView is a page that holds one long text of the tenant.
type WrittenView struct {
	Tenant    Tenant
	Title     string
	Content   assets.SafeHTML
	At        time.Time // when it was last changed
	Canonical string
}

// RenderWritten writes such a page.
func RenderWritten(w io.Writer, v WrittenView) error {
	page := v.Tenant.page(v.Title, v.Tenant.Name)
	page.Canonical = v.Canonical
	return render(w, page, "written", v)
}

// AboutView says who runs this host and by which rules.
type AboutView struct {
	Tenant      Tenant
	Description assets.SafeHTML // long form; "" shows the tenant's short one
	Contact     *Account
	ContactMail string
	Rules       []Rule
	Accounts    int
	Posts       int
	Version     string // of the software
	Canonical   string
}

// RenderAbout writes the page about a tenant's host.
func RenderAbout(w io.Writer, v AboutView) error {
	page := v.Tenant.page("About "+v.Tenant.Name, "")
	page.Description, page.Canonical = v.Tenant.Description, v.Canonical
	return render(w, page, "about", v)
}
