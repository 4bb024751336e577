package site

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// SignInView is the sign-in page of a tenant's host.
type SignInView struct {
	Tenant  Tenant
	Form    assets.SignInForm
	AppName string // signing in on the way to this app's consent page
}

// RenderSignIn writes the sign-in page. Its form is the first that posts.
func RenderSignIn(w io.Writer, v SignInView) error {
	page := v.Tenant.page("Sign in to "+v.Tenant.Name, "")
	page.NoIndex = true
	return render(w, page, "signin", v)
}

// SignedOutView says that the session is over.
type SignedOutView struct{ Tenant Tenant }

// RenderSignedOut writes the page after signing out.
func RenderSignedOut(w io.Writer, v SignedOutView) error {
	page := v.Tenant.page("Signed out of "+v.Tenant.Name, "")
	page.NoIndex = true
	return render(w, page, "signed-out", v)
}

// CodeView shows an authorisation code to be typed into an app that cannot be
// called back (urn:ietf:wg:oauth:2.0:oob).
type CodeView struct {
	Tenant   Tenant
	AppName  string
	Code     string
	ValidFor time.Duration // 0 says nothing about it
}

// RenderCode writes the page with an authorisation code.
func RenderCode(w io.Writer, v CodeView) error {
	page := v.Tenant.page("Your code for "+v.AppName, "")
	page.NoIndex = true
	return render(w, page, "code", v)
}

// SignOutView asks whether to sign out.
type SignOutView struct {
	Tenant Tenant
	Action string
	Token  string
	Person Person
}

// RenderSignOut writes the page with the button that ends the session.
func RenderSignOut(w io.Writer, v SignOutView) error {
	page := v.Tenant.page("Signed in to "+v.Tenant.Name, "")
	page.NoIndex = true
	return render(w, page, "sign-out", v)
}

// DeniedView says that an app which cannot be called back was let in to nothing.
type DeniedView struct {
	Tenant  Tenant
	AppName string
}

// RenderDenied writes the page after saying no to such an app.
func RenderDenied(w io.Writer, v DeniedView) error {
	page := v.Tenant.page("Nothing was allowed", v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "denied", v)
}
