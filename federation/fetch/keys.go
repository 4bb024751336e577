package fetch

import (
	"context"
	"crypto"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/store"
	"rookery/tenant"
)

// Key is a public key whose owner lists it.
type Key struct {
	Public crypto.PublicKey
	Owner  string // the actor's id
}

// Keys finds the public keys of remote actors. They are shared by all tenants, in
// memory and in the table remote_keys. It is safe for concurrent use.
//
// The table is the truth for all processes: whoever changes a row tells the others
// (KeysChanged), and memory is held against the table each minute in any case, so that
// no process believes for long what another one has seen withdrawn.
//
// What strangers can make it do is bounded: one look-up of a key at a time, failures
// are remembered, and a document is read at most renewals times in renewEvery,
// whatever keys are said to be in it.
type Keys struct {
	fetcher *Fetcher
	known   *otter.Cache[string, Key]
	failed  *otter.Cache[string, error]
	flight  singleflight.Group
	reads   *readLimit
	// busy holds the look-ups on one host: a host that answers slowly must not hold every request.
	busy *perHost
}

const (
	maxKeys     = 50_000
	keepKeys    = time.Minute // in memory; in the table until upkeep
	keepFailure = 5 * time.Minute
	renewEvery  = 5 * time.Minute
	renewals    = 3
	// queries are how many addresses of one path are read that differ in their query.
	// Some servers tell their actors apart by it (WordPress: /?author=1), so that it
	// counts as part of the address; but whoever asks makes it up.
	queries = 24
	// A request waits for its key, so a look-up gets less time than other fetches.
	keyDeadline  = 5 * time.Second
	keyRequests  = 4
	lookupsAHost = 16
)

var (
	errNoKey     = fault.New(fault.Unauthorized, "The key of that signature cannot be found.")
	errUnbound   = fault.New(fault.Unauthorized, "The owner of that key does not list it.")
	errOwnKey    = fault.New(fault.Unauthorized, "Nobody outside signs with a key of this server.")
	errTooMuch   = fault.New(fault.Unauthorized, "That key was asked for a moment ago.")
	errElsewhere = fault.New(fault.Unauthorized, "The key has moved to another server.")
)

// NewKeys returns the key finder of a fetcher.
func NewKeys(f *Fetcher) *Keys {
	return &Keys{
		fetcher: f,
		known: otter.Must(&otter.Options[string, Key]{
			MaximumSize: maxKeys, ExpiryCalculator: otter.ExpiryWriting[string, Key](keepKeys),
		}),
		failed: otter.Must(&otter.Options[string, error]{
			MaximumSize: maxKeys, ExpiryCalculator: otter.ExpiryWriting[string, error](keepFailure),
		}),
		reads: newReadLimit(renewEvery),
		busy:  &perHost{most: lookupsAHost, count: map[string]int{}},
	}
}

// Cached returns a key that can be had without the network. The error is
// fault.Unavailable: it cannot be said just now.
func (k *Keys) Cached(ctx context.Context, keyID string) (Key, bool, error) {
	if key, ok := k.known.GetIfPresent(keyID); ok {
		return key, true, nil
	}
	if _, failed := k.failed.GetIfPresent(keyID); failed || vocab.CleanID(keyID) == "" {
		return Key{}, false, nil
	}
	return k.stored(ctx, keyID)
}

// stored returns a key as the table has it, and remembers it.
func (k *Keys) stored(ctx context.Context, keyID string) (Key, bool, error) {
	var row *store.RemoteKey
	err := k.fetcher.db.Platform(ctx, "look up a public key", func(tx *pg.PlatformTx) (err error) {
		row, err = store.RemoteKeyByID(ctx, tx, keyID)
		return err
	})
	if fault.IsNotFound(err) {
		return Key{}, false, nil
	}
	if err != nil {
		return Key{}, false, fault.Wrap(err, fault.Unavailable, "The keys cannot be read just now.")
	}
	public, err := signature.ParsePublicKey(row.PublicPEM)
	if err != nil {
		return Key{}, false, nil //nolint:nilerr // looked up anew
	}
	key := Key{Public: public, Owner: row.OwnerURI}
	k.known.Set(keyID, key)
	return key, true, nil
}

// Get returns a key, from its owner's server if need be. Errors are
// fault.Unauthorized, whatever the reason: senders try again after a 401. Told apart
// are fault.Gone, when the owner's own server says that it is deleted, and
// fault.Unavailable, when our own database is away.
func (k *Keys) Get(ctx context.Context, t *tenant.Tenant, keyID string) (Key, error) {
	if key, ok, err := k.Cached(ctx, keyID); ok || err != nil {
		return key, err
	}
	if err, failed := k.failed.GetIfPresent(keyID); failed {
		return Key{}, err
	}
	return k.look(ctx, t, keyID)
}

