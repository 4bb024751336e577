package domains

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// ReleaseAll gives up every name of a tenant that was deleted, the platform's own among
// them, as Release does with one: those that worked go on for a week, in which nobody can
// take them back, and then answer 410; nobody inherits them during the quarantine. What is
// given up already is left alone, so it may run any number of times.
func (s *Service) ReleaseAll(ctx context.Context, by Actor, owner tenant.ID) error {
	const reason = "give up the names of a deleted tenant"
	err := s.DB.Platform(ctx, reason, func(tx *pg.PlatformTx) error {
		all, err := registry.DomainsOf(ctx, tx, owner)
		if err != nil {
			return err
		}
		// A handful, in one order for all: other tenants may give up their claims on them too.
		slices.SortFunc(all, func(a, b *tenant.Domain) int { return strings.Compare(a.Name, b.Name) })
		for _, d := range all {
			if err := s.releaseOne(ctx, tx, by, d.ID); err != nil {
				return fmt.Errorf("%s: %w", d.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s %d: %w", reason, owner, err)
	}
	return nil
}

func (s *Service) releaseOne(ctx context.Context, tx *pg.PlatformTx, by Actor, id tenant.DomainID) error {
	d, err := registry.LockDomain(ctx, tx, id)
	if err != nil {
		return err
	}
	switch from := d.State; from {
	case tenant.DomainReleasing, tenant.DomainReleased:
		return nil
	case tenant.DomainDisputed:
		return s.transfer(ctx, tx, by, d)
	default:
		s.giveUp(d)
		if err := s.withdraw(ctx, tx, by, d); err != nil {
			return err
		}
		if err := registry.SaveDomain(ctx, tx, d); err != nil {
			return err
		}
		// Nobody is told how to take it back: whoever deleted the tenant knows.
		return s.record(ctx, tx, by, d, string(d.State), string(from))
	}
}
