package vocab

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// Relations and media types of discovery documents.
const (
	RelSelf        = "self"
	RelProfilePage = "http://webfinger.net/rel/profile-page"
	RelAvatar      = "http://webfinger.net/rel/avatar"
	RelSubscribe   = "http://ostatus.org/schema/1.0/subscribe"
	RelLRDD        = "lrdd"
	RelNodeInfo20  = "http://nodeinfo.diaspora.software/ns/schema/2.0"
	RelNodeInfo21  = "http://nodeinfo.diaspora.software/ns/schema/2.1"
	RelApplication = "https://www.w3.org/ns/activitystreams#Application" // FEP-2677

	JRDMediaType = "application/jrd+json"
	XRDMediaType = "application/xrd+xml"
)

// WebFinger is what NewWebFinger needs to know of an account.
type WebFinger struct {
	Username   string
	HandleHost string // the domain of the handle, which may not be the actor's host
	ActorID    string
	Profile    string // the HTML page
	Subscribe  string // template with {uri} for remote follow, "" for none
	Avatar     Image  // zero for none
}

// NewWebFinger answers for an account. The subject always has the handle's domain,
// also when the actor's host was asked: Mastodon follows a subject once, and it
// must then lead back to the same actor.
func NewWebFinger(w WebFinger) JRD {
	jrd := JRD{
		Subject: "acct:" + w.Username + "@" + w.HandleHost,
		Aliases: []string{w.ActorID},
		// The type must be exactly this for Takahē and WordPress.
		Links: []JRDLink{{Rel: RelSelf, Type: MediaType, Href: w.ActorID}},
	}
	if w.Profile != "" {
		jrd.Aliases = append(jrd.Aliases, w.Profile)
		jrd.Links = append(jrd.Links, JRDLink{Rel: RelProfilePage, Type: "text/html", Href: w.Profile})
	}
	if w.Avatar.URL != "" {
		jrd.Links = append(jrd.Links, JRDLink{Rel: RelAvatar, Type: w.Avatar.MediaType, Href: w.Avatar.URL})
	}
	if w.Subscribe != "" {
		jrd.Links = append(jrd.Links, JRDLink{Rel: RelSubscribe, Template: w.Subscribe})
	}
	return jrd
}

// NewHostMeta is host-meta in JSON (RFC 6415). Akkoma reads host-meta first, and
// accepts a split domain only if it leads to the same template as the actor's host.
func NewHostMeta(origin string) JRD {
	return JRD{Links: []JRDLink{{Rel: RelLRDD, Type: JRDMediaType, Template: webFingerTemplate(origin)}}}
}

// WriteHostMeta is host-meta in XML; origin is https://host without a slash.
func WriteHostMeta(origin string) ([]byte, error) {
	var template bytes.Buffer
	if err := xml.EscapeText(&template, []byte(webFingerTemplate(origin))); err != nil {
		return nil, fmt.Errorf("escape template: %w", err)
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="%s" type="%s" template="%s"/>
</XRD>
`, RelLRDD, JRDMediaType, template.Bytes()), nil
}

func webFingerTemplate(origin string) string {
	return origin + "/.well-known/webfinger?resource={uri}"
}

// NewNodeInfoIndex points at both versions and, where there is one, at the
// instance actor (FEP-2677).
func NewNodeInfoIndex(origin, instanceActor string) JRD {
	jrd := JRD{Links: []JRDLink{
		{Rel: RelNodeInfo20, Href: origin + "/nodeinfo/2.0"},
		{Rel: RelNodeInfo21, Href: origin + "/nodeinfo/2.1"},
	}}
	if instanceActor != "" {
		jrd.Links = append(jrd.Links, JRDLink{Rel: RelApplication, Type: MediaType, Href: instanceActor})
	}
	return jrd
}

// NodeInfoDocument is NodeInfo 2.0 or 2.1.
type NodeInfoDocument struct {
	Version           string           `json:"version"`
	Software          SoftwareDocument `json:"software"`
	Protocols         []string         `json:"protocols"`
	Services          servicesDocument `json:"services"`
	OpenRegistrations bool             `json:"openRegistrations"`
	Usage             usageDocument    `json:"usage"`
	Metadata          map[string]any   `json:"metadata"`
}

// SoftwareDocument names the program; the name may hold a-z, 0-9 and hyphens only.
type SoftwareDocument struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	Repository string `json:"repository,omitempty"`
	Homepage   string `json:"homepage,omitempty"`
}

type servicesDocument struct {
	Inbound  []string `json:"inbound"`
	Outbound []string `json:"outbound"`
}

type usageDocument struct {
	Users      usersDocument `json:"users"`
	LocalPosts int           `json:"localPosts"`
}

type usersDocument struct {
	Total          int `json:"total"`
	ActiveMonth    int `json:"activeMonth"`
	ActiveHalfyear int `json:"activeHalfyear"`
}

// Usage is the numbers of one tenant.
type Usage struct{ Users, ActiveMonth, ActiveHalfyear, LocalPosts int }

// NewNodeInfo makes version "2.0" or "2.1". The 2.0 schema allows no repository
// and no homepage, so they are dropped there.
func NewNodeInfo(version string, software SoftwareDocument, open bool, usage Usage, metadata map[string]any) NodeInfoDocument {
	if version == "2.0" {
		software.Repository, software.Homepage = "", ""
	}
	if metadata == nil {
		metadata = map[string]any{}
	}
	return NodeInfoDocument{
		Version:           version,
		Software:          software,
		Protocols:         []string{"activitypub"},
		Services:          servicesDocument{Inbound: []string{}, Outbound: []string{}},
		OpenRegistrations: open,
		Usage: usageDocument{
			Users: usersDocument{
				Total: usage.Users, ActiveMonth: usage.ActiveMonth, ActiveHalfyear: usage.ActiveHalfyear,
			},
			LocalPosts: usage.LocalPosts,
		},
		Metadata: metadata,
	}
}
