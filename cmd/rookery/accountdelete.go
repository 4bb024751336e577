package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
)

// farewell is what account delete was told.
type farewell struct {
	host, username    string
	sure, dry, asJSON bool
}

func accountDelete(g *globals) *cobra.Command {
	var f farewell
	c := &cobra.Command{
		Use:   "delete USERNAME --tenant D [--yes]",
		Short: "Delete an account for ever and tell every server that knows it",
		Long: `Delete an account for ever and tell every server that knows it.

At once nobody finds it any more, its address answers “gone”, its name is never given
to another, and all apps are logged out of it. The worker removes its posts and
relations and tells other servers. It cannot be undone. The people who acted as it stay
members of the tenant.`,
		Example: "  rookery account delete support --tenant social.acme.com --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.host == "" {
				return wrongUse("whose account? Name the tenant's host with --tenant")
			}
			f.username = strings.TrimPrefix(args[0], "@")
			return g.withSystem(cmd.Context(), func(s *system) error { return s.deleteAccount(cmd, f) })
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.host, "tenant", "", "host of the tenant")
	flags.BoolVar(&f.sure, "yes", false, "do not ask")
	flags.BoolVar(&f.dry, "dry-run", false, "show what would go and change nothing")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func (s *system) deleteAccount(cmd *cobra.Command, f farewell) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	t, err := s.tenantNamed(f.host)
	if err != nil {
		return err
	}
	a, err := s.accountNamed(ctx, t, f.username)
	if err != nil {
		return err
	}
	var goes *store.Footprint
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		goes, err = store.FootprintOf(ctx, scope, a.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("count what goes with the account: %w", err)
	}
	if !f.dry {
		if err := confirm(cmd, f, t, a, goes); err != nil {
			return err
		}
		err := s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
			_, err := account.Delete(ctx, scope, t, a.ID)
			return err
		})
		if err != nil {
			return err
		}
	}
	return printFarewell(out, f, t, a, goes)
}

// confirm has the name typed, unless told that it is not necessary.
func confirm(cmd *cobra.Command, f farewell, t *tenant.Tenant, a *social.Account, goes *store.Footprint) error {
	if f.sure {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "This deletes @%s@%s with %d posts and %d followers for ever. Type the name to go on: ", a.Username, t.HandleDomain, goes.Posts, goes.Followers)
	typed, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimPrefix(strings.TrimSpace(typed), "@") != a.Username {
		return fault.New(fault.Invalid, "Nothing was deleted: the name was not typed. In scripts, say --yes.")
	}
	return nil
}

func printFarewell(out io.Writer, f farewell, t *tenant.Tenant, a *social.Account, goes *store.Footprint) error {
	row := map[string]any{
		"handle": "@" + a.Username + "@" + t.HandleDomain, "uri": a.URI, "deleted": !f.dry, "posts": goes.Posts, "media": goes.Media,
		"favourites": goes.Favourites, "followers": goes.Followers, "following": goes.Following, "tokens": goes.Tokens, "operators": goes.Operators,
	}
	if f.asJSON {
		return printJSON(out, row)
	}
	if err := printRow(out, row, "handle", "uri", "deleted", "posts", "media", "favourites", "followers", "following", "tokens", "operators"); err != nil {
		return err
	}
	if !f.dry {
		fmt.Fprintln(out, "It is gone from here; the worker removes its posts and tells other servers.")
	}
	return nil
}
