package inbox

import (
	"context"
	"crypto/sha256"

	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// receive takes in one request. Cheap checks come first, and nothing that needs the
// network is done for what concerns nobody here (SECURITY.md rule 9).
func (i *Inbox) receive(c echo.Context) error {
	ctx, req := c.Request().Context(), c.Request()
	t := tenant.FromContext(ctx)
	if t == nil || !t.Federates() {
		return errNoTenant
	}
	account, err := i.door(ctx, t, c.Param("id"))
	if err != nil {
		return err
	}
	body, err := readBody(req)
	if err != nil {
		return err
	}
	doc, parsed := vocab.Parse(body)
	if parsed == nil {
		if err := i.Servers.Refuse(t.ID, vocab.HostOf(doc.Actor())); err != nil {
			return err
		}
	}
	if parsed == nil && isFarewell(doc) {
		if known, err := i.isKnown(ctx, t, doc.Actor()); err != nil || !known {
			return err // servers tell everybody; most of us never knew the account
		}
	}
	s, err := i.verifier.inspect(t, req, body, doc, parsed)
	if err != nil {
		return err
	}
	if !i.takes(t, s.activity.Type) {
		i.dropped.Add(1)
		return nil // nobody here reads it, and a refusal would end up as the end of deliveries
	}
	need := needOf(t, s.activity, account)
	if need != store.NeedNothing {
		if proceed, err := i.worthAKey(ctx, t, s, need); err != nil || !proceed {
			return err
		}
	}
	verified, err := i.verifier.verify(ctx, t, s)
	if fault.CodeOf(err) == fault.Gone {
		return i.ownerIsGone(ctx, t, s.activity)
	}
	if err != nil {
		return err
	}
	if err := i.allow(verified); err != nil {
		return err
	}
	if i.Heard != nil {
		i.Heard(ctx, vocab.HostOf(s.activity.Actor))
	}
	return i.writer.add(ctx, verified, verified.row(account, need))
}

// worthAKey reports whether to go on with an activity whose key may have to be
// fetched: not for what concerns nobody here. Where the key is at hand the writer's
// own statement decides that, without a round trip more.
func (i *Inbox) worthAKey(ctx context.Context, t *tenant.Tenant, s *signed, need store.Need) (bool, error) {
	_, cached, err := i.Keys.Cached(ctx, s.signature.KeyID)
	if err != nil || cached {
		return cached, err
	}
	return i.concerns(ctx, t, s.activity.Actor, need)
}

// isFarewell reports whether a document is the deletion, or a change, of its own actor.
func isFarewell(doc vocab.Doc) bool {
	a := vocab.ReadActivity(doc)
	return (a.Type == vocab.TypeDelete || a.Type == vocab.TypeUpdate) && a.Actor != "" && a.Object.ID == a.Actor
}

func (i *Inbox) isKnown(ctx context.Context, t *tenant.Tenant, actor string) (bool, error) {
	return i.concerns(ctx, t, actor, store.NeedKnown)
}

func (i *Inbox) concerns(ctx context.Context, t *tenant.Tenant, actor string, need store.Need) (concerned bool, err error) {
	err = i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		concerned, err = store.SenderConcerns(ctx, scope, actor, need)
		return err
	})
	return concerned, err
}

// ownerIsGone handles an activity whose key cannot be had because its owner's server
// says 410. Nothing is proven by the activity; the account is looked at by a job.
func (i *Inbox) ownerIsGone(ctx context.Context, t *tenant.Tenant, a vocab.Activity) error {
	if a.Type != vocab.TypeDelete || a.Object.ID != a.Actor {
		return errNotActor
	}
	return i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		known, err := store.AccountByURI(ctx, scope, a.Actor)
		if fault.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return scope.EnqueueWith(ctx, []river.InsertManyParams{{
			Args: jobs.RefreshAccount{Scoped: jobs.Scoped{TenantID: t.ID}, AccountID: int64(known.ID)}, InsertOpts: jobs.RefreshNow(),
		}})
	})
}

// row is what is stored of a verified activity; the writer gives it an id.
func (v *VerifiedActivity) row(account social.AccountID, need store.Need) store.NewInboxActivity {
	return store.NewInboxActivity{
		InboxActivity: store.InboxActivity{ActorURI: v.activity.Actor, AccountID: account, Raw: v.raw},
		Dedup:         v.dedup(), Need: need,
	}
}

// dedup names the activity among all of the tenant. One without an id is the same
// as another if it is so byte by byte. The actor is part of it: ids are claims.
func (v *VerifiedActivity) dedup() []byte {
	if v.activity.ID != "" {
		return store.InboxKey(v.activity.Actor, v.activity.ID)
	}
	h := sha256.New()
	h.Write([]byte(v.activity.Actor))
	h.Write([]byte("\x00raw\x00"))
	h.Write(v.raw)
	return h.Sum(nil)
}

// door is one personal inbox.
type door struct {
	tenant tenant.ID
	id     string
}

// door returns whose inbox a request is for, 0 for the shared one; fault.NotFound
// where there is none, fault.Gone where there was one.
func (i *Inbox) door(ctx context.Context, t *tenant.Tenant, param string) (social.AccountID, error) {
	if t.State == tenant.Deleted {
		return 0, fault.New(fault.Gone, "This server is gone.")
	}
	if param == "" {
		return 0, nil
	}
	id, ok := ids.Parse(param)
	if !ok {
		return 0, errNoTenant
	}
	at := door{t.ID, param}
	if err, ok := i.doors.GetIfPresent(at); ok {
		return social.AccountID(id), err
	}
	err := i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return whose(ctx, scope, t, social.AccountID(id)) })
	if code := fault.CodeOf(err); code == "" || code == fault.NotFound || code == fault.Gone {
		_, _ = i.doors.Set(at, err)
	}
	return social.AccountID(id), err
}

func whose(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.AccountID) error {
	a, err := store.AccountByID(ctx, scope, id)
	if err == nil && a.IsLocal() {
		return nil
	}
	if err != nil && !fault.IsNotFound(err) {
		return err
	}
	_, err = store.TombstoneByURI(ctx, scope, t.URL("/ap/actors/"+ids.Format(int64(id))))
	if err == nil {
		return fault.New(fault.Gone, "This account has been deleted.")
	}
	return err
}
