package deletion

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

// remindBefore is how long before the end owners hear of it once more.
const remindBefore = 3 * 24 * time.Hour

// owners are who can take a deletion back.
var owners = []string{"owner"}

// tell queues a mail to the owners. The time of the end tells one deletion from the next.
func (s *Service) tell(ctx context.Context, tx *pg.PlatformTx, by audit.Actor, d *registry.Deletion, template string, at time.Time) error {
	n := notice.Notice{
		Key: fmt.Sprintf("tenant/%d/%s/%d", d.ID, template, at.Unix()), Template: template, To: owners,
		Data: map[string]string{
			"organisation": d.Name, "since": s.Now().UTC().Format(time.RFC3339), "deadline": at.UTC().Format(time.RFC3339),
			"link": s.Console + "/tenants/" + d.ID.String() + "/deletion",
		},
	}
	if by.Kind == audit.Person {
		n.Data["person"] = by.Name
	}
	return notice.Queue(ctx, tx, d.ID, n)
}

// remind tells the owners of tenants whose end is near, each once.
func (s *Service) remind(ctx context.Context) error {
	err := s.DB.Platform(ctx, "tell owners that their tenant ends soon", func(tx *pg.PlatformTx) error {
		list, err := registry.DeletionsBefore(ctx, tx, s.Now(), s.Now().Add(remindBefore))
		if err != nil {
			return err
		}
		for _, d := range list { // a few at most
			if err := s.tell(ctx, tx, bySystem(), d, "tenant_ends_soon", d.DeleteAt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tell owners that their tenant ends soon: %w", err)
	}
	return nil
}

// mayUndo refuses a person what somebody else than a person of the tenant has begun: who
// runs the platform had a reason.
func mayUndo(ctx context.Context, tx *pg.PlatformTx, by audit.Actor, d *registry.Deletion) error {
	if by.Kind != audit.Person {
		return nil
	}
	begun, err := store.AuditEntriesOf(ctx, tx, d.ID, store.AuditFilter{Action: "tenant.delete", Target: "tenant:" + d.ID.String(), Limit: 1})
	if err != nil {
		return err
	}
	if len(begun) == 0 || begun[0].ActorKind != string(audit.Person) {
		return errNotYours
	}
	return nil
}
