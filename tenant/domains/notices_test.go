package domains_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

const day = 24 * time.Hour

// lives are claims in every situation that people are told about.
func lives(now time.Time) map[string]domains.Standing {
	claim := func(state tenant.DomainState, change func(*tenant.Domain)) domains.Standing {
		d := &tenant.Domain{
			ID: 7, TenantID: 3, Name: "acme.test", DisplayName: "acme.test", Role: tenant.ServiceDomain, State: state, Token: "TOKEN",
			CreatedAt: now.Add(-time.Hour), StateSince: now,
		}
		change(d)
		return domains.Standing{Domain: d, Checks: []*tenant.DomainCheck{
			{Kind: tenant.CheckRouting, Code: string(doctor.WrongCNAME), Detail: map[string]string{"seen": "old.test", "want": "edge.test"}},
			{Kind: tenant.CheckCertificate, Code: string(doctor.CertificateRefused), Detail: map[string]string{"text": "no."}},
		}}
	}
	out := map[string]domains.Standing{}
	for name, ago := range map[string]time.Duration{"1h": time.Hour, "24h": day, "3d": 3 * day, "7d": 7 * day} {
		out["domain_degraded_"+name] = claim(tenant.DomainDegraded, func(d *tenant.Domain) { d.FailingSince, d.Reason = now.Add(-ago), string(doctor.WrongCNAME) })
	}
	for name, ago := range map[string]time.Duration{"3d": 3 * day, "14d": 14 * day, "28d": 28 * day} {
		out["domain_unfinished_"+name] = claim(tenant.DomainPendingRouting, func(d *tenant.Domain) { d.CreatedAt = now.Add(-ago) })
	}
	for name, left := range map[string]time.Duration{"20d": 20 * day, "10d": 10 * day, "3d": 3 * day} {
		out["domain_certificate_"+name] = claim(tenant.DomainLive, func(d *tenant.Domain) { d.CertificateNotAfter = now.Add(left) })
	}
	out["domain_live"] = claim(tenant.DomainLive, func(*tenant.Domain) {})
	out["domain_recovered"] = out["domain_live"]
	out["domain_parked"] = claim(tenant.DomainParked, func(d *tenant.Domain) { d.FailingSince, d.Reason = now.Add(-15*day), string(doctor.WrongCNAME) })
	out["domain_expired"] = claim(tenant.DomainExpired, func(d *tenant.Domain) { d.Reason = string(doctor.OwnershipMissing) })
	out["domain_transferred"] = claim(tenant.DomainReleased, func(d *tenant.Domain) { d.Reason = domains.ReasonTransferred })
	for _, state := range []tenant.DomainState{tenant.DomainDisputed, tenant.DomainReleasing} {
		out["domain_"+string(state)] = claim(state, func(d *tenant.Domain) { d.DeadlineAt = now.Add(3 * day) })
	}
	return out
}

// cameFrom are the states from which a notice is due, where that matters.
var cameFrom = map[string]tenant.DomainState{
	"domain_live": tenant.DomainPendingRouting, "domain_recovered": tenant.DomainDegraded, "domain_parked": tenant.DomainDegraded,
	"domain_expired": tenant.DomainPendingOwnership, "domain_disputed": tenant.DomainLive, "domain_releasing": tenant.DomainLive,
	"domain_transferred": tenant.DomainParked,
}

// Every notice has a template that renders with what the notice says, and no template is
// left that no notice names.
func TestEveryNoticeMakesAMail(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC)
	all := lives(now)
	for want, d := range all {
		from, ok := cameFrom[want]
		if !ok {
			from = d.State
		}
		notices := domains.Notices(d, from, now)
		if len(notices) != 1 || notices[0].Template != want {
			t.Errorf("%s from %s: notices %+v", want, from, notices)
			continue
		}
		data := notices[0].Data
		data["link"] = "https://rookery.test/tenants/3/domains/7"
		letter, err := mail.Templates{Home: "https://rookery.test"}.Render(want, "en", data)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(letter.Subject, "acme.test") || strings.Contains(letter.Text, "0001") {
			t.Errorf("%s:\n%s", want, letter.Text)
		}
	}
	for _, name := range mail.Names() {
		// domain_beneath is about another's claim: TestWhoHoldsTheNameAboveIsTold.
		if _, ok := all[name]; !ok && strings.HasPrefix(name, "domain_") && name != "domain_beneath" {
			t.Errorf("no notice names the template %s", name)
		}
	}
}

