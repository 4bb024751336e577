package web

import (
	"net/http"

	"rookery/dashboard/assets"
)

// Words of a page that says what went wrong: what happened, why, what to do.
type Words struct{ Title, Why, Do string }

// general are the words that fit on every host. A surface that knows better says so
// in its own table.
var general = map[int]Words{
	http.StatusBadRequest:            {"This address can’t be read", "Something in it is missing or has the wrong form.", "Go back and open the link again. If you typed the address, check it."},
	http.StatusUnauthorized:          {"Sign in first", "You are not signed in, or were signed out in the meantime.", "Sign in, then open it again."},
	http.StatusForbidden:             {"This is not open to you", "You are signed in, but your role does not include it.", "Ask an owner if you need it."},
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

// Explain puts a fault into words: a surface's own, else the general ones. The
// fault's own reason tells more than any of them.
func Explain(f Fault, own map[int]Words) assets.FaultCard {
	words, known := own[f.Status]
	if !known {
		words, known = general[f.Status]
	}
	switch {
	case !known && f.Status >= http.StatusInternalServerError:
		words = general[http.StatusInternalServerError]
	case !known:
		words = general[http.StatusBadRequest]
	}
	if f.Reason != "" {
		words.Why = f.Reason
	}
	return assets.FaultCard{
		Title: words.Title, Why: words.Why, Do: words.Do, Status: f.Status, RequestID: f.RequestID, Wait: f.Wait,
		HasWait: f.Status == http.StatusTooManyRequests || f.Status == http.StatusServiceUnavailable,
	}
}
