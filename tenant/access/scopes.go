package access

import (
	"slices"
	"strings"
)

// Scopes are what a token may be used for, in Mastodon's words, sorted and without
// doubles. Make them with ParseScopes.
type Scopes []string

// OOB is the redirect URI of programs that cannot be called back: the person copies
// the code.
const OOB = "urn:ietf:wg:oauth:2.0:oob"

// DefaultScopes are those of an app or a request that names none.
var DefaultScopes = Scopes{"read"}

// families of scopes: the name alone stands for all its parts.
var families = map[string][]string{
	"read": {"accounts", "blocks", "bookmarks", "collections", "favourites", "filters", "follows", "lists", "mutes",
		"notifications", "search", "statuses"},
	"write": {"accounts", "blocks", "bookmarks", "collections", "conversations", "favourites", "filters", "follows", "lists",
		"media", "mutes", "notifications", "reports", "statuses"},
	"admin:read": {"accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks", "email_domain_blocks",
		"canonical_email_blocks"},
	"admin:write": {"accounts", "reports", "domain_allows", "domain_blocks", "ip_blocks", "email_domain_blocks",
		"canonical_email_blocks"},
}

var followParts = []string{"follows", "blocks", "mutes"}

var allScopes = func() Scopes {
	out := Scopes{"follow", "profile", "push"}
	for family, parts := range families {
		out = append(out, family)
		for _, part := range parts {
			out = append(out, family+":"+part)
		}
	}
	slices.Sort(out)
	return out
}()

// AllScopes lists every scope there is, sorted: for the server's metadata.
func AllScopes() Scopes { return slices.Clone(allScopes) }

// ParseScopes reads a list of scopes separated by spaces (RFC 6749 section 3.3) or,
// as some apps send it, plus signs or commas. An unknown scope is invalid_scope;
// nothing at all is nil.
func ParseScopes(text string) (Scopes, error) {
	const longest = 2000
	if len(text) > longest {
		return nil, errScope
	}
	var out Scopes
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '+' || r == ',' }) {
		if _, known := slices.BinarySearch(allScopes, s); !known {
			return nil, errScope
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// String is the form of the wire: separated by spaces.
func (s Scopes) String() string { return strings.Join(s, " ") }

// Allow reports whether the scopes cover a wanted one, by name or by a wider one.
func (s Scopes) Allow(want string) bool {
	for _, have := range s {
		if covers(have, want) {
			return true
		}
	}
	return false
}

// AllowAny reports whether one of the wanted scopes is covered. Without any wanted
// scope the answer is no: a route that needs none does not ask.
func (s Scopes) AllowAny(want ...string) bool { return slices.ContainsFunc(want, s.Allow) }

// Cover reports whether every one of the wanted scopes is covered.
func (s Scopes) Cover(want Scopes) bool {
	for _, w := range want {
		if !s.Allow(w) {
			return false
		}
	}
	return true
}

func covers(have, want string) bool {
	if have == want {
		return true
	}
	if have == "follow" {
		// Of the time before parts existed: relations, reading and writing.
		verb, part, _ := strings.Cut(want, ":")
		return (verb == "read" || verb == "write") && slices.Contains(followParts, part)
	}
	rest, isPart := strings.CutPrefix(want, have)
	return isPart && strings.HasPrefix(rest, ":")
}
