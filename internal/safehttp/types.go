package safehttp

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ActivityJSON are the content types of ActivityPub documents, and the only ones
// a document is believed under (ActivityPub section 3.2).
var ActivityJSON = []string{`application/activity+json`, `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`}

// matchesType reports whether a Content-Type is one of types. An entry may give
// parameters that must be there (of a profile: among its URIs), or end in "/*".
func matchesType(contentType string, types []string) bool {
	if len(types) == 0 {
		return true
	}
	given, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	for _, t := range types {
		wanted, required, err := mime.ParseMediaType(t)
		if err == nil && matchesMedia(given, wanted) && matchesParameters(parameters, required) {
			return true
		}
	}
	return false
}

func matchesMedia(given, wanted string) bool {
	if family, ok := strings.CutSuffix(wanted, "/*"); ok {
		return strings.HasPrefix(given, family+"/")
	}
	return given == wanted
}

func matchesParameters(given, required map[string]string) bool {
	for name, want := range required {
		found := false
		for value := range strings.FieldsSeq(given[name]) {
			found = found || value == want
		}
		if !found {
			return false
		}
	}
	return true
}

// RetryAfter reads the Retry-After of an answer (RFC 9110 section 10.2.3):
// how long to wait from now on, and whether the server said so. It is not
// clamped; the caller knows what is sensible.
func (r *Response) RetryAfter(now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 && seconds < 1<<31 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