// Renew reads a key anew after a signature did not verify with the one given: its
// owner may have changed it. Within renewEvery it is done once for a key; whoever
// comes too late gets what the first one found, in this process or another, if that
// is another key.
func (k *Keys) Renew(ctx context.Context, t *tenant.Tenant, keyID string, failed Key) (Key, error) {
	found, err, _ := k.flight.Do("renew "+keyID, func() (any, error) {
		if key, ok := k.known.GetIfPresent(keyID); ok && !same(key, failed) {
			return key, nil
		}
		if key, ok, err := k.stored(ctx, keyID); err != nil || ok && !same(key, failed) {
			return key, err
		}
		if !k.reads.take("renew "+keyID, 1) {
			return Key{}, errTooMuch
		}
		return k.look(ctx, t, keyID)
	})
	if err != nil {
		return Key{}, err
	}
	return found.(Key), nil
}

func same(a, b Key) bool {
	public, ok := a.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && a.Owner == b.Owner && public.Equal(b.Public)
}

// Heard takes in what another process says on the channel store.KeysChanged: the key
// with that id is not what it was.
func (k *Keys) Heard(keyID string) { k.known.Invalidate(keyID) }

// Forget drops those of an owner's keys that are not among the ones it says it has. None
// is learnt: what a signature is believed by comes from the owner's server alone. Most
// changes of a profile change no key, and cost no look-up of one.
func (k *Keys) Forget(ctx context.Context, owner string, says []vocab.PublicKey) error {
	var same []store.RemoteKey
	for _, listed := range says {
		public, err := parse(listed)
		if err != nil || listed.Owner != owner {
			continue
		}
		if row, err := rowOf(listed.ID, owner, public); err == nil {
			same = append(same, row)
		}
	}
	var gone []string
	err := k.fetcher.db.Platform(ctx, "forget public keys", func(tx *pg.PlatformTx) (err error) {
		if gone, err = store.KeepRemoteKeys(ctx, tx, owner, same); err != nil {
			return err
		}
		return store.TellKeysChanged(ctx, tx, gone)
	})
	for _, id := range gone {
		k.known.Invalidate(id)
	}
	return err
}

// keep makes the table say what an owner lists: the keys that were read are put there,
// those that it lists no longer are dropped, and every process hears of either.
func (k *Keys) keep(ctx context.Context, owner string, listed []string, read []store.RemoteKey) error {
	var gone []string
	err := k.fetcher.db.Platform(ctx, "remember public keys", func(tx *pg.PlatformTx) (err error) {
		if gone, err = store.DropRemoteKeys(ctx, tx, owner, listed); err != nil {
			return err
		}
		changed, err := store.PutRemoteKeys(ctx, tx, read)
		if err != nil {
			return err
		}
		return store.TellKeysChanged(ctx, tx, append(changed, gone...))
	})
	for _, id := range gone {
		k.known.Invalidate(id)
	}
	return err
}

// look reads the key, once for all who want it at the same time.
func (k *Keys) look(ctx context.Context, t *tenant.Tenant, keyID string) (Key, error) {
	found, err, _ := k.flight.Do(keyID, func() (any, error) {
		// The first one's patience must not decide for the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyDeadline)
		defer cancel()
		key, err := k.read(safehttp.WithBudget(ctx, budget(keyRequests, keyDeadline)), t, keyID)
		if err != nil {
			return Key{}, k.remember(keyID, err)
		}
		_, _ = k.failed.Invalidate(keyID)
		k.known.Set(keyID, key)
		return key, nil
	})
	if err != nil {
		return Key{}, err
	}
	return found.(Key), nil
}

// remember keeps a failure, as what it means to senders.
func (k *Keys) remember(keyID string, err error) error {
	out := err
	switch code := fault.CodeOf(err); {
	case code == fault.Gone:
	case errors.Is(err, safehttp.ErrBusy), errors.Is(err, errTooMuch):
		return fault.Wrap(err, fault.Unauthorized, errNoKey.Text) // says nothing about the key
	case code == fault.Unauthorized:
	default:
		out = fault.Wrap(err, fault.Unauthorized, errNoKey.Text)
	}
	if _, known := k.known.GetIfPresent(keyID); !known {
		_, _ = k.failed.Set(keyID, out)
	}
	return out
}

// read fetches the document that a key's id leads to, and then the owner's, unless
// they are one, and believes the key if both agree (SECURITY.md rule 2).
func (k *Keys) read(ctx context.Context, t *tenant.Tenant, keyID string) (Key, error) {
	address, _, _ := strings.Cut(keyID, "#")
	host := vocab.HostOf(address)
	switch {
	case vocab.CleanID(keyID) == "" || host == "":
		return Key{}, errNoKey
	case k.fetcher.isOwn(t, address):
		return Key{}, errOwnKey
	case k.fetcher.hosts.has(host):
		return Key{}, errNoKey
	case !k.mayRead(address), !k.busy.enter(host):
		return Key{}, errTooMuch
	}
	defer k.busy.leave(host)
	first, err := k.get(ctx, t, address)
	if err != nil {
		return Key{}, err
	}
	k.learn(ctx, first)
	owner, listed := ownerOf(first, keyID)
	if owner == "" || vocab.HostOf(owner) != host {
		return Key{}, errUnbound
	}
	second := first
	// A stub (GoToSocial) or a bare key names its owner, who must list the key itself.
	if first.url != owner || first.doc.ID() != owner {
		if second, err = k.get(ctx, t, owner); err != nil {
			return Key{}, err
		}
	}
	return k.bind(ctx, keyID, owner, listed, second)
}

