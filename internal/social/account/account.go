// Package account holds the rules of fediverse identities: making local ones,
// changing profiles, keeping copies of remote ones, and the keys they sign with.
//
// The API, the console, the inbox and the operator's commands call it. It must
// not know HTTP or ActivityPub documents, and must not decide which person may
// act as which account: tenant/access does.
package account

import (
	"context"
	"crypto/rsa"
	"fmt"
	"regexp"
	"strings"
	"time"

	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Service makes and changes accounts.
type Service struct {
	db  *pg.DB
	key *seal.Key
	// newRSA makes the key that everybody verifies.
	newRSA func() (*rsa.PrivateKey, error)
}

// New returns a Service. The key seals the private keys of new accounts.
func New(db *pg.DB, key *seal.Key) *Service { return NewWith(db, key, signature.GenerateRSA) }

// NewWith is New with another source of RSA keys, such as one that has made them before.
func NewWith(db *pg.DB, key *seal.Key, newRSA func() (*rsa.PrivateKey, error)) *Service {
	return &Service{db: db, key: key, newRSA: newRSA}
}

// Local says what a new local account is to be.
type Local struct {
	Username    string
	DisplayName string
	ActorType   string // Person, Service, Group or Organization; empty: Person
}

// Usernames must please the strictest readers: Misskey wants a word character at
// both ends, Pixelfed allows letters, digits, dot, dash and underscore.
var usernamePattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,28}[A-Za-z0-9_])?$`)

// reserved names would collide with pages or mislead people.
var reserved = map[string]bool{
	"admin": true, "administrator": true, "root": true, "postmaster": true, "abuse": true, "webmaster": true,
	"hostmaster": true, "instance": true, "rookery": true, "about": true, "settings": true,
}

// ValidateUsername says what is wrong with a username, or nil.
func ValidateUsername(name string) error {
	switch {
	case name == "":
		return fault.New(fault.Invalid, "Give the account a name: the part before the domain, such as “support”.")
	case !usernamePattern.MatchString(name):
		return fault.Newf(fault.Invalid, "“%s” cannot be a name. Use up to 30 letters a–z, digits, dots, dashes and underscores, with a letter, digit or underscore at both ends.", truncate(name, 40))
	case reserved[strings.ToLower(name)]:
		return fault.Newf(fault.Invalid, "“%s” is kept free on every domain. Choose another name.", name)
	}
	return nil
}

// errNameUsed: an old name goes on leading to whoever had it, so that nobody takes over
// what others mean by it.
func errNameUsed(name string, t *tenant.Tenant) error {
	return fault.Newf(fault.Conflict, "@%s@%s is taken or was used before. Names are never given twice: choose another.", name, t.HandleDomain)
}

var errNotOurs = fault.New(fault.NotFound, "There is no such account on this server.")

func truncate(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// Create makes a local account with its handle and keys. The keys are made before the
// transaction, because that takes a noticeable part of a second; also then runs in
// the same transaction, for granting somebody the right to act as the account. A plan that
// has no account left is fault.Forbidden.
func (s *Service) Create(ctx context.Context, t *tenant.Tenant, in Local, also func(*pg.Scope, *social.Account) error) (*social.Account, error) {
	if err := ValidateUsername(in.Username); err != nil {
		return nil, err
	}
	if in.ActorType == "" {
		in.ActorType = "Person"
	}
	if err := entitled.ToGrow(t); err != nil {
		return nil, err // before keys are made for nothing
	}
	a := newLocal(t, in)
	keys, err := s.makeKeys(t.ID, a.ID)
	if err != nil {
		return nil, err
	}
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if err := makeRoom(ctx, scope, t); err != nil {
			return err
		}
		if err := store.AddHandle(ctx, scope, a.ID, a.Username, t.HandleDomain); err != nil {
			if fault.CodeOf(err) == fault.Conflict {
				return errNameUsed(a.Username, t)
			}
			return fmt.Errorf("claim handle: %w", err)
		}
		if err := store.InsertLocalAccount(ctx, scope, a); err != nil {
			return fmt.Errorf("store account: %w", err)
		}
		for _, k := range keys {
			if err := store.AddAccountKey(ctx, scope, a.ID, k); err != nil {
				return fmt.Errorf("store account key: %w", err)
			}
		}
		if err := index(ctx, scope, a); err != nil {
			return err
		}
		if err := charge(ctx, scope, t); err != nil {
			return err
		}
		if also == nil {
			return nil
		}
		return also(scope, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// newLocal fills in what follows from the tenant: an opaque, permanent URI and the
// addresses below it (never a username in an id).
func newLocal(t *tenant.Tenant, in Local) *social.Account {
	id := ids.New()
	uri := t.URL("/ap/actors/" + ids.Format(id))
	return &social.Account{
		ID: social.AccountID(id), URI: uri, Username: in.Username, ActorType: in.ActorType, DisplayName: in.DisplayName,
		URL: t.URL("/@" + in.Username), InboxURL: uri + "/inbox", SharedInboxURL: t.URL("/inbox"), OutboxURL: uri + "/outbox",
		FollowersURL: uri + "/followers", FollowingURL: uri + "/following", FeaturedURL: uri + "/collections/featured",
		Discoverable: true, DefaultVisibility: social.Public, DefaultLanguage: "en", CreatedAt: time.Now().UTC(),
	}
}

// makeKeys generates an RSA key, which everybody verifies, and an Ed25519 key for later.
func (s *Service) makeKeys(t tenant.ID, account social.AccountID) ([]store.SealedKey, error) {
	rsaKey, err := s.newRSA()
	if err != nil {
		return nil, err
	}
	ed, err := signature.GenerateEd25519()
	if err != nil {
		return nil, err
	}
	sealedRSA, err := sealKey(s.key, "rsa", rsaKey, accountPurpose(t, account, "rsa"))
	if err != nil {
		return nil, err
	}
	sealedEd, err := sealKey(s.key, "ed25519", ed, accountPurpose(t, account, "ed25519"))
	if err != nil {
		return nil, err
	}
	return []store.SealedKey{sealedRSA, sealedEd}, nil
}
