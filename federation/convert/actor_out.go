package convert

import (
	"rookery/federation/vocab"
	"rookery/internal/social"
	"rookery/tenant"
)

// Picture is where an avatar or header is served, and as what.
type Picture struct{ URL, MIME string }

// Actor is everything that the document of a local account shows.
type Actor struct {
	Account *social.Account
	Key     social.PublicKey
	Avatar  Picture // zero: none
	Header  Picture
}

// ActorDocument is a local account as others read it. Every address lies on the
// host of the id (FEDERATION.md 1.1); only pictures may be elsewhere.
func ActorDocument(t *tenant.Tenant, a Actor) *vocab.ActorDocument {
	acc := a.Account
	doc := &vocab.ActorDocument{
		ID: acc.URI, Type: acc.ActorType, PreferredUsername: acc.Username, Webfinger: acc.Username + "@" + t.HandleDomain,
		Name: acc.DisplayName, Summary: acc.Note, URL: t.URL("/@" + acc.Username),
		Inbox: acc.InboxURL, Outbox: acc.OutboxURL, Following: acc.FollowingURL, Followers: acc.FollowersURL, Featured: acc.FeaturedURL,
		Endpoints:                 &vocab.Endpoints{SharedInbox: t.URL("/inbox")},
		ManuallyApprovesFollowers: acc.Locked, Discoverable: acc.Discoverable, Indexable: acc.Indexable, Memorial: acc.Memorial,
		Suspended: acc.SuspendedAt != nil, Published: vocab.At(acc.CreatedAt),
		Icon: image(a.Avatar, acc.AvatarAlt), Image: image(a.Header, acc.HeaderAlt),
		AlsoKnownAs: acc.AlsoKnownAs, MovedTo: acc.MovedToURI,
		PublicKey: vocab.KeyDocument{ID: a.Key.ID, Owner: acc.URI, PEM: a.Key.PEM},
	}
	if acc.UpdatedAt.After(acc.CreatedAt) {
		doc.Updated = vocab.At(acc.UpdatedAt)
	}
	for _, f := range acc.Fields {
		doc.Attachment = append(doc.Attachment, vocab.NewField(f.Name, f.Value))
	}
	return doc
}

func image(p Picture, alt string) *vocab.ImageDocument {
	if p.URL == "" {
		return nil
	}
	return vocab.NewImage(p.URL, p.MIME, alt)
}

// InstanceDocument is the tenant itself as an actor: the one that signs what no
// account says, such as every GET. Its name is the host, as in Mastodon, because no
// account can be called that on its own handle domain.
func InstanceDocument(t *tenant.Tenant, publicPEM string) *vocab.ActorDocument {
	uri := t.URL("/ap/instance")
	return &vocab.ActorDocument{
		ID: uri, Type: vocab.TypeApplication, PreferredUsername: t.Host, Webfinger: t.Host + "@" + t.Host,
		Name: t.Name, URL: t.URL("/"), Inbox: t.URL("/inbox"), Outbox: uri + "/outbox",
		Following: uri + "/following", Followers: uri + "/followers",
		Endpoints: &vocab.Endpoints{SharedInbox: t.URL("/inbox")}, ManuallyApprovesFollowers: true,
		Published: vocab.At(t.CreatedAt), PublicKey: vocab.KeyDocument{ID: uri + "#main-key", Owner: uri, PEM: publicPEM},
	}
}

// ActorOf collects what a local account's document shows; picture says where a
// stored picture is.
func ActorOf(acc *social.Account, key social.PublicKey, picture func(key string) Picture) Actor {
	a := Actor{Account: acc, Key: key}
	if acc.AvatarKey != "" {
		a.Avatar = picture(acc.AvatarKey)
	}
	if acc.HeaderKey != "" {
		a.Header = picture(acc.HeaderKey)
	}
	return a
}
