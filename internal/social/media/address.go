package media

import (
	"strings"

	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Addresses builds the URLs of stored files. They lie on a host of their own, so
// that what users upload never shares an origin with a session (SECURITY.md rule 17).
type Addresses struct {
	Scheme string
	Host   string // the media host
}

// File is the URL of a stored file: /<tenant>/<random name>/<rendition>.<extension>.
func (a Addresses) File(t tenant.ID, key string, r store.Rendition, mime string) string {
	return a.Scheme + "://" + a.Host + "/" + t.String() + "/" + key + "/" + string(r) + Extension(mime)
}

// Picture is the URL of an avatar or header; the extension is decided by the stored bytes.
func (a Addresses) Picture(t tenant.ID, key string) string {
	return a.Scheme + "://" + a.Host + "/" + t.String() + "/" + key + "/" + string(store.Original)
}

// Missing is the URL of the picture that stands where none is: "avatar" or "header".
func (a Addresses) Missing(what string) string {
	return a.Scheme + "://" + a.Host + "/missing/" + what + ".png"
}

// Avatar is the URL of an account's profile picture; never empty.
func (a Addresses) Avatar(t tenant.ID, acc *social.Account) string {
	return a.picture(t, acc.AvatarKey, acc.AvatarURL, "avatar")
}

// Header is the URL of an account's profile header; never empty.
func (a Addresses) Header(t tenant.ID, acc *social.Account) string {
	return a.picture(t, acc.HeaderKey, acc.HeaderURL, "header")
}

func (a Addresses) picture(t tenant.ID, key, remote, what string) string {
	switch {
	case key != "":
		return a.Picture(t, key)
	case remote != "":
		return remote
	}
	return a.Missing(what)
}

// URL is where a media file is: here, or at its own server.
func (a Addresses) URL(t tenant.ID, m *social.Media) string {
	if m.Key == "" {
		return m.RemoteURL
	}
	return a.File(t, m.Key, store.Original, m.MIME)
}

// PreviewURL is the small version; of a remote file it is the file itself.
func (a Addresses) PreviewURL(t tenant.ID, m *social.Media) string {
	if m.Key == "" {
		return m.RemoteURL
	}
	return a.File(t, m.Key, store.Small, m.MIME)
}

// Extension is the file name extension of a stored type, with its dot.
func Extension(mime string) string {
	switch mime {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	}
	return ""
}

// SplitName takes "original.jpg" apart. The extension is for people's eyes only.
func SplitName(name string) (r store.Rendition, ok bool) {
	base, _, _ := strings.Cut(name, ".")
	r = store.Rendition(base)
	return r, r == store.Original || r == store.Small
}
