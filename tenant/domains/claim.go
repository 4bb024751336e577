package domains

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/registry"
)

// mostPending is how many names one tenant may have on the way at once.
const mostPending = 10

// mostPerDay is how many names one tenant may ask for within a day, those among them that it
// has let go again: each costs looks at other people's servers.
const mostPerDay = 20

// Wish is what a company wants to be called.
type Wish struct {
	Mode tenant.DomainMode
	// Name is what handles end in: company.com.
	Name string
	// Service is where pages and apps are, for a split domain; empty: social.<Name>.
	Service string
}

var (
	errMode        = fault.New(fault.Invalid, "Choose how the domain is used: split, whole or apex.")
	errSameHost    = fault.New(fault.Invalid, "A split domain needs a second name for pages and apps, such as social.example.com.")
	errManyPending = fault.Newf(fault.TooMany, "%d names wait for their set-up already. Finish or remove one of them first.", mostPending)
	errManyToday   = fault.Newf(fault.TooMany, "%d names were added within a day, removed ones among them. Try again tomorrow.", mostPerDay)
	errClaimed     = fault.New(fault.Conflict, "You have added this domain already.")
)

// Claim registers a tenant's wish. Nothing is exclusive yet: several tenants may claim one
// name until one of them proves that it is theirs. It answers the claims, the service
// host's first.
func (s *Service) Claim(ctx context.Context, by Actor, owner tenant.ID, w Wish) ([]*tenant.Domain, error) {
	claims, err := s.plan(owner, w)
	if err != nil {
		return nil, err
	}
	t, err := s.tenant(ctx, owner)
	if err != nil {
		return nil, err
	}
	if t.Federates() {
		asSecondNames(claims)
	}
	err = s.DB.Platform(ctx, "claim a domain", func(tx *pg.PlatformTx) error {
		return s.insertClaims(ctx, tx, by, t, claims)
	})
	if fault.CodeOf(err) == fault.Conflict {
		return nil, errClaimed
	}
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", w.Name, err)
	}
	return claims, nil
}

// tenant is one that this process may not have heard of yet.
func (s *Service) tenant(ctx context.Context, id tenant.ID) (*tenant.Tenant, error) {
	if t, ok := s.Tenants.ByID(id); ok {
		return t, nil
	}
	if err := s.Tenants.Load(ctx); err != nil {
		return nil, err
	}
	if t, ok := s.Tenants.ByID(id); ok {
		return t, nil
	}
	return nil, errNoTenant
}

// asSecondNames: the addresses of a tenant that takes part in the fediverse are known
// elsewhere and stay; another name of it redirects there.
func asSecondNames(claims []*tenant.Domain) {
	for _, d := range claims {
		if d.Role == tenant.ServiceDomain {
			d.Role = tenant.AliasDomain
		}
	}
}

// plan turns a wish into claims that are not stored yet.
func (s *Service) plan(owner tenant.ID, w Wish) ([]*tenant.Domain, error) {
	name, err := s.usable(w.Name)
	if err != nil {
		return nil, err
	}
	switch w.Mode {
	case tenant.WholeDomain, tenant.ApexDomain:
		return []*tenant.Domain{s.newClaim(owner, name, w.Mode, tenant.ServiceDomain)}, nil
	case tenant.SplitDomain:
	default:
		return nil, errMode
	}
	if w.Service == "" {
		w.Service = "social." + name
	}
	service, err := s.usable(w.Service)
	if err != nil {
		return nil, err
	}
	if service == name {
		return nil, errSameHost
	}
	served, handles := s.newClaim(owner, service, w.Mode, tenant.ServiceDomain), s.newClaim(owner, name, w.Mode, tenant.HandleDomain)
	handles.ServiceID = served.ID
	return []*tenant.Domain{served, handles}, nil
}

func (s *Service) usable(name string) (string, error) {
	normal, err := s.Tenants.CheckName(name)
	if err != nil {
		return "", err
	}
	return normal, s.checkName(normal)
}

func (s *Service) newClaim(owner tenant.ID, name string, mode tenant.DomainMode, role tenant.DomainRole) *tenant.Domain {
	d := registry.NewDomain(owner, name, mode, role)
	d.CreatedAt, d.StateSince, d.Token = s.now(), s.now(), newToken()
	if reason := s.needsReview(d.DisplayName); reason != "" {
		d.State, d.Reason = tenant.DomainNeedsReview, reason
		return d
	}
	d.NextCheckAt = d.StateSince
	return d
}

// newToken has 26 letters and digits: 130 bits that nobody guesses.
func newToken() string { return rand.Text() }

func (s *Service) insertClaims(ctx context.Context, tx *pg.PlatformTx, by Actor, owner *tenant.Tenant, claims []*tenant.Domain) error {
	// One after another, or those that come at the same time would all find room.
	row, err := registry.LockDeletion(ctx, tx, owner.ID)
	if err != nil {
		return err
	}
	if row.State.IsClosed() {
		return errNoTenant
	}
	present, err := registry.DomainsOf(ctx, tx, owner.ID)
	if err != nil {
		return err
	}
	waiting, today, since := 0, 0, s.now().Add(-24*time.Hour)
	for _, d := range present {
		if d.CreatedAt.After(since) && d.Token != "" { // none: it came with the tenant
			today++
		}
		if isOnTheWay(d.State) {
			waiting++
		}
	}
	if waiting+len(claims) > mostPending {
		return errManyPending
	}
	if today+len(claims) > mostPerDay {
		return errManyToday
	}
	if err := makeRoom(owner, present, claims); err != nil {
		return err
	}
	for _, d := range claims {
		if err := registry.InsertDomain(ctx, tx, d); err != nil {
			return err
		}
		if err := s.record(ctx, tx, by, d, "claim", ""); err != nil {
			return err
		}
	}
	return s.wake(ctx, tx, claims...)
}

// makeRoom says whether the tenant's plan has a domain left. What counts is a name that
// pages and apps are served on, from the wish on: a trial's name below the platform's does
// not, nor do names that redirect, and a split domain with its two names is one.
func makeRoom(owner *tenant.Tenant, present, claims []*tenant.Domain) error {
	if err := entitled.ToGrow(owner); err != nil {
		return err
	}
	n := 0
	for _, d := range present {
		if isCounted(d) && (d.State.Holds() || isOnTheWay(d.State)) {
			n++
		}
	}
	for _, d := range claims {
		if !isCounted(d) {
			continue
		}
		if err := entitled.ToAddDomain(owner, n); err != nil {
			return err
		}
		n++
	}
	return nil
}

func isCounted(d *tenant.Domain) bool {
	return d.Role == tenant.ServiceDomain && d.Mode != tenant.PlatformDomain
}

func isOnTheWay(state tenant.DomainState) bool {
	switch state {
	case tenant.DomainNeedsReview, tenant.DomainPendingOwnership, tenant.DomainVerified, tenant.DomainPendingRouting,
		tenant.DomainIssuing, tenant.DomainIssueFailed:
		return true
	}
	return false
}
