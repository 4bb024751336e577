package domains_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/registry"
)

const contested = "acme-cycles.com"

// contest has B claim and prove what A holds.
func (l *life) contest(t *testing.T) (theirs domains.Standing) {
	t.Helper()
	d := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: contested})[0]
	return l.see(t, d.ID, well(tenant.CheckOwnership))
}

// Unproven, a claim changes nothing for the holder.
func TestAClaimAloneContestsNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mine := l.live(t, l.A, contested)
	d := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: contested})[0]
	l.see(t, d.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing))
	l.see(t, d.ID, well(tenant.CheckRouting))
	if got := l.read(t, mine.ID); got.State != tenant.DomainLive {
		t.Errorf("the holder is %s", got.State)
	}
}

func TestANameThatLeadsNowhereGoesToWhoeverProvesIt(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*life, *testing.T, *tenant.Domain){
		"moved away": func(l *life, t *testing.T, d *tenant.Domain) {
			for range 2 {
				l.see(t, d.ID, wrong(tenant.CheckRouting, doctor.WrongA))
			}
		},
		"given up": func(l *life, t *testing.T, d *tenant.Domain) {
			do(t, l.Release(t.Context(), audit.ByOperator(), d.TenantID, d.ID, d.Name))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			mine := l.live(t, l.A, contested)
			leave(l, t, mine)
			theirs := l.contest(t)
			if got := l.read(t, mine.ID); got.State != tenant.DomainReleased || got.Reason != domains.ReasonTransferred || !got.TombstonesUntil.After(l.now) {
				t.Errorf("the holder: %+v", got.Domain)
			}
			if theirs.State != tenant.DomainVerified || theirs.ID == mine.ID {
				t.Errorf("the newcomer: %+v", theirs.Domain)
			}
		})
	}
}

// One bad look is no reason to lose a name.
func TestANameIsNotLostOverOneBadLook(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mine := l.live(t, l.A, contested)
	l.see(t, mine.ID, wrong(tenant.CheckRouting, doctor.Port80Blocked))
	l.contest(t)
	if got := l.read(t, mine.ID); got.State != tenant.DomainDisputed {
		t.Errorf("the holder is %s (%s)", got.State, got.Reason)
	}
}

// A name in the middle of its set-up has worked for nobody yet.
func TestTheLaterProofWinsBeforeANameWorks(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mine := claim(t, l.Service, l.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: contested})[0]
	l.see(t, mine.ID, well(tenant.CheckOwnership))
	theirs := l.contest(t)
	if got := l.read(t, mine.ID); got.State != tenant.DomainReleased || theirs.State != tenant.DomainVerified {
		t.Errorf("%s and %s", got.State, theirs.State)
	}
}

func TestADispute(t *testing.T) {
	t.Parallel()
	staff := audit.Actor{Kind: audit.Staff, ID: 1}
	for name, tt := range map[string]struct {
		settle       func(*life, *testing.T, tenant.DomainID)
		mine, theirs tenant.DomainState
		acts         string
	}{
		"the holder proves it anew": {func(l *life, t *testing.T, id tenant.DomainID) { l.see(t, id, well(tenant.CheckOwnership)) },
			tenant.DomainLive, tenant.DomainReleased, "[claim verified live disputed live]"},
		"staff keep it": {func(l *life, t *testing.T, id tenant.DomainID) { do(t, l.Settle(t.Context(), staff, id, true)) },
			tenant.DomainLive, tenant.DomainReleased, "[claim verified live disputed live]"},
		"staff transfer it": {func(l *life, t *testing.T, id tenant.DomainID) { do(t, l.Settle(t.Context(), staff, id, false)) },
			tenant.DomainReleased, tenant.DomainVerified, "[claim verified live disputed released]"},
		"the holder lets it go": {func(l *life, t *testing.T, id tenant.DomainID) {
			do(t, l.Release(t.Context(), audit.ByOperator(), l.A.Tenant.ID, id, contested))
		}, tenant.DomainReleased, tenant.DomainVerified, "[claim verified live disputed released]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			mine := l.live(t, l.A, contested)
			theirs := l.contest(t)
			disputed := l.read(t, mine.ID)
			if disputed.State != tenant.DomainDisputed || disputed.ContestedBy != theirs.ID || !disputed.DeadlineAt.Equal(l.now.Add(72*time.Hour)) {
				t.Fatalf("the holder: %+v", disputed.Domain)
			}
			// The record that proved the name long ago may be there still: it says nothing.
			if disputed.Token == mine.Token {
				t.Error("the holder is asked for the old proof")
			}
			if theirs.State != tenant.DomainPendingOwnership || theirs.Reason != string(doctor.ClaimedByOther) ||
				!strings.Contains(theirs.Advice(), l.now.Add(72*time.Hour).UTC().Format(time.DateTime)) {
				t.Errorf("the newcomer: %s (%s): %s", theirs.State, theirs.Reason, theirs.Advice())
			}
			// The newcomer is looked at again and again; nothing happens twice, and the clock runs.
			for range 10 {
				l.now = l.now.Add(time.Hour)
				again := l.see(t, theirs.ID, well(tenant.CheckOwnership))
				if again.State != tenant.DomainPendingOwnership || !again.StateSince.Equal(theirs.StateSince) || !again.NextCheckAt.After(l.now) {
					t.Fatalf("looked at again: %+v", again.Domain)
				}
			}
			l.now = disputed.DeadlineAt.Add(time.Hour)
			if got := l.see(t, mine.ID, wrong(tenant.CheckOwnership, doctor.OwnershipMissing)); got.State != tenant.DomainDisputed {
				t.Fatalf("taken away by a clock: %s", got.State)
			}
			tt.settle(l, t, mine.ID)
			if got := l.read(t, theirs.ID); got.State == tenant.DomainPendingOwnership {
				if got.NextCheckAt.After(l.now) {
					t.Errorf("the newcomer waits until %s", got.NextCheckAt)
				}
				l.see(t, theirs.ID, well(tenant.CheckOwnership))
			}
			if a, b := l.read(t, mine.ID), l.read(t, theirs.ID); a.State != tt.mine || b.State != tt.theirs || a.ContestedBy != 0 {
				t.Errorf("the holder is %s (by %d), the newcomer %s, want %s and %s", a.State, a.ContestedBy, b.State, tt.mine, tt.theirs)
			}
			if got := fmt.Sprint(l.acts(t, mine)); got != tt.acts {
				t.Errorf("audit log %s, want %s", got, tt.acts)
			}
			if got := strings.Count(fmt.Sprint(l.mails(t, l.A.Tenant.ID)), "domain_disputed"); got != 1 {
				t.Errorf("the holder was told %d times", got)
			}
			if err := l.Settle(t.Context(), staff, mine.ID, true); fault.CodeOf(err) != fault.Conflict {
				t.Errorf("settled twice: %v", err)
			}
		})
	}
}

