package deletion_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/federation/deliver"
	"rookery/federation/outbox"
	"rookery/internal/audit"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fedtest"
	"rookery/tenant"
	"rookery/tenant/deletion"
	"rookery/tenant/domains"
	"rookery/tenant/registry"
)

// world is two tenants, each with a row in every table, and what deletes them.
type world struct {
	*fedtest.World
	t       *testing.T
	other   *tenant.Tenant
	service *deletion.Service
	late    time.Duration // how much later it is for the service
	super   *pgx.Conn
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: fedtest.New(t), t: t}
	var err error
	if w.super, err = pgx.Connect(t.Context(), w.SuperURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.super.Close(context.WithoutCancel(t.Context())) })
	if w.other, err = w.Registry.Create(t.Context(), registry.NewTenant{Name: "Other", Host: "other.test"}); err != nil {
		t.Fatal(err)
	}
	w.service = deletion.New(deletion.Options{
		DB: w.PG, Tenants: w.Registry, Names: domains.New(domains.Options{DB: w.PG, Tenants: w.Registry}),
		Now: func() time.Time { return time.Now().Add(w.late) }, Batch: 7,
	})
	return w
}

// at is the world as another tenant sees it.
func (w *world) at(t *tenant.Tenant) *fedtest.World {
	out := *w.World
	out.Tenant = t
	return &out
}

