package convert

import (
	"strings"

	"rookery/federation/vocab"
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
	"rookery/tenant"
)

// RemoteAccount turns an actor that was read from its own id into an account of the
// tenant. Username and Domain come from the id, and are right only where no other
// handle is proven: the caller replaces them by what WebFinger says of
// actor.Webfinger or of these two.
//
// Actors of the tenant's own host, and actors whose inbox is on another host than
// their id, are refused: a document must not steer our deliveries elsewhere.
func RemoteAccount(t *tenant.Tenant, actor vocab.Actor) (*social.Account, error) {
	host := vocab.HostOf(actor.ID)
	switch {
	case actor.ID == "" || host == "":
		return nil, refuse("That actor has no id that can be used.")
	case host == t.Host:
		return nil, refuse("That actor claims to live here.")
	case !vocab.IsActor(actor.Type):
		return nil, refuse("That document is not an actor.")
	case !isUsername(actor.PreferredUsername):
		return nil, refuse("That actor's name cannot be used.")
	case vocab.HostOf(actor.Inbox) != host:
		return nil, refuse("That actor's inbox is not on its own server.")
	}
	own := func(url string) string {
		if vocab.HostOf(url) != host {
			return ""
		}
		return url
	}
	return &social.Account{
		URI: actor.ID, Username: actor.PreferredUsername, Domain: host, ActorType: actor.Type,
		DisplayName: htmlsafe.Name(actor.Name), Note: htmlsafe.RemoteField(actor.Summary),
		Fields: fields(actor.Fields), Emojis: emojis(actor.Emojis), URL: own(htmlsafe.WebURL(actor.URL)),
		InboxURL: actor.Inbox, SharedInboxURL: own(actor.SharedInbox), OutboxURL: own(actor.Outbox),
		FollowersURL: own(actor.Followers), FollowingURL: own(actor.Following), FeaturedURL: own(actor.Featured),
		AvatarURL: htmlsafe.WebURL(actor.Icon.URL), AvatarAlt: htmlsafe.Clean(actor.Icon.Description),
		HeaderURL: htmlsafe.WebURL(actor.Image.URL), HeaderAlt: htmlsafe.Clean(actor.Image.Description),
		Locked: actor.ManuallyApprovesFollowers, Discoverable: actor.Discoverable, Indexable: actor.Indexable, Memorial: actor.Memorial,
		MovedToURI: actor.MovedTo, AlsoKnownAs: actor.AlsoKnownAs, CreatedAt: actor.Published, UpdatedAt: actor.Updated,
	}, nil
}

// isUsername takes printable ASCII without what has a meaning in a handle, a URL or
// HTML. Names in other alphabets exist to look like others (INP-22).
func isUsername(name string) bool {
	const longest = 128
	if name == "" || len(name) > longest {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || strings.IndexByte(`@/\?#<>"'%&:;,|`+"`", c) >= 0 {
			return false
		}
	}
	return true
}

func fields(list []vocab.Field) []social.Field {
	var out []social.Field
	for _, f := range list {
		if len(out) == maxFields {
			break
		}
		name := htmlsafe.Name(htmlsafe.Text(f.Name))
		value := htmlsafe.RemoteField(f.Value)
		if name == "" && value == "" {
			continue
		}
		out = append(out, social.Field{Name: name, Value: value})
	}
	return out
}
