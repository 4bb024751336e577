package site

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// Me is the menu of somebody who is signed in.
type Me struct {
	Person      Person
	Token       string // against forged requests; sent with the sign-out form
	OwnURL      string
	AppsURL     string
	PasswordURL string
	SignOutURL  string
}

// GrantedApp is an app that a person has let in.
type GrantedApp struct {
	ID       string
	Name     string
	Host     string // of its website; "" when it named none
	IsOurs   bool   // made with the operator's commands, not by an app
	Icon     assets.Avatar
	Scopes   []string
	Accounts []GrantedAccount
	Action   string // where its form to end access posts
}

// GrantedAccount is an account that an app may act as.
type GrantedAccount struct {
	Account
	Since    time.Time
	LastUsed time.Time // the day; zero: never
}

// Abilities is the most that the app may do, in plain words: with an account on which the
// person has every right.
func (a GrantedApp) Abilities() []string { return abilitiesOf(a.Scopes, Owner) }

// AppsView lists what a person has let apps do on this host.
type AppsView struct {
	Tenant Tenant
	Token  string
	Apps   []GrantedApp
	Ended  string // name of the app whose access was just ended
}

// RenderApps writes the page of a person's apps.
func RenderApps(w io.Writer, v AppsView) error {
	page := v.Tenant.page("Your apps", v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "apps", v)
}

// PasswordView is the form for another password. Errors are whole sentences.
type PasswordView struct {
	Tenant     Tenant
	Action     string
	Token      string
	Mail       string // for password managers: whose password it is
	Problem    assets.Problem
	Wait       time.Duration // with assets.Paused
	OldError   string
	NewError   string
	AgainError string
	IsChanged  bool
}

// RenderPassword writes the page on which people change their own password. It posts
// authenticity_token, old_password, new_password and new_password_again.
func RenderPassword(w io.Writer, v PasswordView) error {
	page := v.Tenant.page("Change your password", v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "password", v)
}
