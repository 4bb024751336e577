package domains_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/store"
	"rookery/internal/testkit/dnstest"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// life is a service whose clock the test moves.
type life struct {
	*fixture.World
	*domains.Service
	now  time.Time
	conn *pgx.Conn // a superuser's, for looking behind the scenes
}

// newLife is on a platform whose certificates a proxy has: names are live once they lead here.
func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{World: fixture.New(t), now: time.Now().UTC().Truncate(time.Second)}
	l.Service = domains.New(domains.Options{
		DB: l.PG, Tenants: l.Registry, Suffix: "rookery.io", Protected: []string{"company.com"}, Now: func() time.Time { return l.now },
	})
	l.join(t, l.A, "owner@a.test")
	l.join(t, l.B, "owner@b.test")
	return l
}

// join makes somebody who is told what happens to a tenant's names.
func (l *life) join(t *testing.T, h *fixture.Home, email string) {
	t.Helper()
	person := l.Person(t, email)
	l.platform(t, func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `INSERT INTO memberships (tenant_id, person_id, role) VALUES (@of, @person, 'owner')`,
			pgx.NamedArgs{"of": h.Tenant.ID, "person": person})
		return err
	})
}

func (l *life) platform(t *testing.T, fn func(*pg.PlatformTx) error) {
	t.Helper()
	if err := l.PG.Platform(t.Context(), "test", fn); err != nil {
		t.Fatal(err)
	}
}

