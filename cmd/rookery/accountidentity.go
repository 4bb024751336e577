package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
)

// identity is what the commands on an account's name and keys were told.
type identity struct {
	host, username, to string
	asJSON             bool
}

func (i *identity) flags(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&i.host, "tenant", "", "host of the tenant")
	f.StringVar(&i.username, "username", "", "present name of the account, such as support")
	f.BoolVar(&i.asJSON, "json", false, "print JSON")
	return c
}

func (i *identity) check(cmd *cobra.Command) error {
	if i.host == "" || i.username == "" {
		return wrongUse("which account? Name it with --tenant and --username; see `%s --help`", cmd.CommandPath())
	}
	return nil
}

func accountRename(g *globals) *cobra.Command {
	var i identity
	c := i.flags(&cobra.Command{
		Use:   "rename --tenant D --username U --to V",
		Short: "Give an account another handle; its followers stay",
		Long: `Give an account another handle; its followers stay.

The old handle goes on leading to the account, on the web and for other servers, and is
never given to another account. Followers' servers are told.`,
		Example: "  rookery account rename --tenant social.acme.com --username support --to help",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := i.check(cmd); err != nil {
				return err
			}
			if i.to == "" {
				return wrongUse("which name is it to have? Say it with --to")
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.renameAccount(cmd, i) })
		},
	})
	c.Flags().StringVar(&i.to, "to", "", "the new name, such as help")
	return c
}

func (s *system) renameAccount(cmd *cobra.Command, i identity) error {
	ctx := cmd.Context()
	t, err := s.tenantNamed(i.host)
	if err != nil {
		return err
	}
	a, err := s.accountNamed(ctx, t, i.username)
	if err != nil {
		return err
	}
	var renamed *social.Account
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		if renamed, err = account.Rename(ctx, scope, t, a.ID, i.to); err != nil {
			return err
		}
		return audit.Append(ctx, scope, operatorEntry(a, "account.rename", map[string]string{"from": "@" + a.Username, "to": "@" + renamed.Username}))
	})
	if err != nil {
		return err
	}
	if i.asJSON {
		return printJSON(cmd.OutOrStdout(), accountRow(t, renamed))
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "@%s@%s is now @%s@%s. The old handle still leads to it.\n", a.Username, t.HandleDomain, renamed.Username, t.HandleDomain)
	return err
}

func operatorEntry(a *social.Account, action string, detail map[string]string) audit.Entry {
	return audit.Entry{Actor: audit.ByOperator(), Action: action, Target: "account:" + ids.Format(int64(a.ID)), Detail: detail}
}

func accountRotateKeys(g *globals) *cobra.Command {
	var i identity
	return i.flags(&cobra.Command{
		Use:   "rotate-keys --tenant D --username U",
		Short: "Give an account new keys, for instance because the old ones may be known to somebody",
		Long: `Give an account new keys, for instance because the old ones may be known to somebody.

The new key takes over within two minutes. Followers' servers are told by a message that
the old key signs; a day later it is erased.`,
		Example: "  rookery account rotate-keys --tenant social.acme.com --username support",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := i.check(cmd); err != nil {
				return err
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.rotateKeys(cmd, i) })
		},
	})
}

func (s *system) rotateKeys(cmd *cobra.Command, i identity) error {
	ctx := cmd.Context()
	t, err := s.tenantNamed(i.host)
	if err != nil {
		return err
	}
	a, err := s.accountNamed(ctx, t, i.username)
	if err != nil {
		return err
	}
	var keys []account.PublicKey
	err = s.accounts.Rotate(ctx, t, a.ID, func(scope *pg.Scope, a *social.Account) (err error) {
		if keys, err = account.Keys(ctx, scope, a); err != nil {
			return err
		}
		return audit.Append(ctx, scope, operatorEntry(a, "account.keys", map[string]string{"account": "@" + a.Username, "key": keys[0].ID}))
	})
	if err != nil {
		return err
	}
	row := map[string]any{"handle": "@" + a.Username + "@" + t.HandleDomain, "key_id": keys[0].ID, "fingerprint": keys[0].Fingerprint, "created_at": keys[0].CreatedAt}
	if i.asJSON {
		return printJSON(cmd.OutOrStdout(), row)
	}
	return printRow(cmd.OutOrStdout(), row, "handle", "key_id", "fingerprint", "created_at")
}
