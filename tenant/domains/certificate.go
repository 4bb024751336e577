package domains

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/certs"
	"rookery/tenant/domains/doctor"
)

// addCertificate adds what is known of a claim's certificate to what a look found. Package
// certs wrote it down; nobody is asked.
func (s *Service) addCertificate(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, seen doctor.Findings) error {
	if !s.Needs.Certificates || !d.NeedsCertificate() || !d.State.Serves() && d.State != tenant.DomainIssuing {
		return nil
	}
	known, err := certs.Lookup(ctx, tx, d.Name)
	if fault.IsNotFound(err) {
		return nil // its order has not begun
	}
	if err != nil {
		return err
	}
	if f, ok := s.judge(d, known); ok {
		seen[tenant.CheckCertificate] = f
	}
	switch doctor.Code(known.ErrorCode) {
	case doctor.RateLimited, doctor.AuthorityUnreached: // no fault of the name's, so nothing to hurry for
		d.RetryAfter = known.NextOrderAt
	}
	return nil
}

// judge says what a certificate's state means for its claim. What was refused before the
// claim came to wait for it is old news.
func (s *Service) judge(d *tenant.Domain, known *certs.State) (f doctor.Finding, ok bool) {
	failed := known.ErrorCode != "" && (d.State != tenant.DomainIssuing || !known.FailedAt.Before(d.StateSince))
	code := doctor.Code(known.ErrorCode)
	switch {
	case failed && (code == doctor.AuthorityUnreached || code == doctor.RateLimited):
		return doctor.Finding{Outcome: doctor.Unknown, Code: code, Detail: known.ErrorDetail}, true
	case failed:
		return doctor.Finding{Outcome: doctor.Wrong, Code: code, Detail: known.ErrorDetail}, true
	case known.NotAfter.After(s.now()):
		return doctor.Finding{Outcome: doctor.Well}, true
	}
	return f, false
}