// read is a claim as it is now, whoever's it is.
func (l *life) read(t *testing.T, id tenant.DomainID) domains.Standing {
	t.Helper()
	var d *tenant.Domain
	l.platform(t, func(tx *pg.PlatformTx) (err error) {
		d, err = registry.FindDomain(t.Context(), tx, id)
		return err
	})
	out, err := l.Get(t.Context(), d.TenantID, id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// see applies what a look at a claim found, and returns what it became.
func (l *life) see(t *testing.T, id tenant.DomainID, seen doctor.Findings) domains.Standing {
	t.Helper()
	if err := l.Apply(t.Context(), domains.BySystem(), l.read(t, id).Domain, seen); err != nil {
		t.Fatal(err)
	}
	return l.read(t, id)
}

// live brings a claim to where it works.
func (l *life) live(t *testing.T, of *fixture.Home, name string) *tenant.Domain {
	t.Helper()
	d := claim(t, l.Service, of.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: name})[0]
	l.see(t, d.ID, well(tenant.CheckOwnership))
	if got := l.see(t, d.ID, well(tenant.CheckRouting)); got.State != tenant.DomainLive {
		t.Fatalf("%s is %s (%s)", name, got.State, got.Reason)
	}
	return d
}

// do is a person's or staff's act that must work.
func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// acts are the actions that the audit log has of a claim, in their order.
func (l *life) acts(t *testing.T, d *tenant.Domain) (out []string) {
	t.Helper()
	target := fmt.Sprintf("domain:%d", d.ID)
	err := audit.Walk(t.Context(), l.PG, d.TenantID, func(e *store.AuditEntry) error {
		if e.Target == target {
			out = append(out, strings.TrimPrefix(e.Action, "domain."))
		}
		return nil
	})
	do(t, err)
	return out
}

// mails are the templates of what a tenant's people were told, in their order.
func (l *life) mails(t *testing.T, of tenant.ID) (out []string) {
	t.Helper()
	l.platform(t, func(tx *pg.PlatformTx) (err error) {
		out, err = pg.Values[string](t.Context(), tx, `SELECT template FROM mails WHERE tenant_id = @of ORDER BY id`, pgx.NamedArgs{"of": of})
		return err
	})
	return out
}

var addresses atomic.Uint32

// A name's whole way, with real answers of DNS and HTTP: claimed, proven, pointed here,
// live; the proof is removed, then the alias too.
func TestTheWayOfAName(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	dns := dnstest.Start(t)
	dns.Zone("acme-cycles.test", "rookery.test")
	here := netip.AddrFrom4([4]byte{127, 77, 58, byte(1 + addresses.Add(1)%250)})
	client := safehttp.New(safehttp.Options{
		AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.77.0.0/16")}, LookupIP: look.LookupBy(dns.ResolverAddresses()), HostRate: 1000,
	})
	t.Cleanup(client.Close)
	l.Scheme = "http"
	l.Looker = look.New(look.Options{
		HTTP: client, Resolvers: dns.ResolverAddresses(), ZonePort: dns.Port(), AskTimeout: time.Second,
		EdgeSuffix: "edge.rookery.test", Addresses: []netip.Addr{here}, Secret: []byte("of the test"),
	})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", here.String()+":0")
	do(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		nonce, _ := strings.CutPrefix(r.URL.Path, look.ProbePath)
		fmt.Fprint(out, l.Looker.Proof(r.Host, nonce))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())

	const host = "social.acme-cycles.test"
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: host + ":" + port})[0]
	look := func() domains.Standing {
		t.Helper()
		do(t, l.Check(t.Context(), d.ID))
		return l.read(t, d.ID)
	}
	expect := func(step string, got domains.Standing, state tenant.DomainState, code doctor.Code) {
		t.Helper()
		if got.State != state || got.Reason != string(code) {
			t.Fatalf("%s: %s (%s), want %s (%s)", step, got.State, got.Reason, state, code)
		}
	}
	expect("no record", look(), tenant.DomainPendingOwnership, doctor.OwnershipMissing)
	if advice := l.read(t, d.ID).Advice(); !strings.Contains(advice, "_rookery-challenge."+host) || !strings.Contains(advice, d.Token) {
		t.Errorf("advice: %s", advice)
	}
	// TEN-24: the proof of another tenant's claim is none.
	theirs := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: d.Name})[0]
	dns.Set("_rookery-challenge." + host + ` 60 TXT "rookery-verify=` + theirs.Token + `"`)
	expect("another's proof", look(), tenant.DomainPendingOwnership, doctor.OwnershipOther)
	dns.Set("_rookery-challenge." + host + ` 60 TXT "rookery-verify=` + d.Token + `"`)
	for look().State != tenant.DomainPendingRouting && !t.Failed() { // one look, or the one that follows from it too
		if got := l.read(t, d.ID); got.State != tenant.DomainVerified {
			t.Fatalf("proven: %s (%s)", got.State, got.Reason)
		}
	}
	expect("not pointed here", l.read(t, d.ID), tenant.DomainPendingRouting, doctor.NoRecords)
	dns.Set(host+" 60 CNAME t-"+l.A.Tenant.ID.String()+".edge.rookery.test", "t-"+l.A.Tenant.ID.String()+".edge.rookery.test 60 A "+here.String())
	expect("live", look(), tenant.DomainLive, "")

	// A week later the record is gone: flagged, and no more than that while the name leads here.
	l.now = l.now.Add(8 * day)
	dns.Remove("_rookery-challenge." + host)
	expect("the proof is gone", look(), tenant.DomainLive, "")
	if c := l.read(t, d.ID).Check(tenant.CheckOwnership); c == nil || c.Code != string(doctor.OwnershipMissing) || c.Failures != 1 {
		t.Errorf("the weekly check flags nothing: %+v", c)
	}
	// The alias too: an hour later the proof is asked for with it, and nothing is left.
	dns.Remove(host)
	l.now = l.now.Add(6 * time.Hour)
	expect("one bad look", look(), tenant.DomainLive, doctor.NoRecords)
	l.now = l.now.Add(time.Hour)
	expect("both are gone", look(), tenant.DomainDegraded, doctor.NoRecords)
	for range 10 {
		l.now = l.now.Add(6 * time.Hour)
		look()
	}
	l.now = l.now.Add(14 * day)
	expect("for two weeks", look(), tenant.DomainParked, doctor.NoRecords)
	dns.Set("social.acme-cycles.test 60 A " + here.String())
	expect("back again", look(), tenant.DomainLive, "")

	if got, want := fmt.Sprint(l.acts(t, d)), "[claim verified pending_routing live degraded parked live]"; got != want {
		t.Errorf("audit log %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(l.mails(t, l.A.Tenant.ID)), "[domain_live domain_degraded_1h domain_degraded_24h domain_parked domain_recovered]"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
	if report, err := audit.Verify(t.Context(), l.PG, l.A.Tenant.ID); err != nil || report.Broken != 0 {
		t.Errorf("audit log: %+v, %v", report, err)
	}
}

// TEN-24: a name that nobody proved leads to no tenant.
func TestUnprovenNamesAreNotServed(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	served := func() bool {
		t.Helper()
		do(t, l.Registry.Load(t.Context()))
		_, _, ok := l.Registry.ByHost("acme-cycles.com")
		return ok
	}
	l.see(t, d.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing))
	l.see(t, d.ID, well(tenant.CheckRouting)) // it leads here; that proves nothing
	if got := l.read(t, d.ID); got.State != tenant.DomainPendingOwnership || served() {
		t.Errorf("%s, served %v", got.State, served())
	}
	l.see(t, d.ID, well(tenant.CheckOwnership))
	if served() {
		t.Error("served before it leads here")
	}
	l.see(t, d.ID, well(tenant.CheckRouting))
	if !served() {
		t.Error("not served although live")
	}
}

