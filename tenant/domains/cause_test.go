package domains_test

import (
	"testing"
	"time"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
)

// A name whose CAA record forbids the next certificate still leads here: nobody is told
// that it does not.
func TestANoticeTellsACertificateFromARoute(t *testing.T) {
	t.Parallel()
	for code, want := range map[doctor.Code]string{doctor.WrongCNAME: "routing", doctor.CAAForbids: "certificate", doctor.CertificateRefused: "certificate"} {
		now := time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC)
		d := lives(now)["domain_degraded_24h"]
		d.Reason = string(code)
		if code == doctor.CAAForbids {
			d.Checks[0].Code = string(code)
		}
		if got := domains.Notices(d, tenant.DomainDegraded, now)[0].Data["cause"]; got != want {
			t.Errorf("%s: cause %q, want %q", code, got, want)
		}
	}
}
