// Package deletion brings a tenant to its end.
//
// Whoever asks (the operator's command, an owner in the console) closes it to people at once; for thirty days that
// can be undone, because other servers notice nothing yet. Then, step by step and whichever
// process goes on: its accounts say goodbye to every server that is known, its names are
// given up, and when all have heard or three days are over, its rows are removed in small
// parts. What stays, and why, is store.KeptOfTenants; people who belong to no other tenant
// go too, because nothing is left that they could sign in to. Only cmd registers the
// worker; it and the console call Begin and Undo. It must not reach into any other tenant, and nothing
// else may remove a tenant's rows as a whole.
package deletion

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const (
	// UndoFor is how long a deletion can be undone.
	UndoFor = 30 * 24 * time.Hour
	// farewellTime is when servers that have not heard are given up; package deliver
	// gives their deliveries up after as long.
	farewellTime = 72 * time.Hour
	batch        = 1000 // rows of one statement
	departing    = 20   // accounts of one transaction
)

var (
	errTooLate  = fault.New(fault.Gone, "This tenant was deleted. That cannot be undone.")
	errNotYours = fault.New(fault.Forbidden, "Whoever runs this server began this deletion, and they alone can take it back. Write to them.")
)

// Names gives up the names of a tenant; *domains.Service does.
type Names interface {
	ReleaseAll(ctx context.Context, by audit.Actor, owner tenant.ID) error
}

// Options say what a Service works with.
type Options struct {
	DB      *pg.DB
	Tenants *registry.Registry
	Names   Names
	Log     *slog.Logger     // nil: silent
	Now     func() time.Time // nil: time.Now
	Console string           // where owners are sent, such as https://rookery.example
	// Batch bounds the rows of one statement. 0: 1,000.
	Batch int
}

// Service deletes tenants. It is safe for concurrent use.
type Service struct {
	Options
}

// New makes a Service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Batch <= 0 {
		o.Batch = batch
	}
	return &Service{o}
}

// bySystem is the clock, for the audit log.
func bySystem() audit.Actor { return audit.BySystem("deletion") }

// Begin closes a tenant to people, and sets when it goes for good: after a time, or with
// 0 right now. Asked again it can only come earlier; what is deleted already stays so.
// From the commit on apps and pages answer 410; then tokens, sessions and codes end, and
// with them the open streams.
func (s *Service) Begin(ctx context.Context, by audit.Actor, id tenant.ID, after time.Duration) (*registry.Deletion, error) {
	return s.begin(ctx, by, id, after, false)
}

// BeginQuietly is Begin, but that other servers are never told: they keep what they have,
// and find 410 once they ask. It is the end of who does not pay and has not chosen to say
// goodbye: a Delete cannot be taken back by anybody.
func (s *Service) BeginQuietly(ctx context.Context, by audit.Actor, id tenant.ID, after time.Duration) (*registry.Deletion, error) {
	return s.begin(ctx, by, id, after, true)
}

func (s *Service) begin(ctx context.Context, by audit.Actor, id tenant.ID, after time.Duration, isQuiet bool) (*registry.Deletion, error) {
	var d *registry.Deletion
	err := s.DB.Platform(ctx, "begin the deletion of a tenant", func(tx *pg.PlatformTx) (err error) {
		if d, err = registry.LockDeletion(ctx, tx, id); err != nil {
			return err
		}
		now := s.Now()
		if d.State != tenant.Deleted {
			if err := s.schedule(ctx, tx, by, d, now.Add(after), isQuiet); err != nil {
				return err
			}
			if after <= 0 {
				if err := s.close(ctx, tx, by, d.ID, now); err != nil {
					return err
				}
			}
		}
		d, err = registry.DeletionOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin the deletion of tenant %d: %w", id, err)
	}
	if err := s.Tenants.Load(ctx); err != nil {
		return nil, err
	}
	return d, s.endAccess(ctx, id)
}

// schedule sets when a tenant goes, unless it goes earlier already. Who asks for a deletion
// that is heard makes one of a quiet one.
func (s *Service) schedule(ctx context.Context, tx *pg.PlatformTx, by audit.Actor, d *registry.Deletion, at time.Time, isQuiet bool) error {
	if d.State == tenant.Deleting {
		isQuiet = isQuiet && d.IsQuiet
		if d.DeleteAt.Before(at) {
			at = d.DeleteAt
		}
	}
	if d.State == tenant.Deleting && at.Equal(d.DeleteAt) && d.IsQuiet == isQuiet {
		return nil
	}
	if err := registry.BeginDeletion(ctx, tx, d.ID, at, isQuiet); err != nil {
		return err
	}
	if at.After(s.Now()) { // else nothing is left to decide
		if err := s.tell(ctx, tx, by, d, "tenant_ends", at); err != nil {
			return err
		}
	}
	return s.record(ctx, tx, by, d.ID, "delete", map[string]string{"for_good_at": at.UTC().Format(time.RFC3339)})
}

// close ends the time for an undo, and has the worker go on at once.
func (s *Service) close(ctx context.Context, tx *pg.PlatformTx, by audit.Actor, id tenant.ID, now time.Time) error {
	if err := registry.CloseTenant(ctx, tx, id, now); err != nil {
		return err
	}
	if err := s.record(ctx, tx, by, id, "close", nil); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs.TenantSweep{})
}

