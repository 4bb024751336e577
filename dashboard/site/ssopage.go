package site

import (
	"io"
	"net/http"

	"rookery/tenant/sso"
)

// SSOView is a small page on the way through the company's own provider: what went wrong,
// or the question for the password of a login that exists already.
type SSOView struct {
	Tenant    Tenant
	Title     string
	Why       string
	Do        string
	Detail    string // for whoever sets it up
	RetryURL  string // "": trying again does not help
	SignInURL string
	Link      *SSOLink
	status    int
}

// SSOLink is the form that asks for the password.
type SSOLink struct {
	Action        string
	Token         string // against forged requests
	Secret        string
	Mail          string
	PasswordError string
	ForgotURL     string
}

// RenderSSO writes the page. Its form posts authenticity_token, token and password.
func RenderSSO(w io.Writer, v SSOView) error {
	page := v.Tenant.page(v.Title, v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "sso", v)
}

// SSOArrivedView tells somebody who is in that the account that was to come with it was not
// made. Why is one of sso.NoAccount.
type SSOArrivedView struct {
	Tenant  Tenant
	Why     string
	NextURL string
}

// RenderSSOArrived writes the page.
func RenderSSOArrived(w io.Writer, v SSOArrivedView) error {
	page := v.Tenant.page("You are signed in", v.Tenant.Name)
	page.NoIndex = true
	return render(w, page, "sso-arrived", v)
}

// refusedView says what happened, why, and what to do.
func refusedView(t Tenant, r *sso.Refusal) SSOView {
	company, mail := t.Name, r.Mail
	v := SSOView{Tenant: t, status: http.StatusForbidden, RetryURL: sso.StartPath}
	switch r.Kind {
	case sso.Off:
		v.status, v.RetryURL = http.StatusNotFound, ""
		v.Title, v.Why, v.Do = "There is no such way in", company+" has no login of its own here, or has turned it off.", "Sign in with your mail address and password."
	case sso.Stale:
		v.Title, v.Why, v.Do = "This sign-in cannot be finished", "It took too long, was used already, or was begun in another browser.", "Start again."
	case sso.Refused:
		v.Title, v.Why, v.Do = company+"’s login said no", "You were not signed in there, or it does not let you in here.", "Try again, or ask whoever looks after logins in your company."
		v.Detail = r.Detail
	case sso.Down:
		v.status = http.StatusServiceUnavailable
		v.Title, v.Why, v.Do = company+"’s login does not answer", "We asked it and got no answer in time. Nothing is lost.", "Try again in a minute."
	case sso.Setup:
		v.status = http.StatusBadGateway
		v.Title, v.Why, v.Do = company+"’s login is not set up right", "It and this server do not fit together.", "Show this page to whoever set it up."
		v.Detail = r.Detail
	case sso.Untrusted:
		v.Title, v.Why, v.Do = "You were not signed in", "What came back from "+company+"’s login does not prove who you are.", "Start again. If it happens again, show this page to whoever set it up."
		v.Detail = r.Detail
	case sso.NoMail:
		v.Title, v.Why, v.Do = "Your mail address is missing", company+"’s login does not tell your mail address.", "Ask whoever set it up to let it send the claim “email”."
	case sso.Unverified:
		v.Title, v.Why, v.Do = "Your mail address is not confirmed", company+"’s login does not say that "+mail+" is really yours.", "Confirm it there, then try again. Whoever set it up can also list your mail domain in the console."
	case sso.Taken:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = "You have a login already", mail+" is a login on this server that does not belong to "+company+" yet.", "Ask an owner of "+company+" to add "+mail+" to its people. Then sign in here, and type your password once."
	case sso.Unlinked:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = "You have a login already", mail+" belongs to "+company+", but its own login does not say that this address is really yours.", "Confirm the address there, then try again. Until then, sign in with your password."
	case sso.NoPassword:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = "One step is missing", mail+" is a login here that has no password yet, so that we cannot ask whether it is yours.", "Set one with “Forgot your password?” on the sign-in page, then come back this way."
	case sso.Full:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = company+" has no room for more people", "You are not among its people here yet, and nobody can be added at the moment.", "Ask an owner of "+company+"."
	case sso.SentAway:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = "You do not belong to "+company+" any more", "Somebody ended your place in it.", "If that was a mistake, ask an owner of "+company+" to add you again."
	case sso.Disabled:
		v.RetryURL = ""
		v.Title, v.Why, v.Do = "This login is closed", "Whoever runs this server has closed it.", "Ask an owner of "+company+"."
	case sso.Stranger:
		v.Title, v.Why, v.Do = "You are two people", "In the console you are signed in as somebody else than in "+company+"’s login.", "Sign out of one of them, and start again from the console."
		v.RetryURL = ""
	}
	return v
}