// Whoever was refused may come again, with a new proof.
func TestARefusedClaimCanBeMadeAnew(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mine := l.live(t, l.A, contested)
	first := l.contest(t)
	l.see(t, mine.ID, well(tenant.CheckOwnership))
	if got := l.read(t, first.ID); got.Reason != domains.ReasonRefused {
		t.Fatalf("%s (%s)", got.State, got.Reason)
	}
	second := l.contest(t)
	if second.Token == first.Token || l.read(t, mine.ID).State != tenant.DomainDisputed {
		t.Errorf("the holder is %s", l.read(t, mine.ID).State)
	}
}

// Whoever contested a name and gives that up, or loses the proof, leaves it to its holder.
func TestADisputeThatIsWithdrawn(t *testing.T) {
	t.Parallel()
	for name, withdraw := range map[string]func(*life, *testing.T, tenant.DomainID){
		"given up": func(l *life, t *testing.T, id tenant.DomainID) {
			do(t, l.Release(t.Context(), audit.ByOperator(), l.B.Tenant.ID, id, contested))
		},
		"with its tenant": func(l *life, t *testing.T, _ tenant.DomainID) {
			do(t, l.ReleaseAll(t.Context(), audit.ByOperator(), l.B.Tenant.ID))
		},
		"expired": func(l *life, t *testing.T, id tenant.DomainID) {
			l.now = l.now.Add(15 * day)
			l.see(t, id, wrong(tenant.CheckOwnership, doctor.OwnershipMissing))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			mine := l.live(t, l.A, contested)
			withdraw(l, t, l.contest(t).ID)
			if got := l.read(t, mine.ID); got.State != tenant.DomainLive || got.ContestedBy != 0 || !got.DeadlineAt.IsZero() || got.NextCheckAt.After(l.now) {
				t.Errorf("the holder: %+v", got.Domain)
			}
		})
	}
}

// A name that is given up in the moment in which another tenant's proof is seen: its
// addresses go on answering 410.
func TestAProofInTheMomentOfARelease(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	mine := l.live(t, l.A, contested)
	theirs := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: contested})[0]
	ended := make(chan error, 1)
	stays := l.now.Add(180 * day)
	l.platform(t, func(tx *pg.PlatformTx) error {
		d, err := registry.LockDomain(t.Context(), tx, mine.ID)
		if err != nil {
			return err
		}
		go func() { ended <- l.Apply(t.Context(), domains.BySystem(), theirs, well(tenant.CheckOwnership)) }()
		testkit.Eventually(t, time.Minute, "the proof waits for the holder's row", func() bool {
			return fmt.Sprint(l.super(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)) == "[[1]]"
		})
		d.State, d.TombstonesUntil = tenant.DomainReleased, stays
		return registry.SaveDomain(t.Context(), tx, d)
	})
	do(t, <-ended)
	if got := l.read(t, mine.ID); got.State != tenant.DomainReleased || !got.TombstonesUntil.Equal(stays) {
		t.Errorf("the former holder is %s, its tombstones stay until %s", got.State, got.TombstonesUntil)
	}
	if got := l.read(t, theirs.ID); got.State != tenant.DomainVerified {
		t.Errorf("the new holder is %s", got.State)
	}
}

// Staff decide about a name while it is looked at for whoever contests it: both lock the
// claims on it in the same order.
func TestADisputeLocksItsClaimsInOneOrder(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	theirs := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: contested})[0] // the older claim
	mine := l.live(t, l.A, contested)
	l.see(t, theirs.ID, well(tenant.CheckOwnership))
	if got := l.read(t, mine.ID); got.State != tenant.DomainDisputed || got.ID < theirs.ID {
		t.Fatalf("no dispute with a younger holder: %+v", got.Domain)
	}
	l.super(t, `BEGIN`)
	l.super(t, `SELECT id FROM domains WHERE id = $1 FOR UPDATE`, int64(theirs.ID))
	settled := make(chan error, 1)
	go func() { settled <- l.Settle(t.Context(), audit.ByOperator(), mine.ID, true) }()
	testkit.Eventually(t, 4*time.Second, "the decision waits", func() bool {
		return l.super(t, `SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`)[0][0] != int64(0)
	})
	l.super(t, `SELECT id FROM domains WHERE id = $1 FOR UPDATE`, int64(mine.ID)) // a deadlock, if Settle has it
	l.super(t, `COMMIT`)
	do(t, <-settled)
	if got := l.read(t, theirs.ID); got.State != tenant.DomainReleased {
		t.Errorf("the refused claim is %s", got.State)
	}
}
