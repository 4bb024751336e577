package domains_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/socialtest"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/registry"
)

const (
	trialHost = "acme.rookery.io"
	ownHost   = "social.acme-cycles.com"
	ownHandle = "acme-cycles.com"
)

// trial is a tenant that does not federate yet, and has a life already.
type trial struct {
	*life
	home *fixture.Home
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	l := newLife(t)
	h := l.Home(t, trialHost, "alice")
	l.super(t, `UPDATE tenants SET federates_since = NULL WHERE id = $1`, int64(h.Tenant.ID))
	l.super(t, `UPDATE domains SET mode = 'platform' WHERE tenant_id = $1`, int64(h.Tenant.ID))
	do(t, l.Registry.Load(t.Context()))
	now, _ := l.Registry.ByID(h.Tenant.ID)
	h.Tenant = now
	tr := &trial{l, h}
	tr.live(t)
	return tr
}

// super works behind the scenes, where tests alone may be.
func (l *life) super(t *testing.T, sql string, args ...any) [][]any {
	t.Helper()
	if l.conn == nil {
		var err error
		l.conn, err = pgx.Connect(t.Context(), l.DB.SuperURL)
		do(t, err)
		t.Cleanup(func() { _ = l.conn.Close(context.Background()) })
	}
	rows, err := l.conn.Query(t.Context(), sql, args...)
	do(t, err)
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	do(t, err)
	return out
}

// live fills a trial with all that can hold an address of its own.
func (tr *trial) live(t *testing.T) {
	t.Helper()
	h, tn := tr.home, tr.home.Tenant
	posts := status.New(status.Options{Streams: &socialtest.Recorder{}})
	relations := relate.New(&socialtest.Recorder{})
	bob := h.AddAccount(t, "bob")
	alice := h.Account
	link := tn.URL("/@alice")
	h.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		post, err := posts.Create(ctx, scope, tn, alice, status.Draft{
			Text: "@bob@" + trialHost + " see " + link + "/1 and @nobody@" + trialHost + " #cycling", SpoilerText: "about " + link + "/", Visibility: social.Public,
		})
		if err != nil {
			return err
		}
		if _, err := posts.Edit(ctx, scope, tn, alice, post, status.Draft{Text: "@bob see " + link + "/2", Visibility: social.Public}); err != nil {
			return err
		}
		if _, err := posts.Create(ctx, scope, tn, bob, status.Draft{Text: "an answer", InReplyToID: post.ID, Visibility: social.Public}); err != nil {
			return err
		}
		if err := posts.Favourite(ctx, scope, tn, bob, post, tn.URL("/ap/likes/1")); err != nil {
			return err
		}
		if _, err := posts.Boost(ctx, scope, tn, bob, post, social.Public, ""); err != nil {
			return err
		}
		if _, err := relations.Follow(ctx, scope, tn, bob, alice, relate.FollowOptions{}); err != nil {
			return err
		}
		return relations.SetNote(ctx, scope, bob, alice, "wrote "+link+"/1")
	})
	of := int64(tn.ID)
	tr.super(t, `UPDATE accounts SET note = '<p><a href="' || $2 || '/">me</a></p>', fields = jsonb_build_array(jsonb_build_object('name', 'Home', 'value', '<a href="' || $2 || '/1">x</a>')),
		inbox_url = $3 || 'inbox', moved_to_uri = '' WHERE tenant_id = $1`, of, link, tn.URL("/"))
	tr.super(t, `INSERT INTO tombstones (tenant_id, uri) VALUES ($1, $2)`, of, tn.URL("/ap/objects/9"))
	tr.super(t, `INSERT INTO media (tenant_id, id, account_id, kind, description) VALUES ($1, $2, $3, 'image', $4)`, of, ids.New(), int64(alice.ID), "from "+link+"/media")
	tr.super(t, `INSERT INTO activities (tenant_id, id, uri, account_id, body) VALUES ($1, $2, $3, $4, $5)`, of, ids.New(), tn.URL("/ap/activities/1"), int64(alice.ID),
		[]byte(`{"id":"`+tn.URL("/ap/activities/1")+`","name":"Zürich"}`))
}

