package assets

// The Content-Security-Policy of our pages: nothing inline, nothing from
// elsewhere but media, never inside a frame.
//
// Browsers apply form-action to the redirects that follow a form as well. So a
// page whose form ends on another site needs PolicyAway: the consent page and
// the sign-in page on the way to it (the app may have a scheme of its own), and
// the pages with the form that sends followers to their own server.
//
// PolicyLive is for pages that hear from us while they are open (server-sent events, the
// challenges of passkeys).
//
// PolicyEmbed is for the one page that other sites may frame. It runs no script and
// sends no form.
const (
	Policy     = PolicyAway + "; form-action 'self'"
	PolicyLive = Policy + "; connect-src 'self'"
	// PolicyAwayLive is for the sign-in page on the way to consent: passkeys ask for a challenge.
	PolicyAwayLive = PolicyAway + "; connect-src 'self'"
	PolicyAway     = "default-src 'none'; style-src 'self'; script-src 'self'; " +
		"img-src 'self' https: http: data:; media-src 'self' https: http:; " +
		"base-uri 'none'; frame-ancestors 'none'"
	PolicyEmbed = "default-src 'none'; style-src 'self'; img-src 'self' https: http: data:; media-src 'self' https: http:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors *"
)
