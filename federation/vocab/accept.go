package vocab

import (
	"strconv"
	"strings"
)

// maxAccept is how much of an Accept header is read. What comes later never decides.
const maxAccept = 2 << 10

// PrefersActivity reports whether an Accept header asks for an ActivityPub document
// rather than a page (RFC 9110 section 12.5.1). Addresses that are pages for people
// answer with the document only if it is named: wildcards mean the page.
func PrefersActivity(accept string) bool {
	w := weigh(accept)
	activity := max(w.activity.q, w.linked.q)
	switch {
	case activity == 0 || activity < w.page.q:
		return false
	case activity > w.page.q:
		return true
	}
	return w.documentFirst()
}

// PrefersPage reports whether an Accept header asks for a page rather than an
// ActivityPub document. Addresses of documents answer with the document unless a page is named.
func PrefersPage(accept string) bool {
	w := weigh(accept)
	activity := max(w.activity.q, w.linked.q)
	switch {
	case w.page.q == 0 || w.page.q < activity:
		return false
	case w.page.q > activity:
		return true
	}
	return !w.documentFirst()
}

// AcceptedMediaType is the content type for an answer to an Accept header: ld+json
// with the profile where that alone, or rather that, is asked for.
func AcceptedMediaType(accept string) string {
	w := weigh(accept)
	if w.linked.q > w.activity.q {
		return LDMediaType
	}
	return MediaType
}

// wish is how much a type is wanted, and where in the header it stands.
type wish struct {
	q     float64
	place int
}

type weights struct{ activity, linked, page wish }

// documentFirst decides between equal weights: whoever names a document first wants it.
func (w weights) documentFirst() bool {
	document := w.activity
	if w.linked.q > document.q || (w.linked.q == document.q && w.linked.place < document.place) {
		document = w.linked
	}
	return document.place < w.page.place
}

func weigh(accept string) weights {
	var w weights
	if len(accept) > maxAccept {
		accept = accept[:maxAccept]
	}
	place := 0
	for item := range strings.SplitSeq(accept, ",") {
		place++
		name, parameters, _ := strings.Cut(item, ";")
		at := wish{q: quality(parameters), place: place}
		var kind *wish
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "application/activity+json":
			kind = &w.activity
		case "application/ld+json":
			kind = &w.linked
		case "text/html", "application/xhtml+xml":
			kind = &w.page
		default:
			continue
		}
		if at.q > kind.q {
			*kind = at
		}
	}
	return w
}

// quality reads q of a media range's parameters: 1 where none is given, 0 where it
// cannot be read.
func quality(parameters string) float64 {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, found := strings.Cut(p, "=")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) { // also refuses NaN
			return 0
		}
		return q
	}
	return 1
}
