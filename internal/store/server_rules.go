package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// ServerRule is what holds for a domain and everything below it.
type ServerRule struct {
	Domain         string
	Severity       string
	RejectMedia    bool
	RejectReports  bool
	Obfuscate      bool
	PublicComment  string
	PrivateComment string
	MadeBy         string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ServerAllow is a domain that a tenant with an allow-list talks to.
type ServerAllow struct {
	Domain    string
	Comment   string
	MadeBy    string
	CreatedAt time.Time
}

// ServersChanged is the channel on which processes are told whose rules about servers
// are not what they were: a tenant's id, or "0" for the platform's.
const ServersChanged = "servers_changed"

const (
	ruleOfServer   = `domain, severity, reject_media, reject_reports, obfuscate, public_comment, private_comment, made_by, created_at, updated_at`
	listedRules    = `SELECT ` + ruleOfServer + ` FROM server_rules WHERE tenant_id = @tenant_id AND domain > @after`
	serverRules    = listedRules + ` AND (@search = '' OR strpos(domain, @search) > 0) ORDER BY domain LIMIT @limit`
	serverRule     = `SELECT ` + ruleOfServer + ` FROM server_rules WHERE tenant_id = @tenant_id AND domain = @domain`
	shownRules     = `SELECT ` + ruleOfServer + ` FROM server_rules WHERE tenant_id = @tenant_id AND severity <> 'noop' ORDER BY domain LIMIT @limit`
	rulesAmong     = `SELECT ` + ruleOfServer + ` FROM server_rules WHERE tenant_id = @tenant_id AND domain = ANY(@domains)`
	countRules     = `SELECT count(*) FROM server_rules WHERE tenant_id = @tenant_id`
	deleteRuleOf   = `DELETE FROM server_rules WHERE tenant_id = @tenant_id AND domain = @domain`
	putServerRules = `
INSERT INTO server_rules (tenant_id, domain, severity, reject_media, reject_reports, obfuscate, public_comment, private_comment, made_by)
SELECT @tenant_id, g.* FROM unnest(@domains::text[], @severities::text[], @media::boolean[], @reports::boolean[], @obfuscate::boolean[],
       @public::text[], @private::text[], @made_by::text[]) AS g
ON CONFLICT (tenant_id, domain) DO UPDATE SET
       severity = EXCLUDED.severity, reject_media = EXCLUDED.reject_media, reject_reports = EXCLUDED.reject_reports, obfuscate = EXCLUDED.obfuscate,
       public_comment = EXCLUDED.public_comment, private_comment = EXCLUDED.private_comment, updated_at = now()`
)

// ServerRules returns a tenant's rules by name: those after one, whose name contains a text.
func ServerRules(ctx context.Context, scope *pg.Scope, search, after string, limit int) ([]*ServerRule, error) {
	return pg.Many[ServerRule](ctx, scope, serverRules, pgx.NamedArgs{"search": search, "after": after, "limit": limit})
}

// ServerRuleOf returns the rule about exactly this domain, or fault.NotFound.
func ServerRuleOf(ctx context.Context, scope *pg.Scope, domain string) (*ServerRule, error) {
	return pg.One[ServerRule](ctx, scope, serverRule, pgx.NamedArgs{"domain": domain})
}

// ShownServerRules returns the rules that limit more than media, by name.
func ShownServerRules(ctx context.Context, scope *pg.Scope, limit int) ([]*ServerRule, error) {
	return pg.Many[ServerRule](ctx, scope, shownRules, pgx.NamedArgs{"limit": limit})
}

// ServerRulesAmong returns the rules about exactly these domains.
func ServerRulesAmong(ctx context.Context, scope *pg.Scope, domains []string) (map[string]*ServerRule, error) {
	rows, err := pg.Many[ServerRule](ctx, scope, rulesAmong, pgx.NamedArgs{"domains": textList(domains)})
	m := make(map[string]*ServerRule, len(rows))
	for _, r := range rows {
		m[r.Domain] = r
	}
	return m, err
}

// CountServerRules counts a tenant's rules.
func CountServerRules(ctx context.Context, scope *pg.Scope) (int, error) {
	return pg.Value[int](ctx, scope, countRules, nil)
}

// PutServerRules stores rules, each in place of the one about the same domain. No domain
// may be there twice.
func PutServerRules(ctx context.Context, scope *pg.Scope, list []*ServerRule) error {
	_, err := pg.Exec(ctx, scope, putServerRules, pgx.NamedArgs{
		"domains":    column(list, func(r *ServerRule) string { return r.Domain }),
		"severities": column(list, func(r *ServerRule) string { return r.Severity }),
		"media":      column(list, func(r *ServerRule) bool { return r.RejectMedia }),
		"reports":    column(list, func(r *ServerRule) bool { return r.RejectReports }),
		"obfuscate":  column(list, func(r *ServerRule) bool { return r.Obfuscate }),
		"public":     column(list, func(r *ServerRule) string { return r.PublicComment }),
		"private":    column(list, func(r *ServerRule) string { return r.PrivateComment }),
		"made_by":    column(list, func(r *ServerRule) string { return r.MadeBy }),
	})
	return err
}

// DeleteServerRule removes a rule, or returns fault.NotFound.
func DeleteServerRule(ctx context.Context, scope *pg.Scope, domain string) error {
	n, err := pg.Exec(ctx, scope, deleteRuleOf, pgx.NamedArgs{"domain": domain})
	return mustTouch(n, err)
}

const (
	serverAllows = `
SELECT domain, comment, made_by, created_at FROM server_allows
WHERE  tenant_id = @tenant_id AND domain > @after AND (@search = '' OR strpos(domain, @search) > 0)
ORDER  BY domain LIMIT @limit`
	countAllows = `SELECT count(*) FROM server_allows WHERE tenant_id = @tenant_id`
	putAllow    = `
INSERT INTO server_allows (tenant_id, domain, comment, made_by) VALUES (@tenant_id, @domain, @comment, @made_by)
ON CONFLICT (tenant_id, domain) DO UPDATE SET comment = EXCLUDED.comment`
	deleteAllow = `DELETE FROM server_allows WHERE tenant_id = @tenant_id AND domain = @domain`
)

// ServerAllows returns the domains of a tenant's allow-list by name.
func ServerAllows(ctx context.Context, scope *pg.Scope, search, after string, limit int) ([]*ServerAllow, error) {
	return pg.Many[ServerAllow](ctx, scope, serverAllows, pgx.NamedArgs{"search": search, "after": after, "limit": limit})
}

// CountServerAllows counts the domains of a tenant's allow-list.
func CountServerAllows(ctx context.Context, scope *pg.Scope) (int, error) {
	return pg.Value[int](ctx, scope, countAllows, nil)
}

// PutServerAllow puts a domain on the allow-list.
func PutServerAllow(ctx context.Context, scope *pg.Scope, a *ServerAllow) error {
	_, err := pg.Exec(ctx, scope, putAllow, pgx.NamedArgs{"domain": a.Domain, "comment": a.Comment, "made_by": a.MadeBy})
	return err
}

// DeleteServerAllow takes a domain off the allow-list, or returns fault.NotFound.
func DeleteServerAllow(ctx context.Context, scope *pg.Scope, domain string) error {
	n, err := pg.Exec(ctx, scope, deleteAllow, pgx.NamedArgs{"domain": domain})
	return mustTouch(n, err)
}

const (
	platformColumns = `SELECT domain, severity, reject_media, false AS reject_reports, false AS obfuscate, public_comment, private_comment,
       '' AS made_by, created_at, updated_at FROM platform_server_rules`
	platformRules = platformColumns + ` ORDER BY domain`
	putPlatform   = `
INSERT INTO platform_server_rules (domain, severity, reject_media, public_comment, private_comment)
VALUES (@domain, @severity, @reject_media, @public_comment, @private_comment)
ON CONFLICT (domain) DO UPDATE SET severity = EXCLUDED.severity, reject_media = EXCLUDED.reject_media,
       public_comment = EXCLUDED.public_comment, private_comment = EXCLUDED.private_comment, updated_at = now()`
	deletePlatform = `DELETE FROM platform_server_rules WHERE domain = @domain`
	// Every tenant's accounts are walked over again.
	touchPolicies = `
INSERT INTO server_policies AS p (tenant_id) SELECT id FROM tenants WHERE state <> 'deleted' ORDER BY id
ON CONFLICT (tenant_id) DO UPDATE SET version = p.version + 1, updated_at = now()
RETURNING tenant_id, version`
)

// PlatformServerRules returns what holds for every tenant.
func PlatformServerRules(ctx context.Context, tx *pg.PlatformTx) ([]*ServerRule, error) {
	return pg.Many[ServerRule](ctx, tx, platformRules, nil)
}

// PutPlatformServerRule stores a rule that holds for every tenant.
func PutPlatformServerRule(ctx context.Context, tx *pg.PlatformTx, r *ServerRule) error {
	_, err := pg.Exec(ctx, tx, putPlatform, pgx.NamedArgs{
		"domain": r.Domain, "severity": r.Severity, "reject_media": r.RejectMedia, "public_comment": r.PublicComment, "private_comment": r.PrivateComment,
	})
	return err
}

// DeletePlatformServerRule removes a rule that holds for every tenant, or returns fault.NotFound.
func DeletePlatformServerRule(ctx context.Context, tx *pg.PlatformTx, domain string) error {
	n, err := pg.Exec(ctx, tx, deletePlatform, pgx.NamedArgs{"domain": domain})
	return mustTouch(n, err)
}

// PolicyVersion is how often a tenant's rules about servers have changed.
type PolicyVersion struct {
	TenantID tenant.ID
	Version  int64
}

// TouchPolicies says of every tenant that what holds for it has changed, and tells all
// processes once the transaction commits.
func TouchPolicies(ctx context.Context, tx *pg.PlatformTx) ([]*PolicyVersion, error) {
	rows, err := pg.Many[PolicyVersion](ctx, tx, touchPolicies, nil)
	if err != nil {
		return nil, err
	}
	_, err = pg.Exec(ctx, tx, tellServers, pgx.NamedArgs{"channel": ServersChanged, "payload": "0"})
	return rows, err
}
