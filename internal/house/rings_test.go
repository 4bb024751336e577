package house_test

// rings: a package imports packages of the rings before its own, and within
// its ring what inRing lists. "x/*" means all packages below x, not x itself.
var rings = []struct {
	name     string
	packages []string
}{
	{"0 leaves", []string{
		"tenant",
		"billing",
		"tenant/entitled",
		"migrations",
		"internal/fault",
		"internal/ids",
		"internal/jobs",
		"internal/social",
		"federation/vocab",
		"api/entity",
	}},
	{"1 plumbing", []string{
		"internal/config",
		"internal/devpg",
		"internal/htmlsafe",
		"internal/httpfault",
		"internal/imaging",
		"internal/mail",
		"internal/pg",
		"internal/safehttp",
		"internal/servername",
		"internal/seal",
		"federation/signature",
		"federation/convert",
		"federation/webfinger",
	}},
	{"2 SQL", []string{
		"internal/store",
		"internal/blob",
		"internal/stream",
		"tenant/registry",
		"billing/store",
	}},
	{"3 rules", []string{
		"internal/social/*",
		"internal/audit",
		"internal/barred",
		"internal/limit",
		"internal/upkeep",
		"tenant/deletion",
		"tenant/domains",
		"tenant/domains/*",
		"tenant/notice",
		"tenant/certs",
		"tenant/people",
		"tenant/factor",
		"tenant/access",
		"tenant/sso",
		"tenant/brand",
		"tenant/setup",
		"tenant/export",
		"billing/checkout",
		"billing/ledger",
		"billing/dunning",
		"billing/meter",
		"billing/stripegw",
		"billing/stripefake",
	}},
	{"4 edges", []string{
		"federation", "federation/fetch", "federation/actor", "federation/discovery",
		"federation/inbox", "federation/outbox", "federation/deliver",
		"api", "api/file", "api/httpx", "api/render", "api/v1", "api/v2", "api/oauth", "api/streaming", "api/platform",
		"dashboard", "dashboard/*",
		"billing/webhook",
		"tenant/hostroute",
	}},
	{"5 wiring", []string{
		"cmd/rookery",
	}},
}

// outside the rings: programs and helpers of tests, which may import anything
// and which nothing in a ring imports.
var outside = []string{
	"internal/house",
	"internal/testkit",
	"internal/testkit/*",
	"api/apitest",
}

