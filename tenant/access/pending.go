package access

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	pendingLifetime = 10 * time.Minute
	pendingTries    = 6 // then the password is asked for again, and that is counted too
)

// PendingCookie names a browser between the right password and the second factor.
const PendingCookie Cookie = "rookery_pending"

// ErrPending says that no sign-in waits for its second step: it took too long, failed too
// often, or never began.
var ErrPending = fault.New(fault.Unauthorized, "Signing in took too long. Start again with your password.")

// Pending is somebody whose password was right and who has not shown a second factor yet.
type Pending struct {
	Person social.PersonID
	Token  string // the secret the browser holds
	Next   string
}

// AsSession is what the forms of the second step are bound to. Nobody is signed in by it.
func (p *Pending) AsSession() *Session { return &Session{Token: p.Token} }

// StartPending lets a browser go on to the second step. The realm is the tenant whose host it
// is on, 0 the platform's.
func (j *Judge) StartPending(ctx context.Context, realm tenant.ID, person social.PersonID, next string) (*Pending, error) {
	token, hash := newSecret()
	err := j.db.Platform(ctx, "wait for a second factor", func(tx *pg.PlatformTx) error {
		return store.AddPending(ctx, tx, &store.PendingSignIn{
			TokenHash: hash, PersonID: person, Realm: int64(realm), Next: next, ExpiresAt: j.now().Add(pendingLifetime),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("wait for the second factor of person %d: %w", person, err)
	}
	return &Pending{Person: person, Token: token, Next: next}, nil
}

// Pending returns the sign-in that waits, or ErrPending.
func (j *Judge) Pending(ctx context.Context, realm tenant.ID, token string) (*Pending, error) {
	return j.pending(ctx, "read a half sign-in", token, func(tx *pg.PlatformTx, hash []byte) (*store.PendingSignIn, error) {
		return store.PendingByHash(ctx, tx, int64(realm), hash, j.now())
	})
}

// TryPending counts a try at the second step before it is looked at, and refuses with
// ErrPending where there were too many.
func (j *Judge) TryPending(ctx context.Context, realm tenant.ID, token string) (*Pending, error) {
	return j.pending(ctx, "count a try at a second factor", token, func(tx *pg.PlatformTx, hash []byte) (*store.PendingSignIn, error) {
		return store.CountPending(ctx, tx, int64(realm), hash, j.now())
	})
}

func (j *Judge) pending(ctx context.Context, reason, token string, read func(*pg.PlatformTx, []byte) (*store.PendingSignIn, error)) (*Pending, error) {
	if token == "" || len(token) > longestToken {
		return nil, ErrPending
	}
	var row *store.PendingSignIn
	err := j.db.Platform(ctx, reason, func(tx *pg.PlatformTx) (err error) {
		row, err = read(tx, hashOf(token))
		return err
	})
	if fault.IsNotFound(err) || err == nil && row.Tries > pendingTries {
		return nil, ErrPending
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", reason, err)
	}
	return &Pending{Person: row.PersonID, Token: token, Next: row.Next}, nil
}

// EndPending ends a sign-in that waited; of two that finish it at once, one gets ErrPending.
func (j *Judge) EndPending(ctx context.Context, p *Pending) error {
	err := j.db.Platform(ctx, "end a half sign-in", func(tx *pg.PlatformTx) error { return store.DeletePending(ctx, tx, hashOf(p.Token)) })
	if fault.IsNotFound(err) {
		return ErrPending
	}
	if err != nil {
		return fmt.Errorf("end a half sign-in: %w", err)
	}
	return nil
}
