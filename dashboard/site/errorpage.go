package site

import (
	"io"
	"net/http"

	"rookery/dashboard/web"
)

// ErrorView is the page for an answer that is not the page asked for.
type ErrorView struct {
	Tenant *Tenant // nil where the host is nobody's, as with 421
	Fault  web.Fault
}

// faultWords are where a tenant's site knows better than the general words.
var faultWords = map[int]web.Words{
	http.StatusUnauthorized: {Title: "Sign in first", Why: "This page is for people who run accounts here.", Do: "Sign in, then open it again."},
	http.StatusForbidden:    {Title: "This is not open to you", Why: "You are signed in, but your role does not include it.", Do: "Ask an owner of the account if you need it."},
}

// RenderError writes an error page. It does not set the status of the answer.
func RenderError(w io.Writer, v ErrorView) error {
	card := web.Explain(v.Fault, faultWords)
	var t Tenant
	if v.Tenant != nil && v.Fault.Status != http.StatusMisdirectedRequest {
		t = *v.Tenant
	}
	if t.Name != "" {
		card.BackURL, card.BackText = "/", "Front page"
	}
	if t.SignInURL != "" && v.Fault.Status == http.StatusUnauthorized {
		card.BackURL, card.BackText = t.SignInURL, "Sign in"
	}
	page := t.page(card.Title, t.Name)
	page.NoIndex = true
	return render(w, page, "error", map[string]any{"Tenant": t, "Card": card})
}
