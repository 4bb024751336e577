package checkout

import (
	"context"

	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant"
)

// ChooseGoodbye stores whether other servers are told that the tenant's accounts are deleted when
// it comes to its end because nothing is paid. They are not as long as nobody chose so: a Delete
// of an actor can never be taken back, while servers that hear nothing keep the name free for
// whoever pays again.
func (s *Service) ChooseGoodbye(ctx context.Context, who audit.Actor, id tenant.ID, says bool) error {
	return s.DB.Platform(ctx, "choose how a tenant ends", func(tx *pg.PlatformTx) error {
		changed, err := store.ChooseGoodbye(ctx, tx, id, says)
		if err != nil || !changed {
			return err
		}
		e := audit.Entry{Action: "billing.quiet_end"}
		if says {
			e = audit.Entry{Action: "billing.goodbye"}
		}
		e.Actor, e.Target = who, "tenant:"+id.String()
		return audit.AppendFor(ctx, tx, id, e)
	})
}