func TestGivingANameUp(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	by, of := audit.ByOperator(), l.A.Tenant.ID
	d := l.live(t, l.A, "acme-cycles.com")
	release := func() error { return l.Release(t.Context(), by, of, d.ID, "Acme-Cycles.com") }
	if err := l.Release(t.Context(), by, of, d.ID, "acme.com"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("another name typed: %v", err)
	}
	do(t, release())
	deadline := l.read(t, d.ID).DeadlineAt
	l.now = l.now.Add(3 * day)
	if err := release(); fault.CodeOf(err) != fault.Conflict || !l.read(t, d.ID).DeadlineAt.Equal(deadline) {
		t.Errorf("given up twice: %v, until %s, first %s", err, l.read(t, d.ID).DeadlineAt, deadline)
	}
	do(t, l.UndoRelease(t.Context(), by, of, d.ID))
	if got := l.read(t, d.ID); got.State != tenant.DomainLive || !got.DeadlineAt.IsZero() || got.NextCheckAt.After(l.now) {
		t.Errorf("taken back: %+v", got.Domain)
	}
	do(t, release())
	l.now = l.now.Add(7 * day)
	do(t, l.Check(t.Context(), d.ID))
	got := l.read(t, d.ID)
	if got.State != tenant.DomainReleased || !got.TombstonesUntil.Equal(l.now.Add(180*day)) || !got.QuarantineUntil.Equal(l.now.Add(30*day)) {
		t.Fatalf("released: %+v", got.Domain)
	}
	for what, err := range map[string]error{
		"release": release(), "undo": l.UndoRelease(t.Context(), by, of, d.ID), "retry": l.Retry(t.Context(), by, of, d.ID),
	} {
		if fault.CodeOf(err) != fault.Conflict {
			t.Errorf("%s after its end: %v", what, err)
		}
	}
	if again := l.read(t, d.ID); !again.TombstonesUntil.Equal(got.TombstonesUntil) {
		t.Errorf("its tombstones end at %s", again.TombstonesUntil)
	}
	// Whoever asks for the old addresses hears that they are gone.
	do(t, l.Registry.Load(t.Context()))
	if h, ok := l.Registry.Host("acme-cycles.com"); !ok || h.State != tenant.DomainReleased || h.Tenant.ID != of {
		t.Errorf("the released name: %+v, %v", h, ok)
	}
	if got, want := fmt.Sprint(l.acts(t, d)), "[claim verified live releasing live releasing released]"; got != want {
		t.Errorf("audit log %s, want %s", got, want)
	}

	// Another tenant: a claim of its own with a proof of its own.
	next := l.live(t, l.B, "acme-cycles.com")
	if next.ID == d.ID || next.Token == d.Token {
		t.Errorf("inherited: %+v", next)
	}
	do(t, l.Registry.Load(t.Context()))
	if h, ok := l.Registry.Host("acme-cycles.com"); !ok || h.State != tenant.DomainLive || h.Tenant.ID != l.B.Tenant.ID {
		t.Errorf("the name's new holder: %+v, %v", h, ok)
	}
}

