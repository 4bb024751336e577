package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

func accountCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Make, list, show, rename and delete accounts of a tenant"}
	c.AddCommand(accountCreate(g), accountList(g), accountShow(g), accountGrant(g), accountDelete(g), accountRename(g), accountRotateKeys(g), accountResetPassword(g))
	return c
}

// newAccount is what account create was told.
type newAccount struct {
	tenant, username, displayName string
	email, password, role         string
	asJSON                        bool
}

func accountCreate(g *globals) *cobra.Command {
	var n newAccount
	c := &cobra.Command{
		Use:   "create --tenant D --username U [--person-email E]",
		Short: "Make an account, and if wanted a person who acts as it",
		Long: `Make an account, and if wanted a person who acts as it.

With --person-email the person is made if nobody has that mail address yet, and
gets the given role on the account. Their password is --password, or the variable
ROOKERY_PASSWORD, or a new one that is printed once.`,
		Example: `  rookery account create --tenant social.acme.com --username support --display-name "Acme Support" --person-email mara@acme.com`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n.tenant == "" || n.username == "" {
				return wrongUse("an account needs --tenant and --username; see `%s --help`", cmd.CommandPath())
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.createAccount(cmd, n) })
		},
	}
	f := c.Flags()
	f.StringVar(&n.tenant, "tenant", "", "host of the tenant")
	f.StringVar(&n.username, "username", "", "name before the domain, such as support")
	f.StringVar(&n.displayName, "display-name", "", "name that people read")
	f.StringVar(&n.email, "person-email", "", "mail address of the person who acts as the account")
	f.StringVar(&n.password, "password", "", "password of a new person; better given as ROOKERY_PASSWORD")
	f.StringVar(&n.role, "role", "owner", "what the person may do: owner, publisher, drafter or viewer")
	f.BoolVar(&n.asJSON, "json", false, "print JSON")
	return c
}

func (s *system) createAccount(cmd *cobra.Command, n newAccount) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	t, err := s.tenantNamed(n.tenant)
	if err != nil {
		return err
	}
	if err := s.checkAccount(ctx, t, n); err != nil {
		return err
	}
	var person *people.Person
	var madeUp string
	if n.email != "" {
		if person, madeUp, err = s.personFor(ctx, n); err != nil {
			return err
		}
	}
	a, err := s.makeAccount(ctx, t, account.Local{Username: n.username, DisplayName: n.displayName}, person, people.Role(n.role))
	if err != nil {
		return err
	}
	row := accountRow(t, a)
	if madeUp != "" {
		row["password"] = madeUp
	}
	if n.asJSON {
		return printJSON(out, row)
	}
	fmt.Fprintf(out, "@%s@%s is there: %s\n", a.Username, t.HandleDomain, a.URL)
	if person != nil {
		fmt.Fprintf(out, "%s acts as it (%s). Log in from any Mastodon app with the server name %s.\n", person.Email, n.role, t.Host)
	}
	if madeUp != "" {
		fmt.Fprintf(out, "Password of %s, shown this once: %s\n", person.Email, madeUp)
	}
	return nil
}

// checkAccount refuses what makeAccount would refuse, before a person is made whose
// password nobody would ever see.
func (s *system) checkAccount(ctx context.Context, t *tenant.Tenant, n newAccount) error {
	if !people.Role(n.role).Valid() {
		return wrongUse("--role %s: a role is owner, publisher, drafter or viewer", n.role)
	}
	if err := mayBecome(t, people.Role(n.role)); err != nil {
		return err
	}
	if err := account.ValidateUsername(n.username); err != nil {
		return err
	}
	return s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		used, err := store.IsHandleUsed(ctx, scope, n.username)
		if err == nil && used {
			return fault.Newf(fault.Conflict, "@%s@%s is taken or was used before. Names are never given twice: choose another.", n.username, t.HandleDomain)
		}
		return err
	})
}

// mayBecome says whether the tenant's plan has drafters.
func mayBecome(t *tenant.Tenant, role people.Role) error {
	if role != people.Drafter {
		return nil
	}
	return entitled.ToUse(t, tenant.Approvals)
}

