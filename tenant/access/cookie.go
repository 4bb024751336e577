package access

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Cookie names the kinds of browser sessions. Where platform and tenant share a host, the
// names keep them apart.
type Cookie string

// The cookies.
const (
	TenantCookie  Cookie = "rookery_session"
	ConsoleCookie Cookie = "rookery_console"
	StaffCookie   Cookie = "rookery_staff"
)

// lifetime is for how long a browser keeps it at most.
func (c Cookie) lifetime() time.Duration {
	if c == StaffCookie {
		return staffLifetime
	}
	return sessionLifetime
}

// name gets the __Host- prefix over https: browsers then refuse one that another
// host of the same site has set (RFC 6265bis section 4.1.3.2).
func (c Cookie) name(scheme string) string {
	if scheme == "https" {
		return "__Host-" + string(c)
	}
	return string(c)
}

// Set writes a session into the answer. The scheme is the tenant's, never the request's.
func (c Cookie) Set(w http.ResponseWriter, scheme string, s *Session) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(scheme), Value: s.Token, Path: "/", MaxAge: int(c.lifetime().Seconds()),
		HttpOnly: true, Secure: scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}

// Clear removes it.
func (c Cookie) Clear(w http.ResponseWriter, scheme string) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(scheme), Path: "/", MaxAge: -1, HttpOnly: true, Secure: scheme == "https", SameSite: http.SameSiteLaxMode,
	})
}

// Read returns the session token that the browser sent, or "". Two cookies of the
// name are as good as none: one of them was tossed in by somebody else.
func (c Cookie) Read(r *http.Request, scheme string) string {
	found := r.CookiesNamed(c.name(scheme))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// SafeNext returns where to go after signing in: a path on this host, or fallback.
// Browsers read a backslash as a slash and drop tabs and line breaks, so that
// "/\evil.test" and "/\t/evil.test" would leave the host.
func SafeNext(next, fallback string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsRune(next, '\\') {
		return fallback
	}
	for _, r := range next {
		if r < ' ' || r == 0x7f {
			return fallback
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "//") {
		return fallback
	}
	return next
}
