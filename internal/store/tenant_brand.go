package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// Brand is what a company says about itself beyond its name. Texts are as they were typed.
type Brand struct {
	ShortDescription  string
	ThumbnailKey      string
	ThumbnailBlurhash string
	ContactAccountID  social.AccountID
	About             string
	AboutAt           time.Time // when it was written; zero: never
	Privacy           string
	PrivacyAt         time.Time
	Terms             string
	TermsAt           time.Time
}

// Rule is one of a company's rules.
type Rule struct {
	ID       int64
	Position int
	Text     string
	Hint     string
}

const (
	brandColumns = `
SELECT short_description, thumbnail_key, thumbnail_blurhash, contact_account_id, about, COALESCE(about_at, ` + neverWritten + `) AS about_at,
       privacy, COALESCE(privacy_at, ` + neverWritten + `) AS privacy_at, terms, COALESCE(terms_at, ` + neverWritten + `) AS terms_at
FROM   tenant_brand`
	neverWritten = `'0001-01-01 00:00:00+00'`
	selectBrand  = brandColumns + ` WHERE tenant_id = @tenant_id`
	lockBrand    = brandColumns + ` WHERE tenant_id = @id FOR UPDATE`
	ruleColumns  = `SELECT id, position, text, hint FROM tenant_rules`
	selectRules  = ruleColumns + ` WHERE tenant_id = @tenant_id ORDER BY position, id`
	rulesOf      = ruleColumns + ` WHERE tenant_id = @id ORDER BY position, id`
)

// BrandOf returns what the scope's tenant says about itself.
func BrandOf(ctx context.Context, scope *pg.Scope) (*Brand, error) {
	b, err := pg.One[Brand](ctx, scope, selectBrand, nil)
	if fault.IsNotFound(err) {
		return &Brand{}, nil
	}
	return b, err
}

// Rules returns the rules of the scope's tenant in their order.
func Rules(ctx context.Context, scope *pg.Scope) ([]*Rule, error) {
	return pg.Many[Rule](ctx, scope, selectRules, nil)
}

const (
	touchBrand = `
INSERT INTO tenant_brand (tenant_id) VALUES (@id)
ON CONFLICT (tenant_id) DO UPDATE SET version = tenant_brand.version + 1, updated_at = now()`
	updateBrand = `
UPDATE tenant_brand SET short_description = @short_description, thumbnail_key = @thumbnail_key, thumbnail_blurhash = @thumbnail_blurhash,
       contact_account_id = @contact_account_id, about = @about, about_at = @about_at, privacy = @privacy, privacy_at = @privacy_at,
       terms = @terms, terms_at = @terms_at
WHERE  tenant_id = @id`
	upsertRules = `
INSERT INTO tenant_rules (tenant_id, id, position, text, hint)
SELECT @id, r.id, r.position, r.text, r.hint
FROM   unnest(@ids::bigint[], @positions::integer[], @texts::text[], @hints::text[]) AS r (id, position, text, hint)
ON CONFLICT (tenant_id, id) DO UPDATE SET position = excluded.position, text = excluded.text, hint = excluded.hint`
	deleteOtherRules = `DELETE FROM tenant_rules WHERE tenant_id = @id AND NOT id = ANY(@ids)`
)

// LockBrand counts a change of a tenant's words, has others that change them wait until
// the transaction ends, and returns what stands now.
func LockBrand(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) (*Brand, []*Rule, error) {
	if _, err := pg.Exec(ctx, tx, touchBrand, pgx.NamedArgs{"id": id}); err != nil {
		return nil, nil, err
	}
	b, err := pg.One[Brand](ctx, tx, lockBrand, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, nil, err
	}
	rules, err := pg.Many[Rule](ctx, tx, rulesOf, pgx.NamedArgs{"id": id})
	return b, rules, err
}

// SaveBrand writes what a tenant says about itself, after LockBrand.
func SaveBrand(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, b *Brand) error {
	_, err := pg.Exec(ctx, tx, updateBrand, pgx.NamedArgs{
		"id": id, "short_description": b.ShortDescription, "thumbnail_key": b.ThumbnailKey, "thumbnail_blurhash": b.ThumbnailBlurhash,
		"contact_account_id": b.ContactAccountID, "about": b.About, "about_at": pg.NullTime(b.AboutAt), "privacy": b.Privacy,
		"privacy_at": pg.NullTime(b.PrivacyAt), "terms": b.Terms, "terms_at": pg.NullTime(b.TermsAt),
	})
	return err
}

// SaveRules replaces a tenant's rules by these, in this order, after LockBrand.
func SaveRules(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, rules []*Rule) error {
	ids, positions := make([]int64, len(rules)), make([]int32, len(rules))
	texts, hints := make([]string, len(rules)), make([]string, len(rules))
	for i, r := range rules {
		ids[i], positions[i], texts[i], hints[i] = r.ID, int32(i), r.Text, r.Hint //nolint:gosec // a few dozen
	}
	if _, err := pg.Exec(ctx, tx, deleteOtherRules, pgx.NamedArgs{"id": id, "ids": ids}); err != nil {
		return err
	}
	_, err := pg.Exec(ctx, tx, upsertRules, pgx.NamedArgs{"id": id, "ids": ids, "positions": positions, "texts": texts, "hints": hints})
	return err
}
