package store_test

import (
	"context"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

const castRule, castAllow = "blocked.test", "friend.test"

// judge gives the cast an allow-list, a rule about a server and an account that has its mark.
func (c *cast) judge() {
	c.T.Helper()
	eve := c.Remote("eve", castRule)
	c.Do(func(s *pg.Scope) error {
		ctx := c.T.Context()
		if _, err := store.TouchServerPolicy(ctx, s); err != nil {
			return err
		}
		for _, err := range []error{
			store.SaveServerPolicy(ctx, s, &store.ServerPolicy{Mode: "allow_list", ShowBlocks: "all", ShowReasons: "nobody"}),
			store.PutServerRules(ctx, s, []*store.ServerRule{{Domain: castRule, Severity: "silence", PublicComment: "spam"}}),
			store.PutServerAllow(ctx, s, &store.ServerAllow{Domain: castAllow}),
			store.MarkAccounts(ctx, s, []store.ServerMark{{ID: eve.ID, Rule: "silence", NoMedia: true}}),
			store.SaveServerWalk(ctx, s, store.ServerWalk{WalkVersion: 1, WalkSeen: 2}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *cast) serverReads() sweep {
	policy := func(p *store.ServerPolicy, err error) (int, error) {
		if err != nil {
			return 0, err
		}
		return found(p.Mode == "allow_list" || p.WalkSeen > 0 || p.ShowBlocks == "all"), nil
	}
	return sweep{
		"ServerPolicyOf":   func(ctx context.Context, s *pg.Scope) (int, error) { return policy(store.ServerPolicyOf(ctx, s)) },
		"LockServerPolicy": func(ctx context.Context, s *pg.Scope) (int, error) { return policy(store.LockServerPolicy(ctx, s)) },
		"ServerRules": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ServerRules(ctx, s, "", "", 9))
		},
		"ServerRuleOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.ServerRuleOf(ctx, s, castRule))
		},
		"ServerRulesAmong": func(ctx context.Context, s *pg.Scope) (int, error) {
			return mapped(store.ServerRulesAmong(ctx, s, []string{castRule}))
		},
		"ShownServerRules": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.ShownServerRules(ctx, s, 9)) },
		"CountServerRules": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountServerRules(ctx, s) },
		"ServerAllows": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ServerAllows(ctx, s, "", "", 9))
		},
		"CountServerAllows": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountServerAllows(ctx, s) },
		"CountRemoteAccounts": func(ctx context.Context, s *pg.Scope) (int, error) {
			n, err := store.CountRemoteAccounts(ctx, s)
			return int(n), err
		},
		"KnownAccounts": func(ctx context.Context, s *pg.Scope) (int, error) {
			list, err := store.KnownAccounts(ctx, s, 0, 9)
			marked := 0
			for _, a := range list {
				marked += found(a.ServerRule == "silence" && a.ServerNoMedia)
			}
			return marked, err
		},
		"FollowsByDomain": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.FollowsByDomain(ctx, s, 9)) },
		"ServerReachOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			r, err := store.ServerReachOf(ctx, s, "far.test")
			if err != nil {
				return 0, err
			}
			return r.Accounts + r.Followers + r.Following, nil
		},
	}
}

func (c *cast) serverWrites() changes {
	of := []social.AccountID{c.alice.ID, c.bob.ID, c.dora.ID}
	return changes{
		"TouchServerPolicy": func(ctx context.Context, s *pg.Scope) error { _, err := store.TouchServerPolicy(ctx, s); return err },
		"SaveServerPolicy": func(ctx context.Context, s *pg.Scope) error {
			return store.SaveServerPolicy(ctx, s, &store.ServerPolicy{Mode: "open", ShowBlocks: "nobody", ShowReasons: "nobody"})
		},
		"SaveServerWalk": func(ctx context.Context, s *pg.Scope) error {
			return store.SaveServerWalk(ctx, s, store.ServerWalk{WalkSeen: 99})
		},
		"PutServerRules": func(ctx context.Context, s *pg.Scope) error {
			return store.PutServerRules(ctx, s, []*store.ServerRule{{Domain: castRule, Severity: "noop"}})
		},
		"DeleteServerRule": func(ctx context.Context, s *pg.Scope) error { return store.DeleteServerRule(ctx, s, castRule) },
		"PutServerAllow": func(ctx context.Context, s *pg.Scope) error {
			return store.PutServerAllow(ctx, s, &store.ServerAllow{Domain: castAllow, Comment: "stolen"})
		},
		"DeleteServerAllow": func(ctx context.Context, s *pg.Scope) error { return store.DeleteServerAllow(ctx, s, castAllow) },
		"MarkAccounts": func(ctx context.Context, s *pg.Scope) error {
			return store.MarkAccounts(ctx, s, []store.ServerMark{{ID: c.dora.ID, Rule: "suspend", NoMedia: true}})
		},
		"EndFollows":  func(ctx context.Context, s *pg.Scope) error { _, err := store.EndFollows(ctx, s, of, 9); return err },
		"DropMediaOf": func(ctx context.Context, s *pg.Scope) error { _, err := store.DropMediaOf(ctx, s, of, 9); return err },
	}
}
