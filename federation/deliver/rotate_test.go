package deliver_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/federation/signature"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
)

// keyedPeer believes one key of the author's and refuses all others, as those do who ask
// nobody for a key again.
func keyedPeer(t *testing.T, ip string, believes func(keyID string) bool) (p *fedtest.Peer, asked func() []string) {
	t.Helper()
	p = fedtest.NewPeer(t, ip, func(w http.ResponseWriter, r *http.Request) {
		if !believes(keyIDOf(r)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	return p, func() (out []string) {
		for _, r := range p.Received() {
			_, fragment, _ := strings.Cut(keyIDOf(r.Request), "#")
			out = append(out, fragment)
		}
		return out
	}
}

func keyIDOf(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Signature")+r.Header.Get("Signature-Input"), `key`)
	_, rest, _ = strings.Cut(rest, `"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func (b *bundle) public(t *testing.T) (out crypto.PublicKey) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) error {
		keys, err := account.Keys(t.Context(), scope, b.author)
		if err != nil {
			return err
		}
		out, err = signature.ParsePublicKey(keys[0].PEM)
		return err
	})
	return out
}

// rekeyed stores what announces the author's new key, as the outbox does.
func (b *bundle) rekeyed(t *testing.T) int64 {
	t.Helper()
	e := &social.Event{Kind: social.EventAccountRekeyed, AccountID: b.author.ID}
	b.Tx(t, func(scope *pg.Scope) error {
		if err := store.AddEvent(t.Context(), scope, e); err != nil {
			return err
		}
		a := &store.Activity{ID: int64(e.ID), EventID: e.ID, URI: b.Tenant.URL("/ap/activities/" + ids.Format(int64(e.ID))), AccountID: b.author.ID, Body: body}
		if _, err := store.AddActivities(t.Context(), scope, a); err != nil {
			return err
		}
		_, err := store.AddDeliveries(t.Context(), scope, store.Recipients{ActivityID: a.ID, FollowersOf: b.author.ID})
		return err
	})
	return int64(e.ID)
}

// settle lets the two minutes pass in which everything is signed by the former key.
func (b *bundle) settle(t *testing.T) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE account_keys SET created_at = created_at - interval '3 minutes' WHERE tenant_id = @tenant_id`, nil)
		return err
	})
}

// The announcement of a new key is signed by the one before it, which others know; whoever
// knows neither finds the new one in the actor's document. Later posts are signed by the new one.
func TestANewKeyIsAnnouncedByTheOneBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, oldAsked := keyedPeer(t, "127.77.8.1", func(id string) bool { return strings.HasSuffix(id, "#main-key") })
	fresh, freshAsked := keyedPeer(t, "127.77.8.2", func(id string) bool { return strings.HasSuffix(id, "#main-key-2") })
	for _, p := range []*fedtest.Peer{old, fresh} {
		b.Follow(t, b.Remote(t, p, "bea", true), b.author)
	}
	before := b.public(t)
	b.Rotate(t, b.author)
	after := b.public(t)

	post, n := b.mail(t, 0) // was on its way when the key changed
	must(t, b.work(t.Context(), post, 1, n))
	if got := strings.Join(oldAsked(), " "); got != "main-key" {
		t.Errorf("in the first minutes signed by %s", got)
	}
	b.settle(t)
	announcement := b.rekeyed(t)
	must(t, b.work(t.Context(), announcement, 1, n))
	if got := strings.Join(oldAsked(), " "); got != "main-key main-key" {
		t.Errorf("announced by %s", got)
	}
	if got := strings.Join(freshAsked(), " "); got != "main-key main-key-2 main-key main-key-2" {
		t.Errorf("who knows the new key alone is asked with %s", got)
	}
	if got := b.counts(t, announcement); got[store.DeliveryDone] != 2 {
		t.Errorf("the announcement: %v", got)
	}
	verify(t, old, old.Received()[1], before)
	verify(t, fresh, fresh.Received()[3], after)

	later, n := b.mail(t, 0)
	must(t, b.work(t.Context(), later, 1, n))
	if got := freshAsked(); got[len(got)-1] != "main-key-2" || len(got) != 5 {
		t.Errorf("a later post is signed by %v", got)
	}
}

func verify(t *testing.T, p *fedtest.Peer, r fedtest.Received, public crypto.PublicKey) {
	t.Helper()
	parsed, err := signature.Inspect(r.Request, r.Body, signature.Policy{Host: p.Host, URLScheme: "http", Now: time.Now()})
	if err == nil {
		err = parsed.Verify(public)
	}
	if err != nil {
		t.Errorf("signed by another key: %v", err)
	}
}