// bring gives the trial names of its own that work.
func (tr *trial) bring(t *testing.T) {
	t.Helper()
	claims := claim(t, tr.Service, tr.home.Tenant.ID, domains.Wish{Mode: tenant.SplitDomain, Name: ownHandle})
	for i, kind := range []tenant.CheckKind{tenant.CheckRouting, tenant.CheckWebFinger} {
		tr.see(t, claims[i].ID, well(tenant.CheckOwnership))
		do(t, tr.GoLive(t.Context(), tr.home.Tenant.ID))
		if tr.find(t).Federates() {
			t.Fatal("live before both names are")
		}
		if got := tr.see(t, claims[i].ID, well(kind)); got.State != tenant.DomainLive {
			t.Fatalf("%s is %s", got.Name, got.State)
		}
	}
}

func (tr *trial) find(t *testing.T) (out *tenant.Tenant) {
	t.Helper()
	tr.platform(t, func(tx *pg.PlatformTx) (err error) {
		out, err = registry.Find(t.Context(), tx, tr.home.Tenant.ID)
		return err
	})
	return out
}

// leftovers are the columns of the tenant's rows that hold a text, by the catalog.
func (tr *trial) leftovers(t *testing.T, text string) (out []string) {
	t.Helper()
	for _, c := range tr.super(t, `
		SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c JOIN information_schema.columns o USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND o.column_name = 'tenant_id' AND c.data_type IN ('text', 'bytea', 'jsonb', 'json', 'ARRAY', 'character varying')
		ORDER BY 1, 2`) {
		table, column, kind := c[0].(string), c[1].(string), c[2].(string)
		value := pgx.Identifier{column}.Sanitize() + "::text"
		if kind == "bytea" {
			value = "encode(" + pgx.Identifier{column}.Sanitize() + ", 'escape')"
		}
		rows := tr.super(t, `SELECT count(*) FROM `+pgx.Identifier{table}.Sanitize()+` WHERE tenant_id = $1 AND position($2 in `+value+`) > 0`, int64(tr.home.Tenant.ID), text)
		if n := rows[0][0].(int64); n > 0 {
			out = append(out, table+"."+column)
		}
	}
	return out
}

// ids of all rows that have one.
func (tr *trial) ids(t *testing.T) (out []string) {
	t.Helper()
	for _, table := range []string{"accounts", "statuses", "status_edits", "follows", "favourites", "media", "activities", "events"} {
		for _, row := range tr.super(t, `SELECT id FROM `+table+` WHERE tenant_id = $1 ORDER BY id`, int64(tr.home.Tenant.ID)) {
			out = append(out, fmt.Sprintf("%s %v", table, row[0]))
		}
	}
	return out
}

// keepsTheOld says of columns why they still hold an address of the trial.
var keepsTheOld = map[string]string{
	"domains.name":         "the trial's name is a claim of its own, and leads here still",
	"domains.display_name": "the same",
	"domains.registrable":  "the same",
	"audit_entries.body":   "what was done is recorded as it was done",
}

func (tr *trial) expectMoved(t *testing.T) {
	t.Helper()
	for _, column := range tr.leftovers(t, trialHost) {
		if keepsTheOld[column] == "" {
			t.Errorf("%s still says %s", column, trialHost)
		}
	}
	if got := tr.find(t); got.Host != ownHost || got.HandleDomain != ownHandle || !got.Federates() {
		t.Errorf("the tenant is %s, %s, federates %v", got.Host, got.HandleDomain, got.Federates())
	}
}

func TestGoingLive(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	before, places := tr.ids(t), tr.leftovers(t, "https://"+trialHost+"/")
	for _, must := range []string{"accounts.uri", "accounts.note", "accounts.fields", "statuses.body", "statuses.source", "status_edits.source", "favourites.uri",
		"follows.uri", "media.description", "account_notes.note", "activities.body", "tombstones.uri"} {
		if !slices.Contains(places, must) {
			t.Errorf("the trial has nothing in %s: only %v", must, places)
		}
	}
	other := tr.super(t, `SELECT uri FROM accounts WHERE tenant_id = $1`, int64(tr.A.Tenant.ID))
	tr.bring(t)
	for range 2 {
		do(t, tr.GoLive(t.Context(), tr.home.Tenant.ID))
		tr.expectMoved(t)
	}
	if after := tr.ids(t); !slices.Equal(before, after) {
		t.Errorf("ids changed:\n%v\n%v", before, after)
	}
	if got := tr.super(t, `SELECT uri FROM accounts WHERE tenant_id = $1`, int64(tr.A.Tenant.ID)); fmt.Sprint(got) != fmt.Sprint(other) {
		t.Errorf("another tenant's addresses changed: %v", got)
	}
	var alice *social.Account
	tr.home.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		alice, err = store.AccountByHandle(ctx, scope, social.Handle{User: "alice"})
		return err
	})
	if want := "https://" + ownHost + "/ap/actors/" + ids.Format(int64(alice.ID)); alice.URI != want {
		t.Errorf("alice is %s, want %s", alice.URI, want)
	}
	source := tr.super(t, `SELECT source FROM status_edits WHERE tenant_id = $1 ORDER BY id LIMIT 1`, int64(tr.home.Tenant.ID))
	if text := fmt.Sprint(source); !strings.Contains(text, "@bob@"+ownHandle) || !strings.Contains(text, "https://"+ownHost+"/@alice/1") {
		t.Errorf("what people wrote: %s", text)
	}
}

