package fetch

import (
	"context"
	"fmt"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
)

// Actor returns the account with an actor's id: from the database where it is known
// and fresh, else as its own server describes it. An account that cannot be read
// anew stays as it is known, except that fault.Gone is told.
func (f *Fetcher) Actor(ctx context.Context, t *tenant.Tenant, uri string) (*social.Account, error) {
	if err := f.refuse(t, uri); err != nil {
		return nil, err
	}
	known, err := f.known(ctx, t, uri)
	if err != nil && !fault.IsNotFound(err) {
		return nil, err
	}
	if f.isOwn(t, uri) {
		return known, err
	}
	if known != nil && !account.IsStale(known) {
		return known, nil
	}
	fresh, err := f.unknown(ctx, t, uri)
	if err != nil && known != nil && fault.CodeOf(err) != fault.Gone {
		return known, nil
	}
	return fresh, err
}

func (f *Fetcher) known(ctx context.Context, t *tenant.Tenant, uri string) (a *social.Account, err error) {
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		a, err = store.AccountByURI(ctx, scope, uri)
		return err
	})
	return a, err
}

// unknown stores an actor that the look-up of its key may have read a moment ago.
func (f *Fetcher) unknown(ctx context.Context, t *tenant.Tenant, uri string) (*social.Account, error) {
	actor, ok := f.recent.GetIfPresent(uri)
	if !ok {
		return f.Refresh(ctx, t, uri)
	}
	return f.Save(withBudget(ctx, searchRequests, requestDeadline*2), t, actor)
}

// Refresh reads an actor from its own server and stores it.
func (f *Fetcher) Refresh(ctx context.Context, t *tenant.Tenant, uri string) (*social.Account, error) {
	ctx = withBudget(ctx, searchRequests, requestDeadline*2)
	actor, err := f.actor(ctx, t, uri)
	if err != nil {
		return nil, err
	}
	return f.Save(ctx, t, actor)
}

// actor reads an actor document at its own id.
func (f *Fetcher) actor(ctx context.Context, t *tenant.Tenant, uri string) (vocab.Actor, error) {
	doc, err := f.document(ctx, t, uri)
	if err != nil {
		return vocab.Actor{}, err
	}
	a := vocab.ReadActor(doc)
	if !vocab.IsActor(a.Type) || a.Inbox == "" {
		return vocab.Actor{}, fmt.Errorf("read %s: %w", uri, errNoActor)
	}
	return a, nil
}

// Save stores an actor whose document is proven (served at its id, or sent by its
// owner), after its handle is. The account that comes back has everything that is
// known of it here, such as that it is suspended.
func (f *Fetcher) Save(ctx context.Context, t *tenant.Tenant, actor vocab.Actor) (*social.Account, error) {
	return f.save(ctx, t, actor, func(*pg.Scope) error { return nil })
}

var errOldProfile = fault.New(fault.Invalid, "A newer profile is known.")

// SaveSent is Save for a document that its owner sent: it may come late, after a newer
// one. It is fault.Invalid then.
func (f *Fetcher) SaveSent(ctx context.Context, t *tenant.Tenant, actor vocab.Actor) (*social.Account, error) {
	return f.save(ctx, t, actor, func(scope *pg.Scope) error {
		known, err := store.LockProfile(ctx, scope, actor.ID)
		if err == nil && known.After(actor.Updated) {
			return errOldProfile
		}
		return err
	})
}

func (f *Fetcher) save(ctx context.Context, t *tenant.Tenant, actor vocab.Actor, first func(*pg.Scope) error) (*social.Account, error) {
	fresh, err := convert.RemoteAccount(t, actor)
	if err != nil {
		return nil, fmt.Errorf("read actor %s: %w", actor.ID, err)
	}
	known, err := f.known(ctx, t, actor.ID)
	if err != nil && !fault.IsNotFound(err) {
		return nil, err
	}
	handle, err := f.proveHandle(ctx, t, actor, known)
	if err != nil {
		return nil, fmt.Errorf("prove the handle of %s: %w", actor.ID, err)
	}
	fresh.Username, fresh.Domain = handle.User, handle.Host
	host := vocab.HostOf(actor.ID)
	if f.servers.Of(t.ID, host).RejectMedia || f.servers.Of(t.ID, handle.Host).RejectMedia {
		fresh.AvatarURL, fresh.HeaderURL, fresh.Emojis = "", "", nil
	}
	var saved *social.Account
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if err := first(scope); err != nil {
			return err
		}
		if err := account.SaveRemote(ctx, scope, fresh); err != nil {
			return err
		}
		if err := f.servers.Mark(ctx, scope, fresh, host); err != nil {
			return err
		}
		saved, err = store.AccountByURI(ctx, scope, fresh.URI)
		return err
	})
	return saved, err
}
