package status_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
)

// Posts that are created together are what they would be one by one: each has its own
// mentions, parent and outcome, a bad one holds up none, and one job publishes them all.
func TestPostsTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, carol := b.Local("alice"), b.Local("bob"), b.Local("carol")
	b.follow(bob, alice)
	parent := b.post(bob, status.Draft{Text: "What do you think?"})
	hidden := b.post(carol, status.Draft{Text: "Between us", Visibility: social.Direct})
	first := b.post(alice, status.Draft{Text: "said before", IdempotencyKey: "old"})
	before := b.Count(`SELECT count(*) FROM river.river_job WHERE kind = 'outbox_publish_events' AND @tenant_id::bigint > 0`, nil)

	var got []status.Created
	b.Do(func(scope *pg.Scope) (err error) {
		got, err = b.statuses.CreateMany(t.Context(), scope, b.Tenant, alice, []status.Draft{
			{Text: "one #owls"},
			{Text: ""},
			{Text: "two for @carol", InReplyToID: parent.ID, IdempotencyKey: "key"},
			{Text: "answers what alice cannot see", InReplyToID: hidden.ID},
			{Text: "the same request again", IdempotencyKey: "key"},
			{Text: "said before", IdempotencyKey: "old"},
			{Text: "three @new@else.test", Visibility: social.Followers},
		})
		return err
	})
	codes := []fault.Code{"", fault.Invalid, "", fault.NotFound, "", "", ""}
	for i, c := range got {
		if fault.CodeOf(c.Err) != codes[i] || (c.Err == nil) != (c.Status != nil) {
			t.Errorf("draft %d: %+v, %v; want code %q", i, c.Status, c.Err, codes[i])
		}
	}
	if got[4].Status.ID != got[2].Status.ID || got[5].Status.ID != first.ID {
		t.Error("a key made two posts")
	}
	if st := b.reload(got[2].Status); st.InReplyToID != parent.ID || st.ConversationID != parent.ConversationID || st.InReplyToAccountID != bob.ID {
		t.Errorf("the answer is %+v", st)
	}
	if st := b.reload(got[0].Status); st.ConversationID != st.ID || len(st.Tags) != 1 {
		t.Errorf("the first post is %+v", st)
	}
	counts := map[string]int64{
		`SELECT statuses_count FROM account_stats WHERE tenant_id = @tenant_id AND account_id = @alice`:                                          4,
		`SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND account_id = @alice`:                                                     4,
		`SELECT count(*) FROM status_mentions m JOIN statuses s ON s.id = m.status_id WHERE m.tenant_id = @tenant_id AND s.account_id = @alice`:  1,
		`SELECT count(*) FROM pending_mentions p JOIN statuses s ON s.id = p.status_id WHERE p.tenant_id = @tenant_id AND s.account_id = @alice`: 1,
		`SELECT count(*) FROM events WHERE tenant_id = @tenant_id AND account_id = @alice`:                                                       4,
	}
	for query, want := range counts {
		if n := b.Count(query, pgx.NamedArgs{"alice": alice.ID}); int64(n) != want {
			t.Errorf("%d, want %d: %s", n, want, query)
		}
	}
	if home := b.home(bob); len(home) != 4+1 { // alice's four and bob's own
		t.Errorf("bob's timeline has %d posts", len(home))
	}
	after := b.Count(`SELECT count(*) FROM river.river_job WHERE kind = 'outbox_publish_events' AND @tenant_id::bigint > 0`, nil)
	if after != before+1 {
		t.Errorf("%d jobs publish three posts, want 1", after-before)
	}
}
