package fetch

import (
	"context"
	"fmt"
	"strings"

	"rookery/federation/vocab"
	"rookery/federation/webfinger"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

var (
	errNoLoop = fault.New(fault.Invalid, "The account's address leads to another account.")
	errTaken  = fault.New(fault.Conflict, "The account's address belongs to another account.")
)

// proveHandle finds out by what name an actor goes, the way Mastodon does: the actor
// claims a handle (its webfinger property, FEP-2c59, or its name at the host of its
// id), and the handle's domain must name the actor in turn. A claim that did not
// change since it was proven is believed.
func (f *Fetcher) proveHandle(ctx context.Context, t *tenant.Tenant, actor vocab.Actor, known *social.Account) (social.Handle, error) {
	claim := claimOf(actor)
	if known != nil && strings.EqualFold(known.Username, claim.User) && known.Domain == claim.Domain {
		return social.Handle{User: claim.User, Host: claim.Domain}, nil
	}
	if f.isOurs(t, claim.Domain) {
		return social.Handle{}, errNoLoop
	}
	if err := f.servers.Refuse(t.ID, claim.Domain); err != nil {
		return social.Handle{}, err // the name would be one of a blocked server
	}
	result, err := webfinger.Lookup(ctx, f.http, claim.String())
	switch {
	case err == nil && result.Self != actor.ID:
		return social.Handle{}, fmt.Errorf("%s leads to %s: %w", claim, result.Self, errNoLoop)
	case err == nil && f.isOurs(t, result.Subject.Domain):
		return social.Handle{}, errNoLoop
	case err == nil && f.servers.Of(t.ID, result.Subject.Domain).IsRefused():
		return social.Handle{}, f.servers.Refuse(t.ID, result.Subject.Domain)
	case err == nil:
		return social.Handle{User: result.Subject.User, Host: result.Subject.Domain}, nil
	case fault.CodeOf(err) == fault.Unavailable || fault.IsNotFound(err):
		return f.unproven(ctx, t, actor, known, err)
	}
	return social.Handle{}, err
}

// claimOf is the handle that an actor says it has.
func claimOf(actor vocab.Actor) webfinger.Handle {
	if h, err := webfinger.ParseHandle(actor.Webfinger); actor.Webfinger != "" && err == nil {
		return h
	}
	return webfinger.Handle{User: actor.PreferredUsername, Domain: vocab.HostOf(actor.ID)}
}

// unproven names an actor whose server has no WebFinger, or none just now: by the
// name that its own document gives it, at the host that served the document. It
// cannot be anybody else's handle there, unless it is taken already.
func (f *Fetcher) unproven(ctx context.Context, t *tenant.Tenant, actor vocab.Actor, known *social.Account, cause error) (social.Handle, error) {
	if known != nil {
		return social.Handle{User: known.Username, Host: known.Domain}, nil
	}
	handle := social.Handle{User: actor.PreferredUsername, Host: vocab.HostOf(actor.ID)}
	if _, err := webfinger.ParseHandle(handle.User + "@" + handle.Host); err != nil {
		return social.Handle{}, cause
	}
	err := f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		_, err := store.AccountByHandle(ctx, scope, handle)
		return err
	})
	switch {
	case fault.IsNotFound(err):
		return handle, nil
	case err == nil:
		return social.Handle{}, errTaken
	}
	return social.Handle{}, err
}

// isOurs reports whether handles of a domain are the tenant's own.
func (f *Fetcher) isOurs(t *tenant.Tenant, domain string) bool {
	if domain == t.Host || domain == t.HandleDomain {
		return true
	}
	of, _, ok := f.tenants.ByHost(domain)
	return ok && of.ID == t.ID
}

// Resolve returns the account with a handle; it asks the handle's domain only where
// the handle is not known here.
func (f *Fetcher) Resolve(ctx context.Context, t *tenant.Tenant, handle social.Handle) (*social.Account, error) {
	asked, err := webfinger.ParseHandle(handle.User + "@" + hostOr(handle.Host, t.HandleDomain))
	if err != nil {
		return nil, err
	}
	if !f.isOurs(t, asked.Domain) {
		if err := f.servers.Refuse(t.ID, asked.Domain); err != nil {
			return nil, err
		}
	}
	a, err := f.byHandle(ctx, t, asked)
	if err == nil || !fault.IsNotFound(err) || f.isOurs(t, asked.Domain) {
		return a, err
	}
	if !t.Federates() {
		return nil, errApart
	}
	ctx = withBudget(ctx, searchRequests, requestDeadline*2)
	result, err := webfinger.Lookup(ctx, f.http, asked.String())
	if err != nil {
		return nil, err
	}
	if f.isOwn(t, result.Self) {
		return nil, errNoLoop // our own accounts have no handle elsewhere
	}
	return f.actorCalled(ctx, t, result)
}

// actorCalled reads the actor that a domain names, which must agree with the name.
func (f *Fetcher) actorCalled(ctx context.Context, t *tenant.Tenant, result webfinger.Result) (*social.Account, error) {
	actor, err := f.actor(ctx, t, result.Self)
	if err != nil {
		return nil, err
	}
	if actor.ID != result.Self {
		return nil, errNoLoop
	}
	return f.Save(ctx, t, actor)
}

func (f *Fetcher) byHandle(ctx context.Context, t *tenant.Tenant, h webfinger.Handle) (a *social.Account, err error) {
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if f.isOurs(t, h.Domain) {
			a, err = store.LocalAccountByAnyHandle(ctx, scope, h.User)
			return err
		}
		a, err = store.AccountByHandle(ctx, scope, social.Handle{User: h.User, Host: h.Domain})
		return err
	})
	return a, err
}

func hostOr(host, otherwise string) string {
	if host == "" {
		return otherwise
	}
	return host
}
