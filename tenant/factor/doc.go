// Package factor checks what people show besides a password: codes of an authenticator app,
// recovery codes, passkeys.
//
// The sign-in pages and the pages on which people look after their login call it. It must not
// start sessions (package access does) nor count tries (internal/limit does), and what an
// authenticator knows leaves the database sealed alone.
package factor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/people"
)

// Factors are those of all people of the platform.
type Factors struct {
	db  *pg.DB
	key *seal.Key
	log *slog.Logger
	now func() time.Time
}

// Options are what Factors works with.
type Options struct {
	DB   *pg.DB
	Seal *seal.Key
	Log  *slog.Logger     // nil: none
	Now  func() time.Time // for tests; nil: the clock
}

// New makes Factors.
func New(o Options) *Factors {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Factors{db: o.DB, key: o.Seal, log: o.Log, now: o.Now}
}

// Status is what a person has on a host.
type Status struct {
	HasTOTP   bool
	Since     time.Time // of the authenticator
	CodesLeft int
	Passkeys  []Passkey
}

// HasAny reports whether signing in by password asks for more, or a passkey does without.
func (s Status) HasAny() bool { return s.HasTOTP || len(s.Passkeys) > 0 }

// Of returns what a person has; passkeys are those of one host.
func (f *Factors) Of(ctx context.Context, person social.PersonID, rpID string) (out Status, err error) {
	err = f.db.Platform(ctx, "read a person's second factors", func(tx *pg.PlatformTx) error {
		t, err := store.TOTPOf(ctx, tx, person)
		if err != nil && !fault.IsNotFound(err) {
			return err
		}
		if err == nil && t.ConfirmedAt != nil {
			out.HasTOTP, out.Since = true, *t.ConfirmedAt
			if out.CodesLeft, err = store.RecoveryCodesLeft(ctx, tx, person); err != nil {
				return err
			}
		}
		keys, err := store.PasskeysOf(ctx, tx, rpID, person)
		for _, k := range keys {
			out.Passkeys = append(out.Passkeys, fromRow(k))
		}
		return err
	})
	if err != nil {
		return Status{}, fmt.Errorf("read the second factors of person %d: %w", person, err)
	}
	return out, nil
}

// Kinds is which second factors somebody has, on any host.
type Kinds struct{ TOTP, Passkey bool }

// Any reports whether there is one.
func (k Kinds) Any() bool { return k.TOTP || k.Passkey }

// AmongPeople returns which second factors the persons have: what an owner sees.
func (f *Factors) AmongPeople(ctx context.Context, list []social.PersonID) (map[social.PersonID]Kinds, error) {
	out := make(map[social.PersonID]Kinds, len(list))
	err := f.db.Platform(ctx, "find who has a second factor", func(tx *pg.PlatformTx) error {
		found, err := store.FactorsAmong(ctx, tx, list)
		for _, row := range found {
			out[row.PersonID] = Kinds{TOTP: row.HasTOTP, Passkey: row.HasPasskey}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find who of %d people has a second factor: %w", len(list), err)
	}
	return out, nil
}

// record writes an act of a person into the platform's chain and tells them by mail.
func (f *Factors) record(ctx context.Context, tx *pg.PlatformTx, person social.PersonID, action, cause string, who audit.Actor) error {
	err := audit.AppendFor(ctx, tx, audit.Platform, audit.Entry{Actor: who, Action: action, Target: people.Target(person)})
	if err != nil {
		return err
	}
	return people.Tell(ctx, tx, person, cause, f.now())
}

// ErrCode says that a code was wrong, old or used.
var ErrCode = fault.New(fault.Unauthorized, "This code is not right, or was used already. Wait for the next one.")
