package sso

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/notice"
	"rookery/tenant/people"
)

// Knock is asked before somebody is let in by anything else than the provider: a password,
// a passkey. ErrRequired keeps them out. For an owner who may do without, it is recorded
// and all owners are told before the session begins, so that none begins in silence.
func Knock(ctx context.Context, db *pg.DB, id tenant.ID, person social.PersonID, address string) error {
	var door *store.SSODoor
	err := db.Read(ctx, id, func(scope *pg.Scope) (err error) {
		door, err = store.SSODoorOf(ctx, scope, person)
		return err
	})
	switch {
	case fault.IsNotFound(err): // no member: whoever makes the session says so
		return nil
	case err != nil:
		return fmt.Errorf("ask whether person %d may come in: %w", person, err)
	case !door.Required:
		return nil
	case !door.IsGlass:
		return ErrRequired
	}
	return announce(ctx, db, id, person, address, "")
}

// Hold asks once more in the transaction that makes the session: between Knock and it the
// company may have closed the door, and whoever closes it ends the sessions there are.
func Hold(ctx context.Context, scope *pg.Scope, person social.PersonID) error {
	door, err := store.HoldSSODoor(ctx, scope, person)
	if fault.IsNotFound(err) {
		return nil
	}
	if err == nil && door.Required && !door.IsGlass {
		return ErrRequired
	}
	return err
}

// announce records that an owner comes in without the provider, and tells all owners.
func announce(ctx context.Context, db *pg.DB, id tenant.ID, person social.PersonID, address, link string) error {
	now := time.Now()
	err := db.Platform(ctx, "tell owners of a sign-in without the provider", func(tx *pg.PlatformTx) error {
		row, err := store.PersonByID(ctx, tx, person)
		if err != nil {
			return err
		}
		company, err := store.TenantName(ctx, tx, id)
		if err != nil {
			return err
		}
		err = audit.AppendFor(ctx, tx, id, audit.Entry{
			Actor:  audit.Actor{Kind: audit.Person, ID: int64(person), Name: row.Name, Address: address},
			Action: "sso.break_glass", Target: people.Target(person),
		})
		if err != nil {
			return err
		}
		name := row.Name
		if name == "" {
			name = row.Email
		}
		return notice.Queue(ctx, tx, id, notice.Notice{
			Key: fmt.Sprintf("tenant/%d/sso_break_glass/%d/%d", id, person, now.UnixNano()), Template: "sso_break_glass", To: []string{string(people.MemberOwner)},
			Data: map[string]string{
				"organisation": company, "person": name, "note": address, "since": now.UTC().Format(time.RFC3339), "link": link,
			},
		})
	})
	if err != nil {
		return fmt.Errorf("tell owners that person %d came in without the provider: %w", person, err)
	}
	return nil
}
