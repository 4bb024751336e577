package inbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/federation/fetch"
	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social/moderate"
	"rookery/tenant"
)

// VerifiedActivity is an activity that its actor has signed. Only a Verifier makes
// one; what it says about others proves nothing.
type VerifiedActivity struct {
	tenant   *tenant.Tenant
	activity vocab.Activity
	raw      []byte
}

// Verifier decides who sent a request.
type Verifier struct {
	db   *pg.DB
	keys *fetch.Keys
	// servers are asked whose GETs are answered; activities are judged before.
	servers *moderate.Servers
	now     func() time.Time
}

// NewVerifier returns a Verifier. It is safe for concurrent use. servers may be nil.
func NewVerifier(db *pg.DB, keys *fetch.Keys, servers *moderate.Servers) *Verifier {
	return &Verifier{db: db, keys: keys, servers: servers, now: time.Now}
}

var (
	errNotActor  = fault.New(fault.Unauthorized, "The actor of the activity is not the one who signed it.")
	errOwnActor  = fault.New(fault.Unauthorized, "Actors of this server do not send to it.")
	errForeignID = fault.New(fault.Forbidden, "The activity's id is on another server than its actor.")
	errShape     = fault.New(fault.Malformed, "That is not an activity.")
)

func (v *Verifier) policy(t *tenant.Tenant) signature.Policy {
	return signature.Policy{Host: t.Host, URLScheme: t.Scheme, Now: v.now()}
}

// signed is a request whose signature has the right shape, and what was said in it.
type signed struct {
	signature *signature.Parsed
	activity  vocab.Activity
	raw       []byte
}

// inspect does all checks that need neither database nor network.
func (v *Verifier) inspect(t *tenant.Tenant, req *http.Request, body []byte, doc vocab.Doc, parsed error) (*signed, error) {
	found, err := signature.Inspect(req, body, v.policy(t))
	if err != nil {
		return nil, fmt.Errorf("inspect the signature: %w", err)
	}
	if parsed != nil {
		return nil, parsed
	}
	a := vocab.ReadActivity(doc)
	switch host := vocab.HostOf(a.Actor); {
	case a.Type == "" || host == "":
		return nil, errShape
	case host == t.Host:
		return nil, errOwnActor
	case vocab.HostOf(found.KeyID) != host:
		// A key on another host than its owner's cannot be bound to it.
		return nil, errNotActor
	case a.ID != "" && !vocab.SameHost(a.ID, a.Actor):
		return nil, errForeignID
	}
	return &signed{signature: found, activity: a, raw: body}, nil
}

// verify finds the key and checks the signature with it; a key that does not fit is
// read anew once, for its owner may have changed it.
func (v *Verifier) verify(ctx context.Context, t *tenant.Tenant, s *signed) (*VerifiedActivity, error) {
	owner, err := v.owner(ctx, t, s.signature)
	if err != nil {
		return nil, err
	}
	if owner != s.activity.Actor {
		return nil, errNotActor
	}
	return &VerifiedActivity{tenant: t, activity: s.activity, raw: s.raw}, nil
}

// owner returns the id of the actor whose key made the signature.
func (v *Verifier) owner(ctx context.Context, t *tenant.Tenant, s *signature.Parsed) (string, error) {
	key, cached, err := v.keys.Cached(ctx, s.KeyID)
	if err == nil && !cached {
		key, err = v.keys.Get(ctx, t, s.KeyID)
	}
	if err != nil {
		return "", fmt.Errorf("key %.200s: %w", s.KeyID, err)
	}
	err = s.Verify(key.Public)
	if err != nil && cached {
		var renewed fetch.Key
		if renewed, err = v.keys.Renew(ctx, t, s.KeyID, key); err != nil {
			return "", fmt.Errorf("renew key %.200s: %w", s.KeyID, err)
		}
		key, err = renewed, s.Verify(renewed.Public)
	}
	if err != nil {
		return "", err
	}
	return key.Owner, nil
}

// Reader returns the id of the actor who signed a GET. It is fault.Forbidden for one whose
// server is blocked, before any key is looked up, and fault.Unauthorized for everybody else: routes that are open to all ask signature.IsSigned before.
func (v *Verifier) Reader(c echo.Context, t *tenant.Tenant) (string, error) {
	found, err := signature.Inspect(c.Request(), nil, v.policy(t))
	if err != nil {
		return "", fmt.Errorf("inspect the signature: %w", err)
	}
	if err := v.servers.Refuse(t.ID, vocab.HostOf(found.KeyID)); err != nil {
		return "", err
	}
	owner, err := v.owner(c.Request().Context(), t, found)
	if fault.CodeOf(err) == fault.Gone {
		return "", fault.Wrap(err, fault.Unauthorized, "The key's owner has been deleted.")
	}
	return owner, err
}
