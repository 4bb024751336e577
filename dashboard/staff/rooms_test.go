package staff_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/ledger"
	"rookery/billing/meter"
	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/access"
)

func formTo(t testing.TB, p *browse.Page, suffix string) browse.Form {
	t.Helper()
	for _, f := range p.Forms {
		if strings.HasSuffix(f.Action, suffix) {
			return f
		}
	}
	t.Fatalf("%s has no form to %s:\n%s", p.URL, suffix, p.Body)
	return browse.Form{}
}

// A matter says what happened and what to do, and is settled once, with a note.
func TestMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		for kind, detail := range map[string]map[string]string{ledger.Disputed: {"status": "needs_response"}, ledger.UnknownCustomer: {"customer": "cus_nobody"}, "something new": {"a": "<b>"}} {
			task := store.Task{Key: kind + "/obj_1", Kind: kind, Detail: detail}
			if kind == ledger.Disputed {
				task.TenantID = &w.A.Tenant.ID
			}
			if _, err := store.AddTask(ctx, tx, task); err != nil {
				return err
			}
		}
		return nil
	})
	w.set(t, `UPDATE domains SET state = 'needs_review' WHERE name = 'b.test'`)
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	list := b.Get(home + "/matters")
	contains(t, "the list", list, "A payment is disputed", "Tenant a.test", "A customer that is nobody", "something new")
	matter := matterOf(t, w, ledger.Disputed+"/obj_1")
	page := b.Get(home + "/matters/" + matter)
	contains(t, "the matter", page, "contests a payment", "Answer at the provider", "needs_response", "obj_1")
	form := formTo(t, page, matter)
	if got := b.Submit(page, form, "note", " "); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Write down what you did") {
		t.Errorf("without a note: %d", got.Status)
	}
	if got := b.Submit(page, form, "note", "Sent the invoice."); got.Status != http.StatusSeeOther {
		t.Errorf("with a note: %d", got.Status)
	}
	if got := b.Submit(page, form, "note", "Again."); got.Status != http.StatusConflict {
		t.Errorf("twice: %d", got.Status)
	}
	contains(t, "what is done", b.Get(home+"/matters/"+matter), "Sent the invoice.", "mara@rookery.test")
	contains(t, "the list of those", b.Get(home+"/matters?done=1"), "A payment is disputed")
	lacks(t, "the open ones", b.Get(home+"/matters"), "A payment is disputed")
	helper, _ := w.session(t, w.hire(t, "jon@rookery.test", access.StaffSupport), 2)
	lacks(t, "a matter for support", helper.Get(home+"/matters/"+matter), `name="note"`)
}

// Each kind of matter has words, and one with a customer leads to it at the provider, among
// test customers where it is one.
func TestMattersOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	mine := w.buy(t, w.A, "team")
	kinds := []string{
		ledger.UnknownCustomer, ledger.CustomerGone, ledger.UnknownPrice, ledger.DoublePaid, ledger.Disputed, ledger.DisputeLost, ledger.GivenBack, ledger.FraudWarning, ledger.FraudEnded, ledger.NotFinal,
		ledger.PaidForNothing, checkout.CardTesting, meter.OverLimit,
	}
	w.set(t, `INSERT INTO billing_customers (customer_id, tenant_id, livemode, currency, is_current)
		SELECT 'cus_real', tenant_id, true, 'eur', false FROM billing_customers`)
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		for _, kind := range kinds {
			if _, err := store.AddTask(ctx, tx, store.Task{Key: kind + "/obj_1", Kind: kind}); err != nil {
				return err
			}
		}
		for key, customer := range map[string]string{"mine": mine, "nobody": "cus_nobody", "real": "cus_real"} {
			task := store.Task{Key: ledger.PaidForNothing + "/" + key, Kind: ledger.PaidForNothing, Detail: map[string]string{"customer": customer}}
			if _, err := store.AddTask(ctx, tx, task); err != nil {
				return err
			}
		}
		return nil
	})
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	list := b.Get(home + "/matters")
	for _, kind := range kinds {
		lacks(t, "the list", list, ">"+kind+"<")
	}
	for key, want := range map[string]string{"mine": "/test/customers/" + mine, "nobody": "/test/customers/cus_nobody", "real": "/customers/cus_real"} {
		contains(t, key, b.Get(home+"/matters/"+matterOf(t, w, ledger.PaidForNothing+"/"+key)), `href="https://dashboard.provider.test`+want+`"`)
	}
}

func matterOf(t testing.TB, w *world, key string) (id string) {
	t.Helper()
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		id, err = pg.Value[string](ctx, tx, `SELECT id::text FROM billing_tasks WHERE key = @key`, pgx.NamedArgs{"key": key})
		return err
	})
	return id
}

