package site

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// ErrorView is the page for an answer that is not the page asked for.
type ErrorView struct {
	Tenant    *Tenant // nil where the host is nobody's, as with 421
	Status    int
	Reason    string        // the fault's own text for users, when it has one
	Wait      time.Duration // with 429 and 503: when to try again; 0 says "in a minute"
	RequestID string        // shown with faults of ours, so that they can be found
	BackURL   string        // a way on; "" for the tenant's front page
	BackText  string
}

// words of an error page: what happened, why, what to do.
type errorWords struct{ Title, Why, Do string }

var errorTexts = map[int]errorWords{
	http.StatusBadRequest:            {"This address can’t be read", "Something in it is missing or has the wrong form.", "Go back and open the link again. If you typed the address, check it."},
	http.StatusUnauthorized:          {"Sign in first", "This page is for people who run accounts here.", "Sign in, then open it again."},
	http.StatusForbidden:             {"This is not open to you", "You are signed in, but your role does not include it.", "Ask an owner of the account if you need it."},
	http.StatusNotFound:              {"Nothing is at this address", "It may have been mistyped, or what stood here is not public.", "Check the address, or start from the front page."},
	http.StatusMethodNotAllowed:      {"This address can’t be used like that", "It was opened in a way it is not made for.", "Go back to the page before and follow its links and buttons."},
	http.StatusConflict:              {"Somebody was faster", "This was changed in the meantime.", "Go back, reload the page and look at what is there now."},
	http.StatusGone:                  {"This was deleted", "Who ran it has removed it. It does not come back.", "See what else is here from the front page."},
	http.StatusRequestEntityTooLarge: {"This is too large", "What you sent is over the limit of this server.", "Go back and send a smaller file or less text."},
	http.StatusMisdirectedRequest:    {"No site is at this address", "This server does not know the name you asked for.", "If you are setting up this domain, check that it has been added and confirmed, then look again in a few minutes. If you followed a link, check its spelling."},
	http.StatusUnprocessableEntity:   {"We could not take this", "The form does not fit: it may have been open for too long, or was sent from another site.", "Go back, reload the page and send it again."},
	http.StatusTooManyRequests:       {"Too many requests", "To keep this server quick for everybody, there is a limit, and it has been reached.", ""},
	http.StatusInternalServerError:   {"We could not finish this", "The fault is ours, not yours, and has been recorded.", "Try again in a minute. If it happens again, tell us the number below."},
	http.StatusServiceUnavailable:    {"This page is resting", "A part of the server that it needs does not answer. Nothing is lost.", ""},
}

// RenderError writes an error page. It does not set the status of the answer.
func RenderError(w io.Writer, v ErrorView) error {
	words, known := errorTexts[v.Status]
	switch {
	case !known && v.Status >= 500:
		words = errorTexts[http.StatusInternalServerError]
	case !known:
		words = errorTexts[http.StatusBadRequest]
	}
	if v.Reason != "" {
		words.Why = v.Reason
	}
	var t Tenant
	if v.Tenant != nil && v.Status != http.StatusMisdirectedRequest {
		t = *v.Tenant
	}
	title := words.Title
	if t.Name != "" {
		title += " · " + t.Name
	}
	page := t.page(title)
	page.NoIndex = true
	return render(w, page, "error", struct {
		ErrorView
		Tenant Tenant
		Words  errorWords
	}{v, t, words})
}

// Number is the status as people quote it.
func (v ErrorView) Number() string { return strconv.Itoa(v.Status) }

// HasWait says whether the page names a time to try again.
func (v ErrorView) HasWait() bool {
	return v.Status == http.StatusTooManyRequests || v.Status == http.StatusServiceUnavailable
}
