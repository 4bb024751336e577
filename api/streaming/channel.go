package streaming

import (
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
	"rookery/internal/stream"
	"rookery/tenant/access"
)

// The streams, by Mastodon's names.
const (
	chanUser              = "user"
	chanNotification      = "user:notification"
	chanPublic            = "public"
	chanPublicLocal       = "public:local"
	chanPublicRemote      = "public:remote"
	chanPublicMedia       = "public:media"
	chanPublicLocalMedia  = "public:local:media"
	chanPublicRemoteMedia = "public:remote:media"
	chanTag               = "hashtag"
	chanTagLocal          = "hashtag:local"
	// chanDirect carries conversations, of which there are none in this version: it
	// is open and silent, so that apps which ask for it go on.
	chanDirect = "direct"
)

// Scopes of the streams. Notifications on the user stream need theirs on top.
const (
	scopeStatuses      = "read:statuses"
	scopeNotifications = "read:notifications"
)

var channelScopes = map[string]string{
	chanUser: scopeStatuses, chanNotification: scopeNotifications, chanDirect: scopeStatuses,
	chanPublic: scopeStatuses, chanPublicLocal: scopeStatuses, chanPublicRemote: scopeStatuses,
	chanPublicMedia: scopeStatuses, chanPublicLocalMedia: scopeStatuses, chanPublicRemoteMedia: scopeStatuses,
	chanTag: scopeStatuses, chanTagLocal: scopeStatuses,
}

// key is what an event is matched with inside a tenant.
type key struct {
	channel string
	owner   social.AccountID // of user streams
	tag     string           // normalised, of hashtag streams
}

// channel is a stream that a viewer asked for: its key, and the name under which
// the viewer hears it, with the tag as typed.
type channel struct {
	key   key
	label []string
}

// newChannel checks a name, its tag and the viewer's scopes.
func newChannel(viewer *access.Viewer, name, tag string) (channel, error) {
	scope, known := channelScopes[name]
	switch {
	case !known:
		return channel{}, errNoStream
	case !viewer.Scopes.Allow(scope):
		return channel{}, errScope
	}
	switch name {
	case chanUser, chanNotification, chanDirect:
		return channel{key: key{channel: name, owner: viewer.Account}, label: []string{name}}, nil
	case chanTag, chanTagLocal:
		normal := htmlsafe.NormaliseTag(tag)
		if normal == "" {
			return channel{}, errNoTag
		}
		return channel{key: key{channel: name, tag: normal}, label: []string{name, tag}}, nil
	}
	return channel{key: key{channel: name}, label: []string{name}}, nil
}

// keysOf are the streams that an event is for.
func keysOf(e stream.Event) map[key]struct{} {
	out := make(map[key]struct{}, 4+len(e.Owners)+2*len(e.Tags))
	add := func(k key) { out[k] = struct{}{} }
	for _, owner := range e.Owners {
		add(key{channel: chanUser, owner: owner})
		if e.Kind == stream.Notification {
			add(key{channel: chanNotification, owner: owner})
		}
	}
	side, sideMedia := chanPublicRemote, chanPublicRemoteMedia
	if e.Local {
		side, sideMedia = chanPublicLocal, chanPublicLocalMedia
	}
	if e.Public {
		add(key{channel: chanPublic})
		add(key{channel: side})
		// Only new posts say whether they have media. Apps ignore what becomes of
		// posts that they have not seen.
		if e.Media || e.Kind != stream.Update {
			add(key{channel: chanPublicMedia})
			add(key{channel: sideMedia})
		}
	}
	for _, tag := range e.Tags {
		add(key{channel: chanTag, tag: tag})
		if e.Local {
			add(key{channel: chanTagLocal, tag: tag})
		}
	}
	return out
}
