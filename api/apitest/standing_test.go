package apitest_test

import (
	"net/http"
	"slices"
	"testing"

	"rookery/api/apitest"
	"rookery/tenant"
)

// What goes on while a payment is missing. It is written down here once more, and not read
// from the routes: a route that forgets to be refused is found, and so is one that is
// declared by mistake.
var (
	takesBack = []string{ // or protects somebody, or only moves a marker
		"DELETE /api/v1/statuses/:id", "DELETE /api/v1/scheduled_statuses/:id", "DELETE /api/v1/media/:id",
		"POST /api/v1/statuses/:id/unreblog", "POST /api/v1/statuses/:id/unfavourite", "POST /api/v1/statuses/:id/unbookmark", "POST /api/v1/statuses/:id/unpin",
		"POST /api/v1/statuses/:id/mute", "POST /api/v1/statuses/:id/unmute",
		"POST /api/v1/accounts/:id/unfollow", "POST /api/v1/accounts/:id/remove_from_followers", "POST /api/v1/tags/:id/unfollow",
		"POST /api/v1/accounts/:id/block", "POST /api/v1/accounts/:id/unblock", "POST /api/v1/accounts/:id/mute", "POST /api/v1/accounts/:id/unmute",
		"POST /api/v1/domain_blocks", "DELETE /api/v1/domain_blocks",
		"POST /api/v1/follow_requests/:id/authorize", "POST /api/v1/follow_requests/:id/reject",
		"POST /api/v1/markers", "PUT /api/v1/notifications/policy", "PATCH /api/v1/notifications/policy", "POST /api/v1/notifications/clear",
		"POST /api/v1/notifications/:id/dismiss", "PUT /api/v2/notifications/policy", "PATCH /api/v2/notifications/policy", "POST /api/v2/notifications/clear",
		"POST /api/v2/notifications/:group_key/dismiss",
	}
	signsIn = []string{
		"POST /api/v1/apps", "GET /api/v1/apps/verify_credentials", "POST /oauth/token", "POST /oauth/revoke", "GET /oauth/userinfo", "POST /oauth/userinfo",
		"GET /.well-known/oauth-authorization-server", "GET /api/v1/accounts/verify_credentials",
	}
	saysWhy = []string{"GET /api/v1/instance", "GET /api/v2/instance"}
)

// TEN-20: in each standing each route does what the table in docs/billing.md says.
func TestEachStandingOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, everyTable)
	all := func(string, string) bool { return true }
	among := func(lists ...[]string) func(string, string) bool {
		return func(method, path string) bool { return slices.Contains(slices.Concat(lists...), method+" "+path) }
	}
	reads := func(method, path string) bool {
		return method == http.MethodGet || among(takesBack, signsIn)(method, path)
	}
	for _, tt := range []struct {
		standing tenant.Standing
		works    func(method, path string) bool
	}{
		{"", all}, {tenant.Trial, all}, {tenant.Paid, all}, {tenant.PaidEnding, all}, {tenant.Grace, all}, {tenant.Restricted, reads},
		{tenant.Unpaid, among(signsIn, saysWhy)}, {tenant.Closing, among(saysWhy)}, {tenant.ClosedUnpaid, among(saysWhy)}, {tenant.Paid, all},
	} {
		w.SweepStandings(t, tt.standing, tt.works)
	}
}