// rows gives a tenant that has a local account and one of a peer a row in every table that
// nothing else fills. $1 is the tenant, $2 the local account, $3 the peer's, $4 a person of
// this tenant alone, $5 somebody of both.
var rows = []string{
	`INSERT INTO tenant_brand (tenant_id) VALUES ($1)`,
	`INSERT INTO tenant_setups (tenant_id, founded_by, founded_at, nonce) VALUES ($1, $4, now(), 'n')`,
	`INSERT INTO server_policies (tenant_id) VALUES ($1)`,
	`INSERT INTO server_rules (tenant_id, domain, severity) VALUES ($1, 'far.test', 'silence')`,
	`INSERT INTO server_allows (tenant_id, domain) VALUES ($1, 'near.test')`,
	`INSERT INTO tenant_rules (tenant_id, id, position, text) VALUES ($1, 1, 0, 'Be kind.')`,
	`INSERT INTO persons (id, email) VALUES ($4, 'only' || $4 || '@x.test'), ($5, 'both@x.test') ON CONFLICT DO NOTHING`,
	`INSERT INTO console_sessions (id_hash, person_id, expires_at) VALUES (('s' || $4)::bytea, $4, now() + interval '1 day')`,
	`INSERT INTO memberships (tenant_id, person_id, role) VALUES ($1, $4, 'owner'), ($1, $5, 'member')`,
	`INSERT INTO operators (tenant_id, account_id, person_id, role) VALUES ($1, $2, $4, 'owner')`,
	`INSERT INTO sessions (tenant_id, id_hash, person_id, expires_at) VALUES ($1, 'a', $4, now() + interval '1 day')`,
	`INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, redirect_uris, scopes) VALUES ($1, 1, 'c', '', 'App', '{}', '{}')`,
	`INSERT INTO tokens (tenant_id, id, token_hash, app_id, person_id, account_id, scopes) SELECT $1, n, n::text::bytea, 1, $4, $2, '{}' FROM generate_series(1, 20) n`,
	`INSERT INTO oauth_codes (tenant_id, code_hash, app_id, person_id, account_id, redirect_uri, scopes, expires_at) VALUES ($1, 'c', 1, $4, $2, '', '{}', now())`,
	`INSERT INTO statuses (tenant_id, id, account_id, uri, visibility, is_local, conversation_id, created_at)
	 SELECT $1, n, $2, 'https://' || $1 || '.test/' || n, 'public', true, 1, now() FROM generate_series(1, 40) n`,
	`INSERT INTO statuses (tenant_id, id, account_id, uri, visibility, conversation_id, boost_of_id, created_at) VALUES ($1, 50, $3, 'https://far.test/' || $1, 'public', 1, 1, now())`,
	`UPDATE statuses SET in_reply_to_id = 1 WHERE tenant_id = $1 AND id BETWEEN 2 AND 20`,
	`INSERT INTO status_stats (tenant_id, status_id) SELECT tenant_id, id FROM statuses WHERE tenant_id = $1`,
	`INSERT INTO status_reach (tenant_id, status_id) VALUES ($1, 1)`,
	`INSERT INTO account_days (tenant_id, account_id, day) VALUES ($1, $2, '2026-11-20')`,
	`INSERT INTO status_edits (tenant_id, id, status_id, body, created_at) VALUES ($1, 1, 1, '', now())`,
	`INSERT INTO status_mentions (tenant_id, status_id, account_id) VALUES ($1, 1, $3)`,
	`INSERT INTO pending_mentions (tenant_id, status_id, handle) VALUES ($1, 1, 'x@y.test')`,
	`INSERT INTO status_tags (tenant_id, tag, status_id) VALUES ($1, 'owl', 1)`,
	`INSERT INTO favourites (tenant_id, id, account_id, status_id) VALUES ($1, 1, $3, 1)`,
	`INSERT INTO bookmarks (tenant_id, id, account_id, status_id) VALUES ($1, 1, $2, 50)`,
	`INSERT INTO pins (tenant_id, id, account_id, status_id) VALUES ($1, 1, $2, 1)`,
	`INSERT INTO conversation_mutes (tenant_id, account_id, conversation_id) VALUES ($1, $2, 1)`,
	`INSERT INTO idempotency_keys (tenant_id, account_id, key, status_id) VALUES ($1, $2, 'k', 1)`,
	`INSERT INTO blobs (tenant_id, sha256, mime, bytes) SELECT $1, n::text::bytea, 'image/png', decode(repeat('ab', 10000), 'hex') FROM generate_series(1, 30) n`,
	`INSERT INTO files (tenant_id, key, rendition, sha256) SELECT $1, 'f' || n, 'original', n::text::bytea FROM generate_series(1, 30) n`,
	`INSERT INTO media (tenant_id, id, account_id, status_id, kind, key) SELECT $1, n, $2, n, 'image', 'f' || n FROM generate_series(1, 30) n`,
	`INSERT INTO scheduled_statuses (tenant_id, id, account_id, author_id, state, visibility) VALUES ($1, 1, $2, $4, 'draft', 'public')`,
	`INSERT INTO media (tenant_id, id, account_id, kind, key) VALUES ($1, 99, $2, 'image', 'f1')`,
	`INSERT INTO scheduled_media (tenant_id, media_id, plan_id) VALUES ($1, 99, 1)`,
	`INSERT INTO desk_threads (tenant_id, account_id, conversation_id, state, from_id, last_incoming_id, last_visibility, last_incoming_at, opened_at, updated_at, assignee_id)
	 VALUES ($1, $2, 1, 'done', $3, 1, 'public', now(), now(), now(), $4)`,
	`INSERT INTO desk_notes (tenant_id, id, account_id, conversation_id, person_id, text, created_at) VALUES ($1, 1, $2, 1, $4, 'x', now())`,
	`INSERT INTO saved_replies (tenant_id, id, title, text) VALUES ($1, 1, 'x', 'x')`,
	`INSERT INTO blocks (tenant_id, id, account_id, target_id) VALUES ($1, 1, $3, $2)`,
	`INSERT INTO mutes (tenant_id, id, account_id, target_id) VALUES ($1, 1, $2, $3)`,
	`INSERT INTO domain_blocks (tenant_id, id, account_id, domain) VALUES ($1, 1, $2, 'far.test')`,
	`INSERT INTO account_notes (tenant_id, account_id, target_id, note) VALUES ($1, $2, $3, 'x')`,
	`INSERT INTO followed_tags (tenant_id, id, account_id, tag) VALUES ($1, 1, $2, 'owl')`,
	`INSERT INTO timeline_entries (tenant_id, owner_id, status_id) VALUES ($1, $2, 50)`,
	`INSERT INTO notifications (tenant_id, id, account_id, from_id, type) VALUES ($1, 1, $2, $3, 'follow')`,
	`INSERT INTO markers (tenant_id, account_id, timeline, last_read_id) VALUES ($1, $2, 'home', 1)`,
	`INSERT INTO search_texts (tenant_id, kind, ref_id) VALUES ($1, 'status', 1)`,
	`INSERT INTO tombstones (tenant_id, uri) VALUES ($1, 'https://far.test/gone')`,
	`INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state) VALUES ($1, 1, 'd', '', '', 'applied')`,
	`INSERT INTO events (tenant_id, id, kind, account_id) VALUES ($1, 1, 'followed', $2)`,
	`INSERT INTO activities (tenant_id, id, uri, account_id, body) VALUES ($1, 1, 'u', $2, '')`,
	`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state) VALUES ($1, 1, 1, 'https://far.test/i', 'far.test', 'done')`,
	`INSERT INTO invitations (tenant_id, id, token_hash, email, role, invited_by, sent_at, expires_at) VALUES ($1, 1, 'i', 'new@x.test', 'member', $4, now(), now())`,
	`INSERT INTO tenant_security (tenant_id) VALUES ($1)`,
	`UPDATE memberships SET break_glass = true WHERE tenant_id = $1 AND person_id = $4`,
	`INSERT INTO sso_providers (tenant_id, issuer, client_id, client_secret, scopes, required, state) VALUES ($1, 'https://idp.test', 'c', '', '{openid}', true, 'on')`,
	`INSERT INTO sso_identities (tenant_id, issuer, subject, person_id) VALUES ($1, 'https://idp.test', 's', $4)`,
	`INSERT INTO sso_requests (tenant_id, state_hash, browser_hash, issuer, client_id, expires_at) VALUES ($1, 's', 'b', 'i', 'c', now())`,
	`INSERT INTO sso_rooms (tenant_id, session_hash, person_id, expires_at) VALUES ($1, 's', $4, now())`,
	`INSERT INTO billing_customers (customer_id, tenant_id, livemode) VALUES ('cus_' || $1, $1, false)`,
	`INSERT INTO billing_subscriptions (tenant_id, subscription_id, customer_id, status, created_at, read_at) VALUES ($1, 'sub_1', 'c', 'active', now(), now())`,
	`INSERT INTO billing_invoices (tenant_id, invoice_id, customer_id, status, total, currency, created_at, read_at) VALUES ($1, 'in_1', 'c', 'paid', 1, 'eur', now(), now())`,
	`INSERT INTO billing_disputes (tenant_id, dispute_id, charge_id, status, amount, currency, created_at, read_at) VALUES ($1, 'dp_1', 'ch_1', 'won', 1, 'eur', now(), now())`,
	`INSERT INTO tenant_entitlements (tenant_id, trial_from, standing, plan, entitlement) VALUES ($1, now(), 'trial', 'trial', '{}')`,
	`INSERT INTO entitlement_changes (tenant_id, id, cause, from_standing, to_standing, from_plan, to_plan) VALUES ($1, 1, 'clock', '', 'trial', '', 'trial')`,
	`INSERT INTO entitlement_overrides (tenant_id, id, reason, staff_id) VALUES ($1, 1, 'r', 1)`,
	`INSERT INTO billing_intents (tenant_id, idempotency_key, kind, params) VALUES ($1, 'k', 'customer', '{}')`,
	`INSERT INTO billing_checkouts (tenant_id, session_id, plan, currency, every, url, expires_at) VALUES ($1, 'cs_1', 'team', 'eur', 'month', 'u', now())`,
	`INSERT INTO billing_usage (tenant_id, day, accounts, seats, domains, storage_bytes) VALUES ($1, '2026-11-20', 1, 1, 1, 1)`,
	`INSERT INTO billing_notices (tenant_id, key, at) VALUES ($1, 'storage/80/2026-11', now())`,
	`INSERT INTO billing_tasks (id, key, tenant_id, kind) VALUES ($1, 'k' || $1, $1, 'x')`,
	`INSERT INTO upkeep_walks (tenant_id, kind) VALUES ($1, 'x')`,
	`INSERT INTO tenant_clocks (tenant_id, class, days) VALUES ($1, 'received', 5)`,
	`INSERT INTO tenant_exports (tenant_id, id) VALUES ($1, 1)`,
	`INSERT INTO export_parts (tenant_id, export_id, area, start, bytes) SELECT $1, 1, 'archive', n, 'x' FROM generate_series(1, 30) n`,
	`INSERT INTO mails (tenant_id, id, key, recipient, template) VALUES ($1, $4, 'k', 'a@b.test', 't')`,
	`INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, 0, '') ON CONFLICT DO NOTHING`,
	// Work that waits: nobody here works the queue fetch.
	`INSERT INTO river.river_job (kind, queue, max_attempts, args, state) VALUES
	 ('fetch_account', 'fetch', 3, jsonb_build_object('tenant_id', $1::bigint, 'account_id', 1), 'available'),
	 ('fetch_parents', 'fetch', 3, jsonb_build_object('tenant_id', $1::bigint, 'status_id', 1), 'scheduled')`,
}

