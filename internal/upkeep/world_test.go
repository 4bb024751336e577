package upkeep_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/upkeep"
	"rookery/tenant"
)

type tenants []*tenant.Tenant

func (t tenants) All() []*tenant.Tenant { return t }

// world is a tenant with one account of its own and one of another server.
type world struct {
	*socialtest.World
	alice, dora *social.Account
	keeper      *upkeep.Worker
	posts       int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, testkit.DB(t))
}

func worldOn(t *testing.T, db *testkit.Database) *world {
	t.Helper()
	w := &world{World: socialtest.On(t, db.PG)}
	w.alice, w.dora = w.Local("alice"), w.Remote("dora", "far.test")
	w.keeper = &upkeep.Worker{
		DB: w.DB, Tenants: tenants{w.Tenant}, Clocks: upkeep.Defaults, Log: slog.New(slog.DiscardHandler), Metrics: upkeep.NewMetrics(),
	}
	return w
}

// round does a whole round and returns what it says went, by class.
func (w *world) round(mode upkeep.Mode) map[string]int64 {
	w.T.Helper()
	report, err := w.keeper.Round(w.T.Context(), mode)
	if err != nil {
		w.T.Fatal(err)
	}
	if !report.Finished {
		w.T.Error("the round did not come to its end")
	}
	out := map[string]int64{}
	for _, c := range report.Kinds {
		if c.Rows > 0 {
			out[c.Kind] = c.Rows
		}
	}
	return out
}

const old = 100 * 24 * time.Hour

// post stores a post of a hundred days ago. The functions change it before that.
func (w *world) post(author *social.Account, change ...func(*social.Status)) *social.Status {
	w.T.Helper()
	w.posts++
	at := time.Now().Add(-old)
	id := social.StatusID(ids.At(at))
	st := &social.Status{
		ID: id, AccountID: author.ID, URI: fmt.Sprintf("%s/posts/%d", author.URI, w.posts), Body: "<p>x</p>", Visibility: social.Public,
		IsLocal: author.IsLocal(), ConversationID: id, CreatedAt: at,
	}
	for _, c := range change {
		c(st)
	}
	w.Do(func(scope *pg.Scope) error {
		added, err := store.InsertStatuses(w.T.Context(), scope, []*social.Status{st})
		if err == nil && !added[st.ID] {
			err = fmt.Errorf("post %s was not stored", st.URI)
		}
		if err != nil {
			return err
		}
		b := pg.NewBatch(scope)
		store.QueueCountStatuses(b, []social.AccountID{author.ID}, []time.Time{at})
		if st.InReplyToID != 0 {
			store.QueueCountReplies(b, []social.StatusID{st.InReplyToID})
		}
		if st.BoostOfID != 0 {
			store.QueueCountBoosts(b, []social.StatusID{st.BoostOfID})
		}
		return b.Send(w.T.Context())
	})
	return st
}

func answerTo(parent *social.Status) func(*social.Status) {
	return func(s *social.Status) {
		s.InReplyToID, s.InReplyToAccountID, s.InReplyToURI, s.ConversationID = parent.ID, parent.AccountID, parent.URI, parent.ConversationID
	}
}

func boostOf(original *social.Status) func(*social.Status) {
	return func(s *social.Status) { s.BoostOfID, s.Body = original.ID, "" }
}

func (w *world) exec(sql string, args pgx.NamedArgs) {
	w.T.Helper()
	w.Do(func(scope *pg.Scope) error {
		_, err := pg.Exec(w.T.Context(), scope, sql, args)
		return err
	})
}

func (w *world) follow(follower, target *social.Account) {
	w.T.Helper()
	w.Do(func(scope *pg.Scope) error {
		f := social.Follow{ID: ids.New(), AccountID: follower.ID, TargetID: target.ID, State: social.FollowAccepted}
		if _, err := store.AddFollow(w.T.Context(), scope, f, false); err != nil {
			return err
		}
		return store.CountFollow(w.T.Context(), scope, follower.ID, target.ID, 1)
	})
}

func (w *world) favourite(actor *social.Account, st *social.Status) {
	w.T.Helper()
	w.Do(func(scope *pg.Scope) error {
		_, err := store.AddFavourite(w.T.Context(), scope, store.NewFavourite(actor.ID, st.ID, ""))
		return err
	})
}

// wants compares a number in the database.
func (w *world) wants(what string, want int, sql string, args pgx.NamedArgs) {
	w.T.Helper()
	if got := w.Count(sql, args); got != want {
		w.T.Errorf("%s: %d, want %d", what, got, want)
	}
}

// superuser runs statements that no role of the program may.
func superuser(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// interrupter ends a context when something was published.
type interrupter struct {
	once   sync.Once
	cancel context.CancelFunc
}

// Publish implements stream.Publisher.
func (i *interrupter) Publish(...stream.Event) { i.once.Do(i.cancel) }