// inRing lists what a package may import of its own ring. Go itself keeps the
// pairs free of cycles. Both sides may be patterns.
var inRing = []struct {
	from string
	to   []string
}{
	// 0: the leaves name things with one another's words.
	{"internal/ids", []string{"internal/fault"}},
	{"internal/jobs", []string{"tenant", "internal/ids", "internal/social"}},
	{"internal/social", []string{"tenant", "internal/fault", "internal/ids"}},
	{"billing", []string{"tenant", "internal/fault"}},
	{"tenant/entitled", []string{"tenant", "internal/fault"}},
	{"tenant", []string{"internal/fault", "internal/ids"}},
	{"federation/vocab", []string{"internal/fault"}},

	// 1: what speaks to the outside goes through the one guarded client.
	{"internal/mail", []string{"internal/config"}},
	{"federation/convert", []string{"internal/htmlsafe"}},
	{"federation/webfinger", []string{"internal/safehttp"}},

	// 2
	{"tenant/registry", []string{"internal/store"}},

	// 3: rules call the rules they build on.
	{"internal/social/*", []string{"internal/audit", "internal/limit"}},
	{"internal/social/account", []string{"internal/social/media", "internal/social/search"}},
	{"internal/social/status", []string{
		"internal/social/account", "internal/social/filter", "internal/social/media", "internal/social/notify",
		"internal/social/poll", "internal/social/relate", "internal/social/search", "internal/social/timeline",
	}},
	{"internal/social/desk", []string{"internal/social/plan", "internal/social/status", "tenant/access", "tenant/people"}},
	{"internal/social/plan", []string{"internal/social/status", "tenant/access", "tenant/notice", "tenant/people"}},
	{"internal/social/timeline", []string{"internal/social/filter", "internal/social/relate"}},
	{"internal/social/notify", []string{"internal/social/filter", "internal/social/push", "internal/social/relate"}},
	{"internal/social/relate", []string{"internal/social/account", "internal/social/notify", "internal/social/timeline"}},
	{"internal/social/poll", []string{"internal/social/notify"}},
	{"internal/social/moderate", []string{
		"internal/social/account", "internal/social/media", "internal/social/notify",
		"internal/social/relate", "internal/social/status", "internal/social/timeline",
	}},
	{"internal/barred", []string{"internal/audit"}},
	{"internal/upkeep", []string{"internal/social/status", "internal/audit"}},
	{"billing/ledger", []string{"internal/audit", "tenant/notice"}},
	{"billing/dunning", []string{"internal/audit", "tenant/deletion", "tenant/notice"}},
	{"tenant/deletion", []string{"internal/audit", "internal/social/account", "tenant/notice", "tenant/factor"}},
	{"tenant/sso", []string{"tenant/people", "tenant/notice", "internal/audit", "internal/social/account"}},
	{"tenant/access", []string{"tenant/people", "tenant/sso", "internal/audit", "internal/limit"}},
	{"tenant/people", []string{"internal/audit", "internal/limit", "internal/social/account", "tenant/notice"}},
	{"tenant/brand", []string{"internal/audit"}},
	{"billing/meter", []string{"tenant/notice", "tenant/people"}},
	{"billing/checkout", []string{"billing/ledger", "internal/audit", "internal/limit", "tenant/notice"}},
	{"tenant/setup", []string{"tenant/domains", "tenant/people", "internal/audit"}},
	{"tenant/export", []string{"internal/audit", "internal/social/media", "internal/social/moderate", "tenant/notice"}},
	{"tenant/factor", []string{"tenant/people", "internal/audit"}},
	{"tenant/domains", []string{"tenant/domains/*", "tenant/certs", "tenant/notice", "internal/audit", "internal/limit"}},
	{"tenant/domains/doctor", []string{"tenant/domains/look"}},
	{"tenant/certs", []string{"internal/audit", "internal/limit"}},

	// 4: each tree's root mounts its branches; branches share what is named here.
	{"federation", []string{"federation/actor", "federation/discovery", "federation/inbox"}},
	{"federation/inbox", []string{"federation/fetch"}},
	{"federation/outbox", []string{"federation/deliver", "federation/fetch"}},
	{"federation/deliver", []string{"federation/fetch"}},
	{"api", []string{
		"api/httpx", "api/render", "api/v1", "api/v2", "api/oauth", "api/streaming", "api/platform",
	}},
	{"api/v1", []string{"api/httpx", "api/render"}},
	{"api/v2", []string{"api/httpx", "api/render", "api/v1"}},
	{"api/oauth", []string{"api/httpx"}},
	{"api/platform", []string{"api/httpx", "api/render"}},
	{"api/streaming", []string{"api/httpx", "api/render"}},
	{"dashboard", []string{"dashboard/*"}},
	{"dashboard/assets", []string{"dashboard/words"}},
	{"dashboard/web", []string{"dashboard/assets"}},
	{"dashboard/console", []string{"dashboard/assets", "dashboard/web"}},
	{"dashboard/staff", []string{"dashboard/assets", "dashboard/web"}},
	{"dashboard/site", []string{"dashboard/assets", "dashboard/web"}},
	{"federation", []string{"tenant/hostroute"}},
	{"federation/*", []string{"tenant/hostroute"}},
	{"api", []string{"tenant/hostroute"}},
	{"api/*", []string{"tenant/hostroute"}},
	{"dashboard", []string{"tenant/hostroute"}},
	{"dashboard/*", []string{"tenant/hostroute"}},
}

// trees of ring 4 never import one another: each is another view of the rules.
// Their leaves (federation/vocab, api/entity) and plumbing are in rings before
// and therefore open to all.
var trees = []string{"federation", "api", "dashboard"}

// libraries that only some packages may import, with the reason.
var libraries = []struct {
	module string
	only   []string
	reason string
}{
	{"github.com/jackc/pgx",
		[]string{"internal/pg", "internal/store", "internal/blob", "internal/stream", "tenant/registry", "tenant/certs", "billing/store"},
		"tenant data has one door: a Scope of internal/pg, used by the stores"},
	{"github.com/stripe/stripe-go",
		[]string{"billing/stripegw", "billing/webhook", "billing/stripefake"},
		"the rules of billing must run without Stripe"},
	{"github.com/go-fed/httpsig",
		[]string{"federation/signature"},
		"alone it accepts replaced bodies and old dates: federation/signature adds the policy"},
	{"github.com/remitly-oss/httpsig-go",
		[]string{"federation/signature"},
		"alone it does not know our policy: federation/signature adds it"},
	{"github.com/chromedp", nil, "browsers are for tests"},
}