const both = 9 // somebody who belongs to both tenants

func (w *world) fill(of *tenant.Tenant, local, remote *social.Account) {
	w.t.Helper()
	only := int64(of.ID) % 1000_000 * 10
	err := pgx.BeginFunc(w.t.Context(), w.super, func(tx pgx.Tx) error {
		for _, sql := range rows {
			args := []any{int64(of.ID), int64(local.ID), int64(remote.ID), only, int64(both)}
			if _, err := tx.Exec(w.t.Context(), inline(sql, args)); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// inline writes numbers into a statement that does not use all of them.
func inline(sql string, args []any) string {
	for i, v := range args {
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i+1), fmt.Sprint(v))
	}
	return sql
}

// count is how many rows every table with a tenant_id has of a tenant, by the catalog,
// and how many jobs there are.
func (w *world) count(of *tenant.Tenant) map[string]int64 {
	w.t.Helper()
	tables := w.list(`SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`)
	out := map[string]int64{"jobs": w.number(`SELECT count(*) FROM river.river_job WHERE args->>'tenant_id' = '%d'`, of.ID)}
	for _, table := range tables {
		out[table] = w.number(`SELECT count(*) FROM `+table+` WHERE tenant_id = %d`, of.ID)
	}
	return out
}

func (w *world) list(sql string) []string {
	w.t.Helper()
	found, err := w.super.Query(w.t.Context(), sql)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) number(sql string, args ...any) (n int64) {
	w.t.Helper()
	if err := w.super.QueryRow(w.t.Context(), fmt.Sprintf(sql, args...)).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.super.Exec(w.t.Context(), fmt.Sprintf(sql, args...)); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// work runs the queues that tell others, until the test ends or asks for it.
func (w *world) work() (stop func()) {
	w.t.Helper()
	workers := river.NewWorkers()
	outbox.NewWorker(outbox.Options{DB: w.PG, Tenants: w.Registry}).Register(workers)
	deliver.NewWorker(deliver.Options{DB: w.PG, HTTP: w.HTTP, Keys: w.Keys, Health: deliver.NewHealth(w.PG, nil, time.Now)}).Register(workers)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- w.PG.Run(ctx, pg.Work{Workers: workers, Queues: map[string]int{jobs.QueueFanout: 2, jobs.QueueDeliver: 4}, Grace: 5 * time.Second})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the workers: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

func (w *world) begin(after time.Duration) *registry.Deletion {
	w.t.Helper()
	d, err := w.service.Begin(w.t.Context(), audit.ByOperator(), w.Tenant.ID, after)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) sweep() {
	w.t.Helper()
	if _, err := w.service.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) isRemoved() bool {
	return w.number(`SELECT count(*) FROM tenants WHERE id = %d AND removed_at IS NOT NULL`, w.Tenant.ID) == 1
}

// states are those of a tenant's names.
func (w *world) states() []string {
	w.t.Helper()
	out := w.list(fmt.Sprintf(`SELECT DISTINCT state FROM domains WHERE tenant_id = %d`, w.Tenant.ID))
	slices.Sort(out)
	return out
}