// mayRead counts the reads of a document, and those of all that differ from it in the
// query alone: a query that means nothing to a server is a new address each time.
func (k *Keys) mayRead(address string) bool {
	path, query, _ := strings.Cut(address, "?")
	if query != "" && !k.reads.take("queries "+path, queries) {
		return false
	}
	return k.reads.take(address, renewals)
}

// learn keeps what an actor's own document says of its keys, whichever was asked
// for. A document is read only so often: whoever asks for keys that are not in it must
// not use that up for those that are. Only ids below the actor's own are learnt, which
// nobody else's document can claim.
func (k *Keys) learn(ctx context.Context, from served) {
	actor := vocab.ReadActor(from.doc)
	if actor.ID == "" || actor.ID != from.url || !vocab.IsActor(actor.Type) {
		return
	}
	k.fetcher.recent.Set(actor.ID, actor)
	var learnt []store.RemoteKey
	for _, listed := range actor.Keys {
		isTwice := slices.ContainsFunc(learnt, func(row store.RemoteKey) bool { return row.KeyID == listed.ID })
		if !strings.HasPrefix(listed.ID, actor.ID+"#") || listed.Owner != actor.ID || isTwice {
			continue
		}
		public, err := parse(listed)
		if err != nil {
			continue
		}
		if row, err := rowOf(listed.ID, actor.ID, public); err == nil {
			k.known.Set(listed.ID, Key{Public: public, Owner: actor.ID})
			_, _ = k.failed.Invalidate(listed.ID)
			learnt = append(learnt, row)
		}
	}
	if len(learnt) > 0 {
		k.store(ctx, actor, learnt)
	}
}

// bind takes the key from the owner's own document, and stores it.
func (k *Keys) bind(ctx context.Context, keyID, owner string, listed vocab.PublicKey, from served) (Key, error) {
	actor := vocab.ReadActor(from.doc)
	if actor.ID != owner || from.url != owner || !vocab.IsActor(actor.Type) {
		return Key{}, errUnbound
	}
	for _, found := range actor.Keys {
		if found.ID != keyID {
			continue
		}
		if found.PEM == "" && found.Multibase == "" && found.Owner == "" {
			found = listed // the actor gives the id alone; the key's own document has the rest
		}
		public, err := parse(found)
		if err != nil || found.Owner != owner {
			return Key{}, errUnbound
		}
		k.fetcher.recent.Set(owner, actor)
		if row, err := rowOf(keyID, owner, public); err == nil {
			k.store(ctx, actor, []store.RemoteKey{row})
		}
		return Key{Public: public, Owner: owner}, nil
	}
	return Key{}, errUnbound
}

func rowOf(keyID, owner string, public crypto.PublicKey) (store.RemoteKey, error) {
	encoded, err := signature.MarshalPublicKey(public)
	return store.RemoteKey{KeyID: keyID, OwnerURI: owner, PublicPEM: encoded, FetchedAt: time.Now()}, err
}

// store keeps keys of an actor whose document was read, and forgets those that it lists
// no longer. Where that fails the keys are right all the same; that they are read once
// more is all that is lost.
func (k *Keys) store(ctx context.Context, actor vocab.Actor, read []store.RemoteKey) {
	var listed []string
	for _, key := range actor.Keys {
		listed = append(listed, key.ID)
	}
	if err := k.keep(ctx, actor.ID, listed, read); err != nil {
		k.fetcher.log.WarnContext(ctx, "remember public keys", "owner", actor.ID, "error", err)
	}
}

// get reads a document without leaving the host that was asked.
func (k *Keys) get(ctx context.Context, t *tenant.Tenant, uri string) (served, error) {
	host := vocab.HostOf(uri)
	got, err := k.fetcher.get(ctx, t, uri, keyDeadline, func(u *url.URL) error {
		if vocab.HostOf(u.String()) != host {
			return errElsewhere
		}
		return nil
	})
	// Who answers is not silent, whatever the answer: strangers choose the address, and one
	// that fails must not shut out everybody else on its host.
	if fault.CodeOf(err) == fault.Unavailable && !errors.Is(err, safehttp.ErrBusy) && !errors.Is(err, safehttp.ErrLate) && !errors.Is(err, errTroubled) {
		k.fetcher.hosts.add(host)
	}
	return got, err
}

// ownerOf finds the key in an actor, a stub of one, or a bare key.
func ownerOf(from served, keyID string) (string, vocab.PublicKey) {
	for _, key := range vocab.ReadActor(from.doc).Keys {
		if key.ID == keyID {
			return firstOf(key.Owner, from.doc.ID()), key
		}
	}
	if bare := vocab.ReadKey(from.doc); bare.ID == keyID && bare.Owner != "" {
		return bare.Owner, bare
	}
	return "", vocab.PublicKey{}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func parse(key vocab.PublicKey) (crypto.PublicKey, error) {
	if key.PEM == "" && key.Multibase != "" {
		return signature.ParseMultikey(key.Multibase)
	}
	return signature.ParsePublicKey(key.PEM)
}
