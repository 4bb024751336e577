package vocab

import (
	"mime"
	"strings"
)

// JRD is a WebFinger answer (RFC 7033), a host-meta in JSON, or the NodeInfo index.
type JRD struct {
	Subject string   `json:"subject,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
	// Properties are of the subject itself, by URI (RFC 7033 section 4.4.3).
	Properties map[string]string `json:"properties,omitempty"`
	Links      []JRDLink         `json:"links"`
}

// JRDLink is one link of a JRD. Template is for lrdd and subscribe.
type JRDLink struct {
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Href     string `json:"href,omitempty"`
	Template string `json:"template,omitempty"`
}

// ReadJRD reads a JRD. The subject is as sent, at most MaxURL bytes.
func ReadJRD(d Doc) JRD {
	var jrd JRD
	if subject, _ := d.get("subject").(string); len(subject) <= MaxURL {
		jrd.Subject = subject
	}
	jrd.Aliases = d.IRIs("aliases", MaxAliases)
	for _, link := range d.Subs("links") {
		if len(jrd.Links) == MaxLinks {
			break
		}
		href, _ := link.get("href").(string)
		template, _ := link.get("template").(string)
		l := JRDLink{Rel: link.Text("rel", MaxURL), Type: link.Token("type"), Href: CleanURL(href)}
		// Braces mark the variable; a template is checked as the URL it becomes.
		if CleanURL(strings.NewReplacer("{", "", "}", "").Replace(template)) != "" {
			l.Template = template
		}
		if l.Rel != "" && (l.Href != "" || l.Template != "") {
			jrd.Links = append(jrd.Links, l)
		}
	}
	return jrd
}

// Self returns the id of the ActivityPub actor that the JRD names, "" for none.
func (j JRD) Self() string {
	for _, link := range j.Links {
		if link.Rel == "self" && IsActivityMediaType(link.Type) && link.Href != "" {
			return link.Href
		}
	}
	return ""
}

// Link returns the first link with the relation.
func (j JRD) Link(rel string) (JRDLink, bool) {
	for _, link := range j.Links {
		if link.Rel == rel {
			return link, true
		}
	}
	return JRDLink{}, false
}

// IsActivityMediaType reports whether a Content-Type is one of the two for
// ActivityPub documents: activity+json, or ld+json with the AS2 profile. Plain
// JSON is not: a user's upload could be served as that.
func IsActivityMediaType(contentType string) bool {
	name, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	switch name {
	case MediaType:
		return true
	case "application/ld+json":
		for profile := range strings.FieldsSeq(params["profile"]) {
			if profile == ContextIRI {
				return true
			}
		}
	}
	return false
}

// NodeInfo is what a server says about itself (FEP-f1d5).
type NodeInfo struct {
	Version           string
	Software          string // lower-case name
	SoftwareVersion   string
	Protocols         []string
	OpenRegistrations bool
	UsersTotal        int
	UsersActiveMonth  int
	UsersActiveHalf   int
	LocalPosts        int
	Name              string // metadata.nodeName, where given
}

// ReadNodeInfo reads a NodeInfo document of any version.
func ReadNodeInfo(d Doc) NodeInfo {
	software, usage := d.Sub("software"), d.Sub("usage")
	users := usage.Sub("users")
	info := NodeInfo{
		Version:           d.Token("version"),
		Software:          strings.ToLower(software.Token("name")),
		SoftwareVersion:   software.Token("version"),
		OpenRegistrations: d.Bool("openRegistrations"),
		UsersTotal:        users.Count("total"),
		UsersActiveMonth:  users.Count("activeMonth"),
		UsersActiveHalf:   users.Count("activeHalfyear"),
		LocalPosts:        usage.Count("localPosts"),
		Name:              d.Sub("metadata").Text("nodeName", MaxName),
	}
	protocols := d.list("protocols")
	if inbound := d.Sub("protocols"); !inbound.IsZero() { // 1.0 splits them by direction
		protocols = inbound.list("inbound")
	}
	for _, v := range protocols {
		if name, ok := v.(string); ok && len(name) <= MaxToken && len(info.Protocols) < MaxTypes {
			info.Protocols = append(info.Protocols, name)
		}
	}
	return info
}
