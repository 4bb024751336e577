package store_test

import (
	"context"
	"strings"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Rows of large.sql that are counted whole: rules of a list that was imported, entries of
// an allow-list.
const listedServers = 5000

// walkedAtOnce is a page of package moderate's walk over the accounts that are known.
const walkedAtOnce = 1000

// serverReads are what rules about other servers ask for, and what an archive reads of a
// whole company. The walk takes one page after the other, so each must cost a page:
// once of keys, once of rows.
func (l *large) serverReads(m map[string]read) {
	remotes := float64(l.posts / 5)
	for name, after := range map[string]int64{"from the start": 0, "from the middle": 1000 + l.posts/10, "the end": 1000 + l.posts/5 - 10} {
		m["KnownAccounts, "+name] = wide(2*walkedAtOnce, func(ctx context.Context, s *pg.Scope) ([]*store.KnownAccount, error) {
			return store.KnownAccounts(ctx, s, after, walkedAtOnce)
		})
	}
	m["CountRemoteAccounts"] = whole("accounts", 2*remotes+1000, store.CountRemoteAccounts)
	m["ServerReachOf"] = reading(func(ctx context.Context, s *pg.Scope) (*store.ServerReach, error) {
		return store.ServerReachOf(ctx, s, "nowhere.test")
	})
	follows := 2*(0.75*remotes+11_500) + 2*remotes // each end of each, and who is there
	m["FollowsByDomain"] = whole("follows", follows, func(ctx context.Context, s *pg.Scope) ([]*store.DomainFollows, error) {
		return store.FollowsByDomain(ctx, s, 20_000)
	})
	m["EndFollows"] = reading(func(ctx context.Context, s *pg.Scope) (int64, error) {
		return store.EndFollows(ctx, s, []social.AccountID{1001, 1002, 1003, 1004}, 500)
	})
	for name, after := range map[string]string{"first": "", "later": "bad3000.test"} {
		m["ServerRules, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.ServerRule, error) {
			return store.ServerRules(ctx, s, "", after, 51)
		})
		m["ServerRules, searched, "+name] = wide(2*listedServers, func(ctx context.Context, s *pg.Scope) ([]*store.ServerRule, error) {
			return store.ServerRules(ctx, s, "4999", after, 51)
		})
		m["ServerAllows, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.ServerAllow, error) {
			return store.ServerAllows(ctx, s, "", strings.Replace(after, "bad", "good", 1), 51)
		})
	}
	m["ShownServerRules"] = whole("server_rules", 2*listedServers, func(ctx context.Context, s *pg.Scope) ([]*store.ServerRule, error) {
		return store.ShownServerRules(ctx, s, 20_000)
	})
	m["CountServerRules"] = whole("server_rules", 2*listedServers, store.CountServerRules)
	m["CountServerAllows"] = whole("server_allows", 2*listedServers, store.CountServerAllows)
	for name, after := range map[string]int64{"first": 0, "later": l.status(l.posts / 2)} {
		m["ExportNotes, "+name] = reading(func(ctx context.Context, s *pg.Scope) ([]*store.ExportNote, error) {
			return store.ExportNotes(ctx, s, after, 200)
		})
		m["ExportPlans, "+name] = whole("scheduled_statuses", mostRows, func(ctx context.Context, s *pg.Scope) ([]*social.Plan, error) {
			return store.ExportPlans(ctx, s, after, 200)
		})
	}
	m["ExportTotal"] = reading(store.ExportTotal)
}
