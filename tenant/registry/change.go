package registry

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Profile is what a tenant says about itself.
type Profile struct {
	Name            string
	Description     string // plain text
	ContactMail     string
	BrandColour     string // "#rrggbb" or ""
	AuthorizedFetch bool
}

var (
	errDescription = fault.New(fault.Invalid, "A description has at most 2000 characters.")
	errMail        = fault.New(fault.Invalid, "A contact address has at most 254 characters.")
	errColour      = fault.New(fault.Invalid, "A colour looks like #1f7a5c.")
	errState       = fault.New(fault.Invalid, "A tenant is active or suspended.")
	errNoTenant    = fault.New(fault.NotFound, "There is no such tenant.")
	errDeleting    = fault.New(fault.Conflict, "This tenant is being deleted. `rookery tenant undelete` takes that back.")
	errNotDeleting = fault.New(fault.Conflict, "This tenant is not being deleted.")
	errStaysGone   = fault.New(fault.Gone, "This tenant was deleted. That cannot be undone.")
)

// applyTo checks a profile and writes it into a tenant.
func (p Profile) applyTo(t *tenant.Tenant) error {
	var ok bool
	if t.Name, ok = plainText(p.Name, 100); !ok || t.Name == "" {
		return errTenantName
	}
	if t.Description, ok = plainText(p.Description, 2000); !ok {
		return errDescription
	}
	if t.ContactMail, ok = plainText(p.ContactMail, 254); !ok {
		return errMail
	}
	if p.BrandColour != "" && !isColour(p.BrandColour) {
		return errColour
	}
	t.BrandColour = p.BrandColour
	t.AuthorizedFetch = p.AuthorizedFetch
	return nil
}

func isColour(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

const (
	updateProfile = `
UPDATE tenants SET name = @name, description = @description, contact_mail = @contact_mail, brand_colour = @brand_colour,
       authorized_fetch = @authorized_fetch, updated_at = now()
WHERE  id = @id AND state <> 'deleted'`
	updateState = `UPDATE tenants SET state = @state, updated_at = now() WHERE id = @id AND state IN ('active', 'suspended')`
	tenantState = `SELECT state FROM tenants WHERE id = @id`
)

// Tell has every process read the table of tenants anew once the transaction is durable:
// for packages that write what the registry reads along.
func Tell(ctx context.Context, tx *pg.PlatformTx) error {
	_, err := pg.Exec(ctx, tx, notify, pgx.NamedArgs{})
	return err
}

// SetProfile changes what a tenant says about itself.
func (r *Registry) SetProfile(ctx context.Context, id tenant.ID, p Profile) error {
	const reason = "change a tenant's profile"
	err := r.db.Platform(ctx, reason, func(tx *pg.PlatformTx) error { return WriteProfile(ctx, tx, id, p) })
	if err != nil {
		return fmt.Errorf("%s %d: %w", reason, id, err)
	}
	return r.Load(ctx)
}

// WriteProfile is SetProfile in a transaction of the caller's, who calls Load after it.
func WriteProfile(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, p Profile) error {
	t := &tenant.Tenant{}
	if err := p.applyTo(t); err != nil {
		return err
	}
	return write(ctx, tx, id, updateProfile, pgx.NamedArgs{
		"id": id, "name": t.Name, "description": t.Description, "contact_mail": t.ContactMail,
		"brand_colour": t.BrandColour, "authorized_fetch": t.AuthorizedFetch,
	})
}

// TellChanged has all processes read the table again once the transaction commits.
func TellChanged(ctx context.Context, tx *pg.PlatformTx) error {
	_, err := pg.Exec(ctx, tx, notify, pgx.NamedArgs{})
	return err
}

// SetState suspends a tenant or lets it go on. Its end is deletion.go.
func (r *Registry) SetState(ctx context.Context, id tenant.ID, state tenant.State) error {
	switch state {
	case tenant.Active, tenant.Suspended:
	default:
		return errState
	}
	return r.change(ctx, "change a tenant's state", id, updateState, pgx.NamedArgs{"id": id, "state": state})
}

func (r *Registry) change(ctx context.Context, reason string, id tenant.ID, sql string, args pgx.NamedArgs) error {
	err := r.db.Platform(ctx, reason, func(tx *pg.PlatformTx) error { return write(ctx, tx, id, sql, args) })
	if err != nil {
		return fmt.Errorf("%s %d: %w", reason, id, err)
	}
	return r.Load(ctx)
}

func write(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, sql string, args pgx.NamedArgs) error {
	n, err := pg.Exec(ctx, tx, sql, args)
	if err != nil {
		return err
	}
	if n == 0 {
		return whyNot(ctx, tx, id)
	}
	return TellChanged(ctx, tx)
}

func whyNot(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	state, err := pg.Value[tenant.State](ctx, tx, tenantState, pgx.NamedArgs{"id": id})
	switch {
	case fault.IsNotFound(err):
		return errNoTenant
	case err != nil:
		return err
	case state == tenant.Deleting:
		return errDeleting
	case state == tenant.Deleted:
		return errStaysGone
	}
	return errNotDeleting
}