// Undo takes a deletion back whose time has not come. People sign in anew, also where
// Begin was interrupted before it had ended every token.
func (s *Service) Undo(ctx context.Context, by audit.Actor, id tenant.ID) error {
	d, err := s.Of(ctx, id)
	if err != nil {
		return err
	}
	if d.State == tenant.Deleting {
		if err := s.endAccess(ctx, id); err != nil {
			return err
		}
	}
	err = s.DB.Platform(ctx, "undo the deletion of a tenant", func(tx *pg.PlatformTx) error {
		d, err := registry.LockDeletion(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.State == tenant.Deleted {
			return errTooLate
		}
		if err := mayUndo(ctx, tx, by, d); err != nil {
			return err
		}
		if err := registry.UndoDeletion(ctx, tx, id); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, by, d, "tenant_stays", d.DeleteAt); err != nil {
			return err
		}
		return s.record(ctx, tx, by, id, "undelete", nil)
	})
	if err != nil {
		return fmt.Errorf("undo the deletion of tenant %d: %w", id, err)
	}
	return s.Tenants.Load(ctx)
}

func (s *Service) record(ctx context.Context, tx *pg.PlatformTx, by audit.Actor, id tenant.ID, did string, detail map[string]string) error {
	return audit.AppendFor(ctx, tx, id, audit.Entry{Actor: by, Action: "tenant." + did, Target: "tenant:" + id.String(), Detail: detail})
}

// endAccess ends every token, session and code.
func (s *Service) endAccess(ctx context.Context, id tenant.ID) error {
	for more := true; more; {
		err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
			more, err = store.EndAccess(ctx, scope, s.Batch)
			return err
		})
		if err != nil {
			return fmt.Errorf("end the access to tenant %d: %w", id, err)
		}
	}
	return nil
}

// Of returns how far the end of a tenant is.
func (s *Service) Of(ctx context.Context, id tenant.ID) (d *registry.Deletion, err error) {
	err = s.DB.Platform(ctx, "see how far the deletion of a tenant is", func(tx *pg.PlatformTx) (err error) {
		d, err = registry.DeletionOf(ctx, tx, id)
		return err
	})
	return d, err
}

// Preview counts what would go with a tenant.
func (s *Service) Preview(ctx context.Context, id tenant.ID) (*store.TenantFootprint, error) {
	var goes *store.TenantFootprint
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) (err error) {
		goes, err = store.TenantFootprintOf(ctx, scope)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count what goes with tenant %d: %w", id, err)
	}
	err = s.DB.Platform(ctx, "count what goes with a tenant", func(tx *pg.PlatformTx) (err error) {
		if goes.Persons, err = store.CountPersonsOnlyIn(ctx, tx, id); err != nil {
			return err
		}
		work, err := store.TenantJobsOf(ctx, tx, id)
		if err == nil {
			goes.Jobs = work.All
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the people and jobs of tenant %d: %w", id, err)
	}
	return goes, nil
}
