package v1

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/tenant/access"
)

// Empty are lists that nothing can be put into in this version. Apps ask for
// them when they start and show an error on anything but a list, so the honest
// answer is []. There are no routes that would add to them: those are 404, so
// that no app believes that something was kept. Whoever builds one of these
// takes its line away; Mount refuses to serve both.
func Empty() []httpx.Route {
	return []httpx.Route{
		// Lists: timelines of chosen accounts.
		emptyForUser("/api/v1/lists", "read:lists"),
		// The lists that an account is in.
		emptyForUser("/api/v1/accounts/:account_id/lists", "read:lists"),
		// Filters of the time before Mastodon 4, one phrase each.
		emptyForUser("/api/v1/filters", "read:filters"),
		// Filters of today.
		emptyForUser("/api/v2/filters", "read:filters"),
		// Messages of the operators to everybody.
		emptyForUser("/api/v1/announcements", httpx.AnyScope),
		// Emojis of this server; those of remote posts come with the posts.
		emptyForAll("/api/v1/custom_emojis"),
		// What many talk about: an organisation's server has no such crowd.
		emptyForAll("/api/v1/trends"),
		emptyForAll("/api/v1/trends/tags"),
		emptyForAll("/api/v1/trends/links"),
		emptyForAll("/api/v1/trends/statuses"),
		// Accounts that one may want to follow.
		emptyForUser("/api/v1/suggestions", "read:accounts"),
		emptyForUser("/api/v2/suggestions", "read:accounts"),
		// Accounts featured on a profile: one's own, and somebody's.
		emptyForUser("/api/v1/endorsements", "read:accounts"),
		emptyForAll("/api/v1/accounts/:account_id/endorsements"),
		// Hashtags featured on a profile: one's own, ideas for them, and somebody's.
		emptyForUser("/api/v1/featured_tags", "read:accounts"),
		emptyForUser("/api/v1/featured_tags/suggestions", "read:accounts"),
		emptyForAll("/api/v1/accounts/:account_id/featured_tags"),
		// Keybase proofs: always [] in Mastodon, too, since 3.5.
		emptyForUser("/api/v1/accounts/:account_id/identity_proofs", httpx.AnyScope),
		// Direct messages as threads.
		emptyForUser("/api/v1/conversations", "read:statuses"),
		// Notifications of strangers that wait for consent: none is held back.
		emptyForUser("/api/v1/notifications/requests", "read:notifications"),
		// Accounts that want to be found.
		emptyForAll("/api/v1/directory"),
		// Known domains, for completion while typing.
		emptyForAll("/api/v1/peers/search"),
		// The push subscription of a token: there is none, which is a 404 in Mastodon, too.
		{
			Method: http.MethodGet, Path: "/api/v1/push/subscription", Auth: httpx.User, Scopes: []string{"push"}, Act: access.Read,
			Handler: func(echo.Context) error { return httpx.ErrNotFound },
		},
	}
}

func emptyForAll(path string) httpx.Route {
	return httpx.Route{Method: http.MethodGet, Path: path, Auth: httpx.Public, Act: access.Read, Handler: emptyList}
}

func emptyForUser(path string, scopes ...string) httpx.Route {
	return httpx.Route{Method: http.MethodGet, Path: path, Auth: httpx.User, Scopes: scopes, Act: access.Read, Handler: emptyList}
}

func emptyList(c echo.Context) error { return c.JSON(http.StatusOK, entity.Array[struct{}]{}) }
