package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// ServerPolicy is how a tenant deals with other servers, and how far the walk over the
// accounts that it knows has come.
type ServerPolicy struct {
	Mode        string // open or allow_list
	ShowBlocks  string // all, users or nobody
	ShowReasons string
	Version     int64
	ServerWalk
}

// ServerWalk is how far the walk has come.
type ServerWalk struct {
	WalkVersion int64
	WalkAfter   int64
	WalkOf      int64
	WalkSeen    int64
	WalkHidden  int64
	WalkLimited int64
	WalkFreed   int64
	WalkFollows int64
	WalkFrom    *time.Time
	WalkDone    *time.Time
}

const (
	policyColumns = `SELECT mode, show_blocks, show_reasons, version, walk_version, walk_after, walk_of, walk_seen, walk_hidden, walk_limited,
       walk_freed, walk_follows, walk_from, walk_done FROM server_policies WHERE tenant_id = @tenant_id`
	lockPolicy  = policyColumns + ` FOR UPDATE`
	touchPolicy = `
INSERT INTO server_policies AS p (tenant_id) VALUES (@tenant_id)
ON CONFLICT (tenant_id) DO UPDATE SET version = p.version + 1, updated_at = now()
RETURNING version`
	tellServers = `SELECT pg_notify(@channel, @payload)`
	// The scope fills the tenant in.
	tellOwn    = `SELECT pg_notify(@channel, @tenant_id::bigint::text)`
	savePolicy = `
UPDATE server_policies SET mode = @mode, show_blocks = @show_blocks, show_reasons = @show_reasons, updated_at = now()
WHERE  tenant_id = @tenant_id`
	saveServerWalk = `
UPDATE server_policies SET walk_version = @version, walk_after = @after, walk_of = @of, walk_seen = @seen, walk_hidden = @hidden,
       walk_limited = @limited, walk_freed = @freed, walk_follows = @follows, walk_from = @from, walk_done = @done
WHERE  tenant_id = @tenant_id`
)

// ServerPolicyOf returns how the scope's tenant deals with other servers.
func ServerPolicyOf(ctx context.Context, scope *pg.Scope) (*ServerPolicy, error) {
	p, err := pg.One[ServerPolicy](ctx, scope, policyColumns, nil)
	if fault.IsNotFound(err) {
		return &ServerPolicy{Mode: "open", ShowBlocks: "nobody", ShowReasons: "nobody"}, nil
	}
	return p, err
}

// LockServerPolicy is ServerPolicyOf, and keeps rules from changing until the transaction
// ends. fault.NotFound: nothing was ever changed.
func LockServerPolicy(ctx context.Context, scope *pg.Scope) (*ServerPolicy, error) {
	return pg.One[ServerPolicy](ctx, scope, lockPolicy, nil)
}

// TouchServerPolicy begins a change of a tenant's rules about servers: others wait until
// the transaction ends, and every process is told then. It returns the new version.
func TouchServerPolicy(ctx context.Context, scope *pg.Scope) (int64, error) {
	version, err := pg.Value[int64](ctx, scope, touchPolicy, nil)
	if err != nil {
		return 0, err
	}
	_, err = pg.Exec(ctx, scope, tellOwn, pgx.NamedArgs{"channel": ServersChanged})
	return version, err
}

// SaveServerPolicy writes the mode and who sees the blocks.
func SaveServerPolicy(ctx context.Context, scope *pg.Scope, p *ServerPolicy) error {
	_, err := pg.Exec(ctx, scope, savePolicy, pgx.NamedArgs{"mode": p.Mode, "show_blocks": p.ShowBlocks, "show_reasons": p.ShowReasons})
	return err
}

// SaveServerWalk writes how far the walk has come.
func SaveServerWalk(ctx context.Context, scope *pg.Scope, w ServerWalk) error {
	_, err := pg.Exec(ctx, scope, saveServerWalk, pgx.NamedArgs{
		"version": w.WalkVersion, "after": w.WalkAfter, "of": w.WalkOf, "seen": w.WalkSeen, "hidden": w.WalkHidden, "limited": w.WalkLimited,
		"freed": w.WalkFreed, "follows": w.WalkFollows, "from": w.WalkFrom, "done": w.WalkDone,
	})
	return err
}

// RuleLine is what a matcher needs to know of a rule.
type RuleLine struct {
	TenantID    tenant.ID // 0: the platform's
	Domain      string
	Severity    string // "allow" for one of the allow-list
	RejectMedia bool
}

// PolicyLine is what a matcher needs to know of a tenant.
type PolicyLine struct {
	TenantID tenant.ID
	Mode     string
	Version  int64
}

const (
	policyLines = `SELECT tenant_id, mode, version FROM server_policies WHERE cardinality(@ids::bigint[]) = 0 OR tenant_id = ANY(@ids)`
	ruleLines   = `
SELECT tenant_id, domain, severity, reject_media FROM server_rules WHERE tenant_id = ANY(@ids)
UNION ALL SELECT tenant_id, domain, 'allow', false FROM server_allows WHERE tenant_id = ANY(@ids)`
	platformLines = `SELECT 0::bigint AS tenant_id, domain, severity, reject_media FROM platform_server_rules`
)

// PolicyLines returns the policies of some tenants, or of all that have one.
func PolicyLines(ctx context.Context, tx *pg.PlatformTx, of ...tenant.ID) ([]*PolicyLine, error) {
	return pg.Many[PolicyLine](ctx, tx, policyLines, pgx.NamedArgs{"ids": tenantNumbers(of)})
}

// RuleLines returns the rules of tenants and the platform's, allow-lists included.
func RuleLines(ctx context.Context, tx *pg.PlatformTx, of []tenant.ID) (tenants, platform []*RuleLine, err error) {
	b := pg.NewBatch(tx)
	if len(of) > 0 {
		pg.QueueMany(b, ruleLines, pgx.NamedArgs{"ids": tenantNumbers(of)}, &tenants)
	}
	pg.QueueMany(b, platformLines, nil, &platform)
	return tenants, platform, b.Send(ctx)
}

func tenantNumbers(of []tenant.ID) []int64 {
	return column(of, func(id tenant.ID) int64 { return int64(id) })
}
