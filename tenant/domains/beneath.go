package domains

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

// tellAbove tells whoever holds a name above one that another tenant has just proven. Each
// name needs a proof of its own and nothing else, so that a company may have a subsidiary
// or an agency beneath its own name; but it shall know, since it could be a stranger who
// got hold of its zone.
func (s *Service) tellAbove(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	holders, err := registry.HoldersAmong(ctx, tx, namesAbove(d.Name, d.Registrable))
	if err != nil {
		return err
	}
	for _, holder := range holders { // a name has few labels
		if holder.TenantID == d.TenantID {
			continue
		}
		n := beneath(holder, d)
		s.address(&n, holder)
		if err := notice.Queue(ctx, tx, holder.TenantID, n); err != nil {
			return fmt.Errorf("tell the holder of %s about %s: %w", holder.Name, d.Name, err)
		}
	}
	return nil
}

// namesAbove are the names above one, as far as what somebody bought.
func namesAbove(name, registrable string) (out []string) {
	for {
		host, _, _ := strings.Cut(name, ":")
		_, parent, ok := strings.Cut(name, ".")
		if !ok || len(host) <= len(registrable) {
			return out
		}
		out, name = append(out, parent), parent
	}
}

func beneath(holder, d *tenant.Domain) notice.Notice {
	return notice.Notice{
		Key: fmt.Sprintf("domain/%d/beneath/%d/%d", holder.ID, d.ID, d.StateSince.Unix()), Template: "domain_beneath",
		Data: map[string]string{
			"name": holder.DisplayName, "beneath": d.DisplayName, "beneath_ascii": d.Name, "code": "", "since": d.StateSince.UTC().Format(time.RFC3339),
		},
	}
}