// The ledger is narrowed down, an event shows what was sent, and is looked at again.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	customer := w.buy(t, w.A, "team")
	send := func(id, kind, customer string, livemode bool) {
		t.Helper()
		raw, _ := json.Marshal(map[string]any{"id": id, "object": "event", "type": kind, "livemode": livemode, "data": map[string]any{"object": map[string]any{"id": "in_1", "customer": customer, "note": "<script>"}}})
		raw = []byte(strings.ReplaceAll(string(raw), `\u003cscript\u003e`, "<script>")) // the provider escapes nothing
		if err := w.ledger.Receive(t.Context(), billing.Event{ID: id, Type: kind, Customer: customer, Livemode: livemode, Created: time.Now(), Object: "in_1", Raw: raw}, store.FromWebhook); err != nil {
			t.Fatal(err)
		}
	}
	send("evt_ours", "invoice.paid", customer, false)
	send("evt_live", "invoice.paid", customer, true)
	send("evt_nobody", "customer.updated", "cus_nobody", false)
	if err := w.ledger.Sync(t.Context(), customer); err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.Sync(t.Context(), "cus_nobody"); err != nil {
		t.Fatal(err)
	}
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	for query, want := range map[string][]string{
		"": {"evt_ours", "evt_live", "evt_nobody"}, "type=invoice.": {"evt_ours", "evt_live"}, "outcome=synced": {"evt_ours"}, "outcome=ignored": {"evt_live"},
		"outcome=unknown+customer": {"evt_nobody"}, "customer=" + customer: {"evt_ours", "evt_live"}, "tenant=" + w.A.Tenant.ID.String(): {"evt_ours", "evt_live"}, "outcome=waiting": nil,
		"before=evt_nobody": {"evt_ours", "evt_live"},
	} {
		got := b.Get(home + "/events?" + query)
		for _, id := range []string{"evt_ours", "evt_live", "evt_nobody"} {
			is := strings.Contains(got.Body, "/staff/events/"+id+`"`)
			should := strings.Contains(" "+strings.Join(want, " ")+" ", " "+id+" ")
			if is != should {
				t.Errorf("%q: %s is there: %v", query, id, is)
			}
		}
	}
	if got := b.Get(home + "/events?tenant=acme"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a tenant by name: %d", got.Status)
	}
	page := b.Get(home + "/events/evt_ours")
	contains(t, "the event", page, "  &#34;type&#34;: &#34;invoice.paid&#34;", "&lt;script&gt;", "Looked at", "Tenant a.test")
	lacks(t, "the event", page, "<script>")
	lacks(t, "one that is not ours", b.Get(home+"/events/evt_live"), "/replay")
	if got := b.Get(home + "/events/evt_none"); got.Status != http.StatusNotFound {
		t.Errorf("no event: %d", got.Status)
	}
	page = b.Get(home + "/events/evt_ours/replay")
	if got := b.Submit(page, formTo(t, page, "/replay")); got.Status != http.StatusSeeOther {
		t.Fatalf("replay: %d", got.Status)
	}
	contains(t, "after it", b.Get(home+"/events/evt_ours"), "Waits", "Not yet")
	if err := w.ledger.Sync(t.Context(), customer); err != nil {
		t.Fatal(err)
	}
	contains(t, "after the reading", b.Get(home+"/events/evt_ours"), "Looked at")
	contains(t, "the tenant", b.Get(home+"/tenants/"+w.A.Tenant.ID.String()), "had an event looked at again")
	live := b.Get(home + "/events/evt_live")
	if got := b.Post(home+"/events/evt_live/replay", formTo(t, live, "/sign_out").Values, "Origin", origin); got.Status != http.StatusConflict {
		t.Errorf("replay of what is not ours: %d", got.Status)
	}
}

