package domains_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains"
)

// Another tenant may have a name beneath a company's own if it proves it, and the company is
// told: once, and not for names of its own, nor before the proof.
func TestWhoHoldsTheNameAboveIsTold(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	apex := l.live(t, l.A, "acme-cycles.co.uk")
	l.live(t, l.A, "own.acme-cycles.co.uk")
	told := func() bool { return slices.Contains(l.mails(t, l.A.Tenant.ID), "domain_beneath") }
	theirs := claim(t, l.Service, l.B.Tenant.ID, domains.Wish{Mode: tenant.WholeDomain, Name: "a.social.acme-cycles.co.uk"})[0]
	l.live(t, l.B, "cycles.co.uk")
	if told() {
		t.Error("told of a name of its own, of an unproven one, or of a neighbour's")
	}
	l.see(t, theirs.ID, well(tenant.CheckOwnership))
	l.see(t, theirs.ID, well(tenant.CheckRouting))
	var rows []map[string]string
	l.platform(t, func(tx *pg.PlatformTx) (err error) {
		rows, err = pg.Values[map[string]string](t.Context(), tx, `SELECT data FROM mails WHERE tenant_id = @of AND template = 'domain_beneath'`, pgx.NamedArgs{"of": l.A.Tenant.ID})
		return err
	})
	if len(rows) != 1 {
		t.Fatalf("told %d times", len(rows))
	}
	letter, err := mail.Templates{Home: "https://rookery.test"}.Render("domain_beneath", "en", rows[0])
	do(t, err)
	if !strings.Contains(letter.Subject, apex.Name) || !strings.Contains(letter.Text, "_rookery-challenge."+theirs.Name) {
		t.Errorf("%s\n%s", letter.Subject, letter.Text)
	}
	if slices.Contains(l.mails(t, l.B.Tenant.ID), "domain_beneath") {
		t.Error("the newcomer was told")
	}
}