func TestNoticesSayWhatToDo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC)
	all := lives(now)
	for template, want := range map[string]string{
		"domain_degraded_1h":    "acme.test is an alias of old.test: change its CNAME record to edge.test.",
		"domain_disputed":       "Add a TXT record at _rookery-challenge.acme.test with the value rookery-verify=TOKEN.",
		"domain_certificate_3d": "The certificate authority refused: no.",
		"domain_unfinished_3d":  "acme.test is an alias of old.test: change its CNAME record to edge.test.",
	} {
		d := all[template]
		from := cameFrom[template]
		if from == "" {
			from = d.State
		}
		if got := domains.Notices(d, from, now)[0].Data["advice"]; got != want {
			t.Errorf("%s: advice %q, want %q", template, got, want)
		}
	}
	if got := domains.Notices(all["domain_degraded_7d"], tenant.DomainDegraded, now)[0].Data; got["cause"] != "routing" || got["deadline"] != "2026-12-04T10:42:00Z" {
		t.Errorf("data of an outage: %v", got)
	}
}

// A set-up that goes back and forth between states, and a certificate of a name that fails
// and recovers, are one event each: their key stays.
func TestAnEventIsToldOnceWhateverTheState(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC)
	for _, template := range []string{"domain_unfinished_3d", "domain_certificate_10d"} {
		keys := map[string]bool{}
		for _, ago := range []time.Duration{0, time.Minute, time.Hour} {
			d := lives(now)[template]
			d.StateSince = now.Add(-ago)
			keys[domains.Notices(d, d.State, now)[0].Key] = true
		}
		if len(keys) != 1 {
			t.Errorf("%s: keys %v", template, keys)
		}
	}
}

// What is queued names the organisation and where to act, and goes to owners and admins alone.
func TestNoticesAreQueuedOnce(t *testing.T) {
	t.Parallel()
	w, s := newService(t)
	s.Console = "https://rookery.test"
	for _, role := range []string{"admin", "member"} {
		person := w.Person(t, role+"@a.test")
		err := w.PG.Platform(t.Context(), "test set-up", func(tx *pg.PlatformTx) error {
			_, err := pg.Exec(t.Context(), tx, `INSERT INTO memberships (tenant_id, person_id, role) VALUES (@of, @person, @role)`,
				pgx.NamedArgs{"of": w.A.Tenant.ID, "person": person, "role": role})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	d := claim(t, s, w.A.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.com"})[0]
	s.Now = func() time.Time { return time.Now().Add(4 * day) }
	for range 2 {
		if err := s.Apply(t.Context(), domains.BySystem(), d, wrong(tenant.CheckOwnership, doctor.OwnershipMissing)); err != nil {
			t.Fatal(err)
		}
	}
	var unsent []*store.UnsentMail
	err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) (err error) {
		unsent, err = store.UnsentMails(t.Context(), tx, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, m := range unsent {
		to = append(to, m.Recipient)
		if m.Data["organisation"] != "Tenant a.test" || m.Data["link"] != fmt.Sprintf("https://rookery.test/tenants/%s/domains/%d", w.A.Tenant.ID, d.ID) {
			t.Errorf("data %v", m.Data)
		}
		if m.NextTryAt.IsZero() || m.Template != "domain_unfinished_3d" {
			t.Errorf("%s is not waiting for its turn: %+v", m.Template, m)
		}
	}
	slices.Sort(to)
	// Whoever owns an account and is no member of the organisation is not told.
	if want := []string{"admin@a.test"}; !slices.Equal(to, want) {
		t.Errorf("told %v, want %v", to, want)
	}
}

// Whoever was told of an outage is told of its end, once; a failure of minutes is nobody's mail.
func TestTheEndOfAnOutageIsTold(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		lasts time.Duration
		want  string
	}{
		"minutes":      {10 * time.Minute, "[domain_live]"},
		"over an hour": {90 * time.Minute, "[domain_live domain_degraded_1h domain_recovered]"},
	} {
		l := newLife(t)
		d := l.live(t, l.A, "social.acme.test")
		l.see(t, d.ID, wrong(tenant.CheckRouting, doctor.WrongA))
		l.now = l.now.Add(c.lasts)
		l.see(t, d.ID, wrong(tenant.CheckRouting, doctor.WrongA))
		for range 2 {
			l.now = l.now.Add(time.Hour)
			if got := l.see(t, d.ID, well(tenant.CheckRouting)); got.State != tenant.DomainLive {
				t.Fatalf("%s: %s", what, got.State)
			}
		}
		if got := fmt.Sprint(l.mails(t, l.A.Tenant.ID)); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}
