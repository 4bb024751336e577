package status_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit/socialtest"
)

// bundle is a world with the rules under test.
type bundle struct {
	*socialtest.World
	statuses *status.Service
	relate   *relate.Service
}

func setup(t testing.TB) *bundle {
	t.Helper()
	w := socialtest.New(t)
	return &bundle{World: w, statuses: status.New(status.Options{Streams: w.Streams}), relate: relate.New(w.Streams)}
}

func (b *bundle) post(author *social.Account, d status.Draft) *social.Status {
	b.T.Helper()
	var st *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		st, err = b.statuses.Create(b.T.Context(), scope, b.Tenant, author, d)
		return err
	})
	return st
}

func (b *bundle) follow(actor, target *social.Account) {
	b.T.Helper()
	b.Do(func(scope *pg.Scope) error {
		_, err := b.relate.Follow(b.T.Context(), scope, b.Tenant, actor, target, relate.FollowOptions{ShowBoosts: true})
		return err
	})
}

func (b *bundle) receive(in status.Incoming) (st *social.Status, created bool, err error) {
	err = b.Try(func(scope *pg.Scope) (err error) {
		st, created, err = b.statuses.Receive(b.T.Context(), scope, in)
		return err
	})
	return st, created, err
}

func (b *bundle) reload(st *social.Status) *social.Status {
	b.T.Helper()
	var out *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = store.StatusByID(b.T.Context(), scope, st.ID)
		return err
	})
	return out
}

func (b *bundle) home(owner *social.Account) []social.StatusID {
	b.T.Helper()
	var out []social.StatusID
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = pg.Values[social.StatusID](b.T.Context(), scope,
			`SELECT status_id FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @owner ORDER BY status_id DESC`,
			pgx.NamedArgs{"owner": owner.ID})
		return err
	})
	return out
}

func (b *bundle) told(to *social.Account) []social.NotificationType {
	b.T.Helper()
	var out []social.NotificationType
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = pg.Values[social.NotificationType](b.T.Context(), scope,
			`SELECT type FROM notifications WHERE tenant_id = @tenant_id AND account_id = @to ORDER BY id`, pgx.NamedArgs{"to": to.ID})
		return err
	})
	return out
}

func TestCreate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob, carol := b.Local("alice"), b.Local("bob"), b.Local("carol")
	dora := b.Remote("dora", "far.test")
	b.follow(carol, alice)
	b.Streams.Take()

	st := b.post(alice, status.Draft{Text: "Hello @bob and @dora@far.test and @new@else.test #Cats #cats", SpoilerText: "cw"})
	got := b.reload(st)
	if !cmp.Equal(got.Tags, []string{"Cats"}) || !got.Sensitive || got.Language != "en" || got.ConversationID != st.ID {
		t.Errorf("stored status is %+v", got)
	}
	if !strings.Contains(got.Body, `href="https://far.test/@dora"`) || !strings.Contains(got.Body, "@new@else.test") {
		t.Errorf("body is %s", got.Body)
	}
	b.Do(func(scope *pg.Scope) error {
		mentions, err := store.MentionsByStatuses(t.Context(), scope, []social.StatusID{st.ID})
		if len(mentions[st.ID]) != 2 {
			t.Errorf("mentions are %v", mentions)
		}
		pending, err2 := store.PendingMentions(t.Context(), scope, []social.StatusID{st.ID})
		if len(pending) != 1 || *pending[0] != (store.PendingMention{StatusID: st.ID, Handle: "new@else.test"}) {
			t.Errorf("pending mentions are %v", pending)
		}
		if err != nil {
			return err
		}
		return err2
	})
	if got := b.told(bob); !cmp.Equal(got, []social.NotificationType{social.NotifyMention}) {
		t.Errorf("bob was told %v", got)
	}
	if got := b.told(dora); len(got) != 0 {
		t.Errorf("an account of another server was told %v", got)
	}
	for _, owner := range []*social.Account{alice, carol} {
		if got := b.home(owner); !cmp.Equal(got, []social.StatusID{st.ID}) {
			t.Errorf("home of %s is %v", owner.Username, got)
		}
	}
	if got := b.home(bob); len(got) != 0 {
		t.Errorf("home of bob, who does not follow, is %v", got)
	}
	if got := b.Events(); !cmp.Equal(got, []social.EventKind{social.EventStatusCreated}) {
		t.Errorf("events are %v", got)
	}
	var kinds []stream.Kind
	for _, e := range b.Streams.Take() {
		kinds = append(kinds, e.Kind)
	}
	if !cmp.Equal(kinds, []stream.Kind{stream.Notification, stream.Update}) {
		t.Errorf("published %v", kinds)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	private := b.post(bob, status.Draft{Text: "for friends", Visibility: social.Followers})
	tests := map[string]struct {
		draft status.Draft
		text  string
	}{
		"blank":            {status.Draft{Text: " \n\u200b"[:2]}, "Validation failed: Text can't be blank"},
		"too long":         {status.Draft{Text: strings.Repeat("x", 490), SpoilerText: strings.Repeat("y", 11)}, "Validation failed: Text character limit of 500 exceeded"},
		"five files":       {status.Draft{Text: "x", MediaIDs: make([]social.MediaID, 5)}, "Cannot attach more than 4 files"},
		"somebody's file":  {status.Draft{Text: "x", MediaIDs: []social.MediaID{7}}, "Validation failed: Media not found or already attached to another post"},
		"hidden parent":    {status.Draft{Text: "x", InReplyToID: private.ID}, "Record not found"},
		"no such parent":   {status.Draft{Text: "x", InReplyToID: 1}, "Record not found"},
		"wrong visibility": {status.Draft{Text: "x", Visibility: "all"}, "Validation failed: Visibility is not included in the list"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := b.Try(func(scope *pg.Scope) error {
				_, err := b.statuses.Create(t.Context(), scope, b.Tenant, alice, tt.draft)
				return err
			})
			if fault.TextOf(err) != tt.text {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestIdempotencyKeyMakesOnePost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	var wg sync.WaitGroup
	made := make([]social.StatusID, 10)
	for i := range made {
		wg.Go(func() {
			err := b.Try(func(scope *pg.Scope) error {
				st, err := b.statuses.Create(t.Context(), scope, b.Tenant, alice, status.Draft{Text: "once", IdempotencyKey: "k"})
				if err == nil {
					made[i] = st.ID
				}
				return err
			})
			if err != nil {
				t.Errorf("create: %v", err)
			}
		})
	}
	wg.Wait()
	for _, id := range made {
		if id != made[0] {
			t.Fatalf("one key made %v", made)
		}
	}
	if n := b.Count(`SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil); n != 1 {
		t.Errorf("%d statuses are stored", n)
	}
	if n := len(b.Events()); n != 1 {
		t.Errorf("%d events", n)
	}
}
