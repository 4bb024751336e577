package actor_test

import (
	"net/http"
	"strings"
	"testing"

	"rookery/internal/social"
	"rookery/tenant"
)

// TEN-20: what a tenant owes changes nothing of what other servers read: who is there, with
// which key, what they said and who follows them. Nobody is ever called suspended for money:
// servers would delete their copies, and a payment would not bring those back.
func TestWhatATenantOwesIsNothingToOtherServers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>hello</p>")
	addresses := []string{
		b.alice.URI, b.alice.OutboxURL, b.alice.FollowersURL, b.alice.FeaturedURL, post.URI, b.Tenant.URL("/ap/instance"), b.Tenant.URL("/nodeinfo/2.1"),
		b.Tenant.URL("/.well-known/webfinger?resource=acct:alice@acme.test"), b.Tenant.URL("/.well-known/host-meta"), b.Tenant.URL("/.well-known/nodeinfo"),
	}
	before := map[string]string{}
	for _, uri := range addresses {
		before[uri] = b.get(t, uri).Body.String()
	}
	for _, standing := range []tenant.Standing{tenant.Restricted, tenant.Unpaid, tenant.Closing} {
		b.Stand(t, standing)
		for _, uri := range addresses {
			got := b.get(t, uri)
			if got.Code != http.StatusOK || got.Body.String() != before[uri] {
				t.Errorf("%s while %s: %d, and another body than before: %t", uri, standing, got.Code, got.Body.String() != before[uri])
			}
			if strings.Contains(got.Body.String(), `"suspended":true`) {
				t.Errorf("%s while %s: %s", uri, standing, got.Body)
			}
		}
	}
}