// makeAccount makes the account and lets the person act as it, in one transaction. A
// tenant's first person becomes its owner.
func (s *system) makeAccount(ctx context.Context, t *tenant.Tenant, in account.Local, person *people.Person, role people.Role) (*social.Account, error) {
	return s.accounts.Create(ctx, t, in, func(scope *pg.Scope, a *social.Account) error {
		if person == nil {
			return nil
		}
		if err := people.MakeRoom(ctx, scope, t, person.ID); err != nil {
			return err
		}
		// somebody has to be able to add the others
		members, err := store.Members(ctx, scope, 0, 1)
		if err != nil {
			return fmt.Errorf("look for members: %w", err)
		}
		if len(members) == 0 {
			if err := people.Join(ctx, scope, person.ID, people.MemberOwner); err != nil {
				return err
			}
		}
		return people.Grant(ctx, scope, a.ID, person.ID, role)
	})
}

// personFor returns the person with a mail address; madeUp is the password of a new one
// where none was given.
func (s *system) personFor(ctx context.Context, n newAccount) (p *people.Person, madeUp string, err error) {
	if p, err = s.people.ByEmail(ctx, n.email); !fault.IsNotFound(err) {
		return p, "", err
	}
	password := n.password
	if password == "" {
		password = os.Getenv("ROOKERY_PASSWORD")
	}
	if password == "" {
		madeUp = ids.Secret(12)
		password = madeUp
	}
	name, _, _ := strings.Cut(n.email, "@")
	p, err = s.people.Create(ctx, people.NewPerson{Email: n.email, Name: name, Password: password})
	return p, madeUp, err
}

const listedAccounts = 10_000

func accountList(g *globals) *cobra.Command {
	var host string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --tenant D",
		Short: "List a tenant's accounts",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if host == "" {
				return wrongUse("whose accounts? Name the tenant's host with --tenant")
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(host)
				if err != nil {
					return err
				}
				var all []*social.Account
				err = s.db.Tenant(cmd.Context(), t.ID, func(scope *pg.Scope) (err error) {
					all, err = store.LocalAccounts(cmd.Context(), scope, listedAccounts)
					return err
				})
				if err != nil {
					return err
				}
				if asJSON {
					rows := make([]map[string]any, len(all))
					for i, a := range all {
						rows[i] = accountRow(t, a)
					}
					return printJSON(cmd.OutOrStdout(), rows)
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "HANDLE\tNAME\tPOSTS\tFOLLOWERS\tURI")
				for _, a := range all {
					fmt.Fprintf(w, "@%s@%s\t%s\t%d\t%d\t%s\n", a.Username, t.HandleDomain, a.DisplayName, a.StatusesCount, a.FollowersCount, a.URI)
				}
				return w.Flush()
			})
		},
	}
	c.Flags().StringVar(&host, "tenant", "", "host of the tenant")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func accountShow(g *globals) *cobra.Command {
	var host string
	var asJSON bool
	c := &cobra.Command{
		Use:   "show USERNAME --tenant D",
		Short: "Show one account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if host == "" {
				return wrongUse("whose account? Name the tenant's host with --tenant")
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(host)
				if err != nil {
					return err
				}
				a, err := s.accountNamed(cmd.Context(), t, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), accountRow(t, a))
				}
				return printRow(cmd.OutOrStdout(), accountRow(t, a), "handle", "display_name", "uri", "url", "posts", "followers", "following", "locked", "created_at")
			})
		},
	}
	c.Flags().StringVar(&host, "tenant", "", "host of the tenant")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func accountResetPassword(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "reset-password EMAIL",
		Short: "Give a person a new password, printed once; all their sessions and tokens end",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				p, err := s.people.ByEmail(cmd.Context(), args[0])
				if fault.IsNotFound(err) {
					return fault.Newf(fault.NotFound, "Nobody has the mail address “%s”.", args[0])
				}
				if err != nil {
					return err
				}
				password := ids.Secret(12)
				if err := s.people.SetPassword(cmd.Context(), p.ID, password); err != nil {
					return err
				}
				if err := s.people.RevokeAccess(cmd.Context(), p.ID); err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), password)
				return err
			})
		},
	}
}

func accountRow(t *tenant.Tenant, a *social.Account) map[string]any {
	return map[string]any{
		"id": ids.Format(int64(a.ID)), "handle": "@" + a.Username + "@" + t.HandleDomain, "username": a.Username,
		"display_name": a.DisplayName, "uri": a.URI, "url": a.URL, "posts": a.StatusesCount, "followers": a.FollowersCount,
		"following": a.FollowingCount, "locked": a.Locked, "created_at": a.CreatedAt,
	}
}
