package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	quiet := c.Local("quiet", func(a *social.Account) { a.DisplayName = "Ada Lovelace" })
	c.Do(func(s *pg.Scope) error {
		if err := store.IndexAccount(t.Context(), s, quiet); err != nil {
			return err
		}
		if err := store.IndexAccount(t.Context(), s, c.dora); err != nil {
			return err
		}
		for text, want := range map[string]int{
			"ali": 1, "@ALICE": 1, "ada love": 1, "lovel": 1, "dora@far": 1, "far.test": 1, "nobody": 0, "' | !": 0, "%": 0, "_": 0, `do\ra`: 0,
		} {
			found, err := store.SearchAccounts(t.Context(), s, c.alice.ID, store.AccountSearch{Text: text})
			if err != nil || len(found) != want {
				t.Errorf("accounts %q: %d, %v; want %d", text, len(found), err, want)
			}
		}
		for viewer, want := range map[social.AccountID]int{c.alice.ID: 1, c.bob.ID: 1, quiet.ID: 0, 0: 0} {
			found, err := store.SearchStatuses(t.Context(), s, viewer, store.StatusSearch{Text: `"hello wall" -nothing`})
			if err != nil || len(found) != want {
				t.Errorf("statuses for %d: %d, %v; want %d", viewer, len(found), err, want)
			}
		}
		tags, err := store.SearchTags(t.Context(), s, "wa", 5, 0)
		if !cmp.Equal(tags, []string{"wall"}) {
			t.Errorf("tags: %v", tags)
		}
		return err
	})
}