// Who owes comes with how much, since when and what comes next; what is sold adds up.
func TestDunningAndRevenue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	customer := w.buy(t, w.A, "team")
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	plan, _ := w.plans.Plan("team")
	price, _ := plan.Price("eur", billing.Monthly)
	amount := "€" + strconv.FormatInt(price.Base/100, 10) + ".00"
	page := b.Get(home + "/revenue")
	contains(t, "revenue", page, amount, "Team", "1 came or came back, 0 went", ">New</th>", "Paying</h2><p class=\"fig__n\">1</p>")
	contains(t, "as a file", b.Get(home+"/revenue.csv"), "month,new,gone,came_back,paid_eur", time.Now().UTC().Format("2006-01")+",1,0,0,")
	contains(t, "dunning", b.Get(home+"/dunning"), "Everybody has paid")

	w.set(t, `INSERT INTO billing_invoices (tenant_id, invoice_id, customer_id, status, total, currency, created_at, read_at)
		SELECT tenant_id, 'in_open', customer_id, 'open', 123456, 'eur', now() - interval '3 days', now() FROM billing_customers`)
	w.set(t, `UPDATE billing_subscriptions SET status = 'past_due', oldest_open_at = now() - interval '3 days'`)
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		return w.ledger.Assess(ctx, tx, w.A.Tenant.ID, store.ByClock)
	})
	page = b.Get(home + "/dunning")
	contains(t, "who owes", page, "Tenant a.test", "€1,234.56", "Payment failed", "Read only")
	lacks(t, "who owes", page, "Tenant b.test")
	contains(t, "of another standing", b.Get(home+"/dunning?standing=closing"), "Nobody stands so")
	contains(t, "revenue then", b.Get(home+"/revenue"), "1 of them late")
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		e, err := store.FoundEntitlement(ctx, tx, w.A.Tenant.ID, w.fake.Now())
		if e.Entitlement.Standing != tenant.Grace {
			t.Errorf("it stands %q", e.Entitlement.Standing)
		}
		return err
	})
	_ = customer
}

// What the comparison at night found lasts, and adds up by field.
func TestDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	contains(t, "nothing", b.Get(home+"/drift"), "Nothing differed")
	today := time.Now().UTC()
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		for _, day := range []time.Time{today, today, today.AddDate(0, 0, -3), today.AddDate(0, 0, -90)} {
			if err := store.AddDrift(ctx, tx, day, map[string]int64{"status": 2, "plan": 1}); err != nil {
				return err
			}
		}
		return nil
	})
	contains(t, "drift", b.Get(home+"/drift"), "<code>status</code></td><td class=\"r line\" data-label=\"Differences\">6<", "9 differences in 30 days.")
}

// The queues' pages are for admins, with what they need of the policy and no more; whoever
// changes something is written down.
func TestQueues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	b, s := w.session(t, w.hire(t, "mara@rookery.test", access.StaffAdmin), 2)
	contains(t, "River's page", b.Get(home+"/queues/", "Accept", "text/html"), `id="root"`, `src="/staff/queues/assets/`)
	contains(t, "the counts", b.Get(home+"/queues/api/states"), `"available":`, `"discarded":`)
	got := b.Get(home+"/queues/", "Accept", "text/html")
	if got.Status != http.StatusOK || !strings.Contains(got.Header.Get("Content-Security-Policy"), "connect-src 'self'") || strings.Contains(got.Header.Get("Content-Security-Policy"), "script-src 'self' 'unsafe") {
		t.Errorf("the page: %d, %s", got.Status, got.Header.Get("Content-Security-Policy"))
	}
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a sister host": {"Sec-Fetch-Site", "same-site"}, "nobody knows where": {},
	} {
		if got := b.Post(home+"/queues/api/jobs/cancel", url.Values{}, headers...); got.Status != http.StatusForbidden {
			t.Errorf("a change from %s: %d", name, got.Status)
		}
	}
	if got := b.Post(home+"/queues/api/jobs/cancel", url.Values{"ids": {"7"}}, "Sec-Fetch-Site", "same-origin"); got.Status == http.StatusForbidden || got.Status >= http.StatusInternalServerError {
		t.Errorf("a change: %d %s", got.Status, got.Body)
	}
	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		n, err := pg.Value[int](ctx, tx, `SELECT count(*)::int FROM audit_entries WHERE tenant_id = 0 AND action = 'staff.queues' AND target = 'queues:POST jobs/cancel'`, nil)
		if n != 1 {
			t.Errorf("%d entries about it", n)
		}
		return err
	})
	w.set(t, `UPDATE staff_sessions SET proved_at = now() - interval '2 hours', last_seen_at = now() - interval '20 minutes'`)
	if got := b.Get(home+"/queues/", "Accept", "text/html"); !strings.HasPrefix(got.Location(), "/staff/prove?next=") {
		t.Errorf("with an old factor: %d to %q", got.Status, got.Location())
	}
	if got := b.Post(home+"/queues/api/jobs/cancel", url.Values{}, "Sec-Fetch-Site", "same-origin"); got.Status != http.StatusForbidden {
		t.Errorf("a change with an old factor: %d", got.Status)
	}
	w.set(t, `UPDATE staff_sessions SET last_seen_at = now() - interval '20 minutes'`)
	if got := b.Get(home + "/queues/api/states"); got.Status != http.StatusOK {
		t.Errorf("a page that asks by itself: %d", got.Status)
	}
	all, err := w.judge.StaffSessionsOf(t.Context(), s.Person)
	if err != nil || len(all) != 1 || time.Since(all[0].LastSeen) < 19*time.Minute {
		t.Errorf("it counts as a visit: %v", err)
	}
}
