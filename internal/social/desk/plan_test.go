package desk_test

import (
	"context"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// A plan without a shared inbox takes nothing new, whoever asks and by whatever way; what is
// there can be changed and given back.
func TestAPlanWithoutAnInbox(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Direct)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		if err := o.desk.SaveReply(ctx, s, o.A.Tenant, o.owner, store.SavedReply{Title: "Thanks", Text: "Thank you"}); err != nil {
			return err
		}
		return o.desk.Assign(ctx, s, o.A.Tenant, o.owner, k, o.second.Person)
	})
	small := *o.A.Tenant
	small.Entitlement = tenant.Entitlement{Standing: tenant.Paid, Limits: tenant.Limits{Lacks: []tenant.Feature{tenant.Inbox}}}
	for name, act := range map[string]func(context.Context, *pg.Scope) error{
		"a note": func(ctx context.Context, s *pg.Scope) error { return o.desk.Note(ctx, s, &small, o.owner, k, "note") },
		"assigning": func(ctx context.Context, s *pg.Scope) error {
			return o.desk.Assign(ctx, s, &small, o.owner, k, o.owner.Person)
		},
		"a saved reply": func(ctx context.Context, s *pg.Scope) error {
			return o.desk.SaveReply(ctx, s, &small, o.owner, store.SavedReply{Title: "Hello", Text: "Hello"})
		},
	} {
		if err := o.try(act); !entitled.IsNo(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.do(func(ctx context.Context, s *pg.Scope) error {
		all, err := o.desk.Replies(ctx, s, o.owner.Person, "post")
		if err != nil {
			return err
		}
		if len(all) != 1 {
			return fault.Newf(fault.Internal, "%d replies", len(all))
		}
		if err := o.desk.SaveReply(ctx, s, &small, o.owner, store.SavedReply{ID: all[0].ID, Title: "Thanks", Text: "Thanks a lot"}); err != nil {
			return err
		}
		return o.desk.Assign(ctx, s, &small, o.owner, k, 0)
	})
}
