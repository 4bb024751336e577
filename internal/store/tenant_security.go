package store

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"

	"github.com/jackc/pgx/v5"
)

const (
	needsSecondFactor = `SELECT require_second_factor FROM tenant_security WHERE tenant_id = @tenant_id`
	needSecondFactor  = `
INSERT INTO tenant_security (tenant_id, require_second_factor) VALUES (@tenant_id, @required)
ON CONFLICT (tenant_id) DO UPDATE SET require_second_factor = excluded.require_second_factor, updated_at = now()`
)

// NeedsSecondFactor reports whether the scope's tenant asks its people for a second factor.
func NeedsSecondFactor(ctx context.Context, scope *pg.Scope) (bool, error) {
	required, err := pg.Value[bool](ctx, scope, needsSecondFactor, nil)
	if fault.IsNotFound(err) {
		return false, nil
	}
	return required, err
}

// SetNeedsSecondFactor decides that.
func SetNeedsSecondFactor(ctx context.Context, scope *pg.Scope, required bool) error {
	_, err := pg.Exec(ctx, scope, needSecondFactor, pgx.NamedArgs{"required": required})
	return err
}
