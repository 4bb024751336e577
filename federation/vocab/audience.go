package vocab

import "slices"

// Visibility is who may see a post, as Mastodon's API names it apart from
// "followers", which it calls private.
type Visibility string

// The visibilities.
const (
	VisibilityPublic    Visibility = "public"
	VisibilityUnlisted  Visibility = "unlisted"
	VisibilityFollowers Visibility = "followers"
	VisibilityDirect    Visibility = "direct"
)

// Audience derives the visibility from the addressees, as Mastodon does: Public in
// to, Public in cc, the author's followers in either, nobody but persons. Pass the
// followers URL of the author's stored actor, never one from the post.
func Audience(to, cc []string, followers string) Visibility {
	switch {
	case slices.Contains(to, Public):
		return VisibilityPublic
	case slices.Contains(cc, Public):
		return VisibilityUnlisted
	case followers != "" && (slices.Contains(to, followers) || slices.Contains(cc, followers)):
		return VisibilityFollowers
	default:
		return VisibilityDirect
	}
}

// Addressees returns to and cc without doubles, Public and the author's followers:
// the persons who are meant.
func Addressees(to, cc []string, followers string) []string {
	var persons []string
	for _, id := range slices.Concat(to, cc) {
		if id != Public && id != followers && !slices.Contains(persons, id) {
			persons = append(persons, id)
		}
	}
	return persons
}
