package desk_test

import (
	"context"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// A saved reply names whoever is answered, and cannot be made to call others.
func TestSavedReplies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		o.ines.DisplayName = "Ines @everyone"
		return store.UpsertRemoteAccount(ctx, s, o.ines)
	})
	_, k := o.asks(social.Public)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		if err := o.desk.SaveReply(ctx, s, o.A.Tenant, o.owner, store.SavedReply{Title: " Thanks ", Text: "Hello {name}, thank you."}); err != nil {
			return err
		}
		all, err := o.desk.Replies(ctx, s, o.drafter.Person, access.Draft)
		if err != nil || len(all) != 1 || all[0].Title != "Thanks" {
			t.Fatalf("saved: %+v, %v", all, err)
		}
		text, err := o.desk.Saved(ctx, s, o.drafter.Person, k, all[0].ID)
		if text != "Hello Ines everyone, thank you." {
			t.Errorf("inserted %q", text)
		}
		if err := o.desk.SaveReply(ctx, s, o.A.Tenant, o.owner, store.SavedReply{ID: all[0].ID, Title: "Thanks", Text: ""}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("an empty one: %v", err)
		}
		if err != nil {
			return err
		}
		return o.desk.DeleteReply(ctx, s, o.owner, all[0].ID)
	})
}
