package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit"
)

// Post 0 has 4,095 posts below it, each an answer to the one before.
const deepThread = `
INSERT INTO tenants (id, name, host, handle_domain, scheme) VALUES (1, 'deep', 'deep.test', 'deep.test', 'https');
INSERT INTO accounts (tenant_id, id, uri, username, domain) VALUES (1, 7, 'https://far.test/u/7', 'u7', 'far.test');
INSERT INTO statuses (tenant_id, id, account_id, uri, visibility, in_reply_to_id, conversation_id, created_at)
SELECT 1, 1000 + i, 7, 'https://far.test/n/' || i, CASE i WHEN 2000 THEN 'private' ELSE 'public' END, NULLIF(999 + i, 999), 1000, now()
FROM   generate_series(0, 4095) AS i`

// The path of every post in a long thread would be thousands of ids long: what was
// sorted by that went to disk.
func TestDeepThreads(t *testing.T) {
	t.Parallel()
	l := &large{Database: testkit.DB(t)}
	conn, err := pgx.Connect(t.Context(), l.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), deepThread); err != nil {
		t.Fatal(err)
	}
	type read = func(context.Context, *pg.Scope, social.AccountID, social.StatusID, int) ([]*social.Status, error)
	below := func(ctx context.Context, s *pg.Scope, viewer social.AccountID, id social.StatusID, limit int) ([]*social.Status, error) {
		return store.ThreadDescendants(ctx, s, viewer, id, 4096, limit)
	}
	tests := map[string]struct {
		read  read
		from  social.StatusID
		limit int
		first social.StatusID
		posts int
	}{
		"all below":     {below, 1000, 4096, 1001, 4094}, // without the private one, which hides nobody else
		"first below":   {below, 1000, 10, 1001, 10},
		"all above":     {store.ThreadAncestors, 1000 + 4095, 4096, 1000, 4094},
		"nearest above": {store.ThreadAncestors, 1000 + 4095, 10, 1000 + 4085, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []social.StatusID
			sent := l.sent(t, reading(func(ctx context.Context, s *pg.Scope) ([]*social.Status, error) {
				posts, err := tt.read(ctx, s, 0, tt.from, tt.limit)
				for _, p := range posts {
					got = append(got, p.ID)
				}
				return posts, err
			}))
			if len(got) != tt.posts || got[0] != tt.first || !slices.IsSorted(got) {
				t.Errorf("%d posts from %v, want %d from %d in their order", len(got), got[:min(3, len(got))], tt.posts, tt.first)
			}
			for _, statement := range sent {
				if p := l.explain(t, statement, "force_generic_plan", false); p.spilt > 0 {
					t.Errorf("%.0f blocks went to disk:\n%s\n%s", p.spilt, statement.SQL, p.text)
				}
			}
		})
	}
}
