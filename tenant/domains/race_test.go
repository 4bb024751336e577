package domains_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

// What a look found counts only where nobody moved the claim since it began.
func TestALookThatComesTooLate(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := l.live(t, l.A, "acme-cycles.com")
	seenAt := l.read(t, d.ID).Domain
	do(t, l.Release(t.Context(), audit.ByOperator(), d.TenantID, d.ID, d.Name))
	do(t, l.Apply(t.Context(), domains.BySystem(), seenAt, wrong(tenant.CheckRouting, doctor.WrongA)))
	got := l.read(t, d.ID)
	if got.State != tenant.DomainReleasing || got.Failures != 0 || got.Check(tenant.CheckRouting).Failures != 0 {
		t.Errorf("%s, %d failures, check %+v", got.State, got.Failures, got.Check(tenant.CheckRouting))
	}
	// Also where the state is the same again, but not the time in it.
	l.now = l.now.Add(time.Minute)
	do(t, l.UndoRelease(t.Context(), audit.ByOperator(), d.TenantID, d.ID))
	do(t, l.Apply(t.Context(), domains.BySystem(), seenAt, wrong(tenant.CheckRouting, doctor.WrongA)))
	if got := l.read(t, d.ID); got.Failures != 0 {
		t.Errorf("an old look counted: %d failures", got.Failures)
	}
}

// Many looks and acts at the same time: one after another, each transition once.
func TestLooksAndActsAtTheSameTime(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	ended := make(chan error)
	const looks = 8
	for range looks {
		go func() { ended <- l.Apply(t.Context(), domains.BySystem(), d, well(tenant.CheckOwnership)) }()
	}
	go func() { ended <- l.Retry(t.Context(), audit.ByOperator(), d.TenantID, d.ID) }()
	for range looks + 1 {
		do(t, <-ended)
	}
	if got, want := fmt.Sprint(l.acts(t, d)), "[claim verified]"; got != want {
		t.Errorf("audit log %s, want %s", got, want)
	}
}

// Two tenants whose proofs are seen at the same time: one holds the name, whichever.
func TestTwoProofsAtTheSameTime(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	wish := domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"}
	both := []*tenant.Domain{claim(t, l.Service, l.A.Tenant.ID, wish)[0], claim(t, l.Service, l.B.Tenant.ID, wish)[0]}
	ended := make(chan error)
	for _, d := range both {
		go func() { ended <- l.Apply(t.Context(), domains.BySystem(), d, well(tenant.CheckOwnership)) }()
	}
	for range both {
		// Whose look comes second may have to come again.
		if err := <-ended; err != nil {
			t.Log(err)
		}
	}
	holders := 0
	for _, d := range both {
		if l.read(t, d.ID).State.Holds() {
			holders++
		}
	}
	if holders != 1 {
		t.Errorf("%d holders", holders)
	}
}

// The job of an order was lost: it is noticed, and ordered again.
func TestALostOrder(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.Needs = ours
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	l.see(t, d.ID, well(tenant.CheckOwnership))
	got := l.see(t, d.ID, well(tenant.CheckRouting))
	if got.State != tenant.DomainIssuing || l.jobs(t, "certificate_order") != 1 {
		t.Fatalf("%s, %d orders", got.State, l.jobs(t, "certificate_order"))
	}
	l.now = l.now.Add(5 * time.Minute) // longer than any order takes
	do(t, l.Check(t.Context(), d.ID))
	got = l.read(t, d.ID)
	if got.State != tenant.DomainIssueFailed || got.Reason != string(doctor.OrderLost) || !got.NextCheckAt.After(l.now) {
		t.Fatalf("%s (%s), next look %s", got.State, got.Reason, got.NextCheckAt)
	}
	l.finishJobs(t)
	if got := l.see(t, d.ID, well(tenant.CheckRouting)); got.State != tenant.DomainIssuing || l.jobs(t, "certificate_order") != 1 {
		t.Errorf("%s, %d orders", got.State, l.jobs(t, "certificate_order"))
	}
}

// jobs counts what waits to be worked.
func (l *life) jobs(t *testing.T, kind string) (n int) {
	t.Helper()
	l.platform(t, func(tx *pg.PlatformTx) (err error) {
		n, err = pg.Value[int](t.Context(), tx, `SELECT count(*)::int FROM river.river_job WHERE kind = @kind AND state = 'available'`, pgx.NamedArgs{"kind": kind})
		return err
	})
	return n
}

// finishJobs ends all jobs as if they had been worked; their rows stay for a while.
func (l *life) finishJobs(t *testing.T) {
	t.Helper()
	l.platform(t, func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE river.river_job SET state = 'completed', finalized_at = now()`, pgx.NamedArgs{})
		return err
	})
}

// A name that was just looked at can be looked at again as soon as that is due.
func TestSweepsFindWhatIsDueEachTime(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-cycles.com"})[0]
	for range 3 {
		do(t, l.Sweep(t.Context()))
		do(t, l.Sweep(t.Context()))
		if got := l.jobs(t, "domain_check"); got != 1 {
			t.Fatalf("%d looks wait", got)
		}
		l.finishJobs(t)
		l.see(t, d.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing))
		do(t, l.Sweep(t.Context()))
		if got := l.jobs(t, "domain_check"); got != 0 {
			t.Fatalf("%d looks wait although none is due", got)
		}
		l.now = l.now.Add(time.Minute)
	}
}

// Whatever is seen and done in whatever order: each change of a claim's state is one entry
// of the audit log, and the log holds.
func TestEachStepIsRecordedOnce(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.Needs = ours
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // repeatable
	by := audit.ByOperator()
	kinds := []tenant.CheckKind{tenant.CheckOwnership, tenant.CheckRouting, tenant.CheckCertificate}
	outcomes := []doctor.Outcome{doctor.Well, doctor.Well, doctor.Wrong, doctor.Unknown}
	for walk := range 3 {
		d := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: fmt.Sprintf("walk%d.acme-cycles.com", walk)})[0]
		want, state := 1, d.State
		for range 60 {
			switch ctx := t.Context(); random.IntN(12) {
			case 0:
				_ = l.Release(ctx, by, d.TenantID, d.ID, d.Name) // refused where it makes no sense
			case 1:
				_ = l.UndoRelease(ctx, by, d.TenantID, d.ID)
			case 2:
				_ = l.Retry(ctx, by, d.TenantID, d.ID)
			default:
				seen := doctor.Findings{}
				for _, kind := range kinds {
					seen[kind] = doctor.Finding{Outcome: outcomes[random.IntN(len(outcomes))], Code: doctor.WrongA}
				}
				l.see(t, d.ID, seen)
			}
			if now := l.read(t, d.ID).State; now != state {
				want, state = want+1, now
			}
			l.now = l.now.Add(time.Duration(random.IntN(100)) * time.Hour)
		}
		if got := l.acts(t, d); len(got) != want {
			t.Errorf("%d steps, audit log %v", want, got)
		}
	}
	if report, err := audit.Verify(t.Context(), l.PG, l.A.Tenant.ID); err != nil || report.Broken != 0 {
		t.Errorf("audit log: %+v, %v", report, err)
	}
}
