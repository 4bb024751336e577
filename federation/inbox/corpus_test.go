package inbox_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"time"

	"rookery/federation/vocab"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// storeAll puts the activities of the corpus into the table, each by an actor that
// is known, with one job for all, and returns how many there are.
func (h *home) storeAll(rows [][]string) int {
	h.t.Helper()
	var list []store.NewInboxActivity
	known := map[string]bool{}
	for _, row := range rows {
		raw, err := os.ReadFile(filepath.Join(corpusDir, filepath.FromSlash(row[0])))
		if err != nil {
			h.t.Fatal(err)
		}
		doc, err := vocab.Parse(raw)
		if row[2] != "activity" || err != nil || doc.Actor() == "" {
			continue
		}
		id, sum := ids.New(), sha256.Sum256(raw)
		list = append(list, store.NewInboxActivity{
			InboxActivity: store.InboxActivity{ID: id, ActorURI: doc.Actor(), AccountID: h.user.ID, Raw: raw}, Dedup: append(sum[:], row[0]...),
		})
		known[doc.Actor()] = true
	}
	h.in(func(scope *pg.Scope) error {
		now := time.Now()
		for uri := range known {
			id := ids.New()
			a := &social.Account{
				ID: social.AccountID(id), URI: uri, Username: "u" + ids.Format(id), Domain: vocab.HostOf(uri), ActorType: "Person",
				InboxURL: uri + "/inbox", FollowersURL: uri + "/followers", CreatedAt: now, FetchedAt: &now,
			}
			if err := store.UpsertRemoteAccount(h.t.Context(), scope, a); err != nil {
				return err
			}
		}
		stored, err := store.AddInboxActivities(h.t.Context(), scope, list)
		if err != nil {
			return err
		}
		return scope.Enqueue(h.t.Context(), jobs.ApplyActivities{Scoped: jobs.Scoped{TenantID: h.tenant.ID}, IDs: stored})
	})
	return len(list)
}
