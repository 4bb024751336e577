package apitest_test

import (
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rookery/api/apitest"
	"rookery/api/httpx"
	"rookery/api/oauth"
	"rookery/api/streaming"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
	"rookery/tenant/access"
)

// everyTable is the client API as cmd/rookery mounts it.
func everyTable(p apitest.Parts) []httpx.Route {
	deps := v1.Deps{
		DB: p.DB, Render: p.Render, Accounts: account.NewWith(p.DB, p.Key, testkeys.RSA), Relate: relate.New(p.Streams), Media: media.New(p.DB),
	}
	posts := v1.StatusDeps{Deps: deps, Statuses: status.New(status.Options{Streams: p.Streams})}
	server := v1.Server{Stats: v1.NewNumbers(p.DB, p.Render), Version: "0.1"}
	log := slog.New(slog.DiscardHandler)
	tokens := oauth.New(oauth.Deps{
		DB: p.DB, Judge: access.New(p.DB, log), Picture: func(*tenant.Tenant, *social.Account) string { return "" },
	})
	streams := streaming.New(streaming.Deps{DB: p.DB, Bus: p.Streams, Render: p.Render, Log: log})
	return slices.Concat(
		tokens.Routes(), streams.Routes(), v1.Empty(), v1.NewInstance(server).Routes(), v1.NewInstanceBlocks(deps).Routes(), v2.NewInstance(server).Routes(), v1.AccountRoutes(deps),
		v1.StatusRoutes(posts), v2.Media(v1.NewMedia(deps)), v2.NewSearch(deps).Routes(), v2.NewNotificationGroups(posts).Routes(),
	)
}

// TEN-06, TEN-39, TEN-40: whoever acts as an account through an app is held to their role on every
// route there is: API, log-in and streams. Asking for one's own name is a POST that OpenID
// Connect wants (Core section 5.3.1), and writes nothing.
func TestEachRoleOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, everyTable)
	w.SweepRoles(t, "/oauth/userinfo")
	w.SweepTokens(t)
}

// TEN-39: a token without the scope of a route is refused on every one, streams too.
func TestEachScopeOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, everyTable)
	w.SweepScopes(t)
}

// What is swept above is what is mounted.
func TestEveryTableIsSwept(t *testing.T) {
	t.Parallel()
	tables := func(file, begin, end string) (out []string) {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(source), begin)
		text, _, _ = strings.Cut(text, end)
		for _, m := range regexp.MustCompile(`(\w+\.)*(New)?(\w+)(\([^()]*(\([^()]*\))?\))?\.Routes\(\)|v\d\.\w+\((\w+|v1\.NewMedia\(deps\))?\)[,\n]`).FindAllString(text, -1) {
			out = append(out, strings.TrimPrefix(strings.TrimRight(m, ",\n"), "p."))
		}
		slices.Sort(out)
		return out
	}
	mounted := tables("../../cmd/rookery/web.go", "Log:     s.log,\n", "\n}\n")
	swept := tables("roles_test.go", "return slices.Concat(", "\n}\n")
	if len(mounted) < 8 || !slices.Equal(mounted, swept) {
		t.Errorf("mounted are\n%s\nand swept\n%s", strings.Join(mounted, "\n"), strings.Join(swept, "\n"))
	}
}