// What never answered anybody leaves nothing behind.
func TestGivingUpWhatNeverWorked(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	do(t, l.Release(t.Context(), audit.ByOperator(), l.A.Tenant.ID, d.ID, d.Name))
	if got := l.read(t, d.ID); got.State != tenant.DomainReleased || got.TombstonesUntil.After(l.now) {
		t.Errorf("%+v", got.Domain)
	}
	claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})
}

// A suspended name cannot be given up and taken back to be live.
func TestUndoDoesNotEndASuspension(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := l.live(t, l.A, "acme-cycles.com")
	l.platform(t, func(tx *pg.PlatformTx) error {
		now := l.read(t, d.ID).Domain
		now.State = tenant.DomainSuspended
		return registry.SaveDomain(t.Context(), tx, now)
	})
	do(t, l.Release(t.Context(), audit.ByOperator(), d.TenantID, d.ID, d.Name))
	do(t, l.UndoRelease(t.Context(), audit.ByOperator(), d.TenantID, d.ID))
	if got := l.read(t, d.ID); got.State != tenant.DomainSuspended {
		t.Errorf("%s after undo", got.State)
	}
}

func TestExpiredAndTriedAgain(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	l.now = l.now.Add(15 * day)
	for range 10 {
		if got := l.see(t, d.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing)); got.State != tenant.DomainExpired || !got.NextCheckAt.IsZero() {
			t.Fatalf("%+v", got.Domain)
		}
	}
	do(t, l.Retry(t.Context(), audit.ByOperator(), d.TenantID, d.ID))
	again := l.read(t, d.ID)
	if again.State != tenant.DomainPendingOwnership || again.Token == d.Token || again.NextCheckAt.After(l.now) {
		t.Errorf("tried again: %+v", again.Domain)
	}
	if err := l.Retry(t.Context(), audit.ByOperator(), d.TenantID, d.ID); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("twice in a minute: %v", err)
	}
	// The new set-up is not two weeks old.
	l.see(t, d.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing))
	if got, want := fmt.Sprint(l.mails(t, d.TenantID)), "[domain_expired]"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
}

func TestReviewByStaff(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	by := audit.Actor{Kind: audit.Staff, ID: 1}
	first := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "c0mpany.com"})[0]
	second := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "аррӏе.com"})[0]
	if !first.NextCheckAt.IsZero() || l.see(t, first.ID, well(tenant.CheckOwnership)).State != tenant.DomainNeedsReview {
		t.Error("a name that waits for staff was moved on by a look")
	}
	do(t, l.Review(t.Context(), by, first.ID, true, ""))
	do(t, l.Review(t.Context(), by, second.ID, false, string(doctor.Rejected)))
	if got := l.read(t, first.ID); got.State != tenant.DomainPendingOwnership || got.NextCheckAt.IsZero() {
		t.Errorf("accepted: %+v", got.Domain)
	}
	if got := l.read(t, second.ID); got.State != tenant.DomainReleased || got.Reason != "REJECTED" || !strings.Contains(got.Advice(), "аррӏе.com") {
		t.Errorf("rejected: %+v, %s", got.Domain, got.Advice())
	}
	if err := l.Review(t.Context(), by, first.ID, true, ""); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("reviewed twice: %v", err)
	}
}