// A trial that set up two names of its own lives on the one that worked first: the other
// leads there, whether it works already or only later.
func TestGoingLiveOnOneNameAlone(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	of := tr.home.Tenant.ID
	late := claim(t, tr.Service, of, domains.Wish{Mode: tenant.WholeDomain, Name: "late.example.com"})[0]
	first, second := tr.life.live(t, tr.home, "first.example.com"), tr.life.live(t, tr.home, "second.example.com")
	do(t, tr.GoLive(t.Context(), of))
	if got := tr.find(t); got.Host != first.Name {
		t.Fatalf("live on %s", got.Host)
	}
	tr.see(t, late.ID, well(tenant.CheckOwnership))
	tr.see(t, late.ID, well(tenant.CheckRouting))
	for id, want := range map[tenant.DomainID]tenant.DomainRole{first.ID: tenant.ServiceDomain, second.ID: tenant.AliasDomain, late.ID: tenant.AliasDomain} {
		if got := tr.read(t, id); got.Role != want || got.State != tenant.DomainLive {
			t.Errorf("%s is %s, %s", got.Name, got.Role, got.State)
		}
	}
}

// The process ends in the middle, and what it did not know of is written meanwhile.
func TestGoingLiveIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.bring(t)
	// Its last step fails, as it does when the process dies: all is as it was.
	tr.super(t, `ALTER TABLE audit_entries ADD CONSTRAINT broken CHECK (action <> 'tenant.go_live') NOT VALID`)
	if err := tr.GoLive(t.Context(), tr.home.Tenant.ID); err == nil {
		t.Error("live without a trace of it")
	}
	if moved := tr.leftovers(t, "https://"+ownHost+"/"); len(moved) > 0 || tr.find(t).Federates() {
		t.Errorf("half of it stayed: %v", moved)
	}
	tr.super(t, `ALTER TABLE audit_entries DROP CONSTRAINT broken`)
	tr.home.AddAccount(t, "carol") // under the trial's name, which the tenant has still
	do(t, tr.GoLive(t.Context(), tr.home.Tenant.ID))
	tr.expectMoved(t)
	// A process that has not heard of it yet.
	tr.home.AddAccount(t, "dave")
	do(t, tr.GoLive(t.Context(), tr.home.Tenant.ID))
	tr.expectMoved(t)
	acts := tr.super(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'tenant.go_live'`, int64(tr.home.Tenant.ID))
	if acts[0][0].(int64) != 1 {
		t.Errorf("went live %v times", acts)
	}
}

// The job that should make a tenant live got lost: the next look at a name asks for it anew.
func TestGoingLiveIsNotForgotten(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.bring(t)
	tr.finishJobs(t)
	all, err := tr.List(t.Context(), tr.home.Tenant.ID)
	do(t, err)
	for _, d := range all {
		if d.Role == tenant.HandleDomain {
			tr.see(t, d.ID, well(tenant.CheckWebFinger))
		}
	}
	if got := tr.jobs(t, "tenant_go_live"); got != 1 {
		t.Errorf("%d jobs wait", got)
	}
}

// The second name works while the job for the first one runs: that has seen one alone.
func TestGoingLiveWhileAnotherTryRuns(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.bring(t)
	tr.super(t, `UPDATE river.river_job SET state = 'running', attempted_at = now(), attempted_by = '{somebody}', attempt = 1 WHERE kind = 'tenant_go_live' RETURNING id`)
	all, err := tr.List(t.Context(), tr.home.Tenant.ID)
	do(t, err)
	for _, d := range all {
		if d.Role == tenant.HandleDomain {
			tr.see(t, d.ID, well(tenant.CheckWebFinger))
		}
	}
	if waiting := tr.super(t, `SELECT count(*) FROM river.river_job WHERE kind = 'tenant_go_live' AND state = 'available'`); waiting[0][0] != int64(1) {
		t.Errorf("%v jobs wait", waiting)
	}
}
