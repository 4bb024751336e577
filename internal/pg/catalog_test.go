package pg_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
)

// platformTables belong to no tenant; each says why.
var platformTables = map[string]string{
	"tenants":          "the list of tenants itself",
	"domains":          "names are unique over all tenants, claims on them are not",
	"domain_checks":    "belongs to domains",
	"certificates":     "what is known of each name's certificate: the platform's own too",
	"cert_kv":          "what CertMagic stores, by path; keys are sealed",
	"cert_locks":       "leases of the certificate storage",
	"cert_orders":      "orders count against limits of the whole platform",
	"persons":          "a person may belong to several tenants",
	"console_sessions": "sessions on the platform's own host",
	"login_attempts":   "limits per address and mail hold over all tenants",

	"sign_ups":           "who is no person yet belongs to no tenant",
	"person_tokens":      "belongs to persons",
	"pending_sign_ins":   "belongs to persons",
	"totp_secrets":       "belongs to persons",
	"recovery_codes":     "belongs to persons",
	"passkeys":           "belongs to persons",
	"passkey_challenges": "nobody has signed in yet",
	"passkey_offers":     "belongs to persons",

	"billing_customers": "found by the provider's id, before anybody knows whose it is",
	"billing_events":    "the provider's; whose they are is found out later",
	"billing_prices":    "what the platform sells",
	"billing_endpoints": "where the provider rings",
	"billing_tasks":     "for the platform's staff",
	"billing_drift":     "counts over all tenants",

	"staff":          "who runs the platform belongs to no tenant",
	"staff_sessions": "sessions on the staff's own pages",

	"remote_keys":           "public keys of remote actors: public by nature, fetched once for all",
	"peer_hosts":            "health of remote servers, the same for all tenants",
	"platform_server_rules": "what holds for every tenant",
	"blocked_mail_domains":  "who registers is no tenant's yet",
	"blocked_networks":      "what comes from an address is no tenant's yet",
	"upkeep_ages":           "what goes by age goes over all tenants at once",
	"goose_db_version":      "the migration tool's own table",
}

// withoutRowSecurity are tenant tables that row-level security does not cover.
var withoutRowSecurity = map[string]string{
	"search_texts": "row-level security would switch its GIN and pattern indexes off; internal/store/search.go alone reaches it",
}

type table struct {
	Name      string
	HasTenant bool
	NotNull   bool
	Enabled   bool
	Forced    bool
	Policies  []string
	BadKeys   []string // primary, unique and foreign keys that do not start with tenant_id
}

const catalog = `
SELECT c.relname AS name,
       a.attnum IS NOT NULL AS has_tenant,
       COALESCE(a.attnotnull, false) AS not_null,
       c.relrowsecurity AS enabled,
       c.relforcerowsecurity AS forced,
       ARRAY(SELECT p.polname::text || ':' || r.rolname FROM pg_policy p, unnest(p.polroles) role_id JOIN pg_roles r ON r.oid = role_id
             WHERE p.polrelid = c.oid ORDER BY 1) AS policies,
       ARRAY(SELECT k.conname::text FROM pg_constraint k
             WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f') AND a.attnum IS NOT NULL AND NOT (k.contype = 'f'
                   AND k.confrelid IN (SELECT oid FROM pg_class WHERE relname IN ('tenants', 'persons')))
                   AND k.conkey[1] <> a.attnum
             UNION ALL
             SELECT i.indexrelid::regclass::text FROM pg_index i
             WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum IS NOT NULL AND i.indkey[0] <> a.attnum) AS bad_keys
FROM   pg_class c
LEFT   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE  c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
ORDER  BY c.relname`

func TestEveryTenantTableStandsBehindItsLocks(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), catalog)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[table])
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) < 30 {
		t.Fatalf("the catalog shows %d tables: the query is wrong", len(tables))
	}
	for _, tb := range tables {
		checkTable(t, tb)
	}
}

func checkTable(t *testing.T, tb table) {
	t.Helper()
	if _, ok := platformTables[tb.Name]; ok {
		return
	}
	if !tb.HasTenant || !tb.NotNull {
		t.Errorf("%s: tenant_id is missing or may be NULL; name it in platformTables with a reason if it belongs to no tenant", tb.Name)
	}
	if len(tb.BadKeys) > 0 {
		t.Errorf("%s: keys that do not start with tenant_id: %v", tb.Name, tb.BadKeys)
	}
	if _, ok := withoutRowSecurity[tb.Name]; ok {
		return
	}
	if !tb.Enabled || !tb.Forced {
		t.Errorf("%s: row-level security enabled=%v forced=%v; call isolate() in its migration", tb.Name, tb.Enabled, tb.Forced)
	}
	if want := []string{"platform:rookery_platform", "tenant:rookery_app"}; !slices.Equal(tb.Policies, want) {
		t.Errorf("%s: policies %v, want %v", tb.Name, tb.Policies, want)
	}
}

func TestRolesAreNeitherSuperuserNorBypass(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var bad int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'rookery\_%' AND (rolsuper OR rolbypassrls OR rolcreaterole)`).Scan(&bad)
	if err != nil || bad != 0 {
		t.Errorf("%d roles may step over row-level security, %v", bad, err)
	}
}
