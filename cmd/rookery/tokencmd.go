package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func tokenCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Give programs access to an account"}
	var host, username, scopes, email string
	create := &cobra.Command{
		Use:   "create --tenant D --account U",
		Short: "Print a new access token on stdout, alone",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if host == "" || username == "" {
				return wrongUse("a token needs --tenant and --account; see `%s --help`", cmd.CommandPath())
			}
			if _, err := access.ParseScopes(scopes); err != nil {
				return wrongUse("--scopes %q: a scope is read, write, follow, push or profile, or a part of the first two such as read:statuses", scopes)
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(host)
				if err != nil {
					return err
				}
				a, err := s.accountNamed(cmd.Context(), t, username)
				if err != nil {
					return err
				}
				token, err := s.makeToken(cmd.Context(), t, a, scopes, email)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
				return err
			})
		},
	}
	f := create.Flags()
	f.StringVar(&host, "tenant", "", "host of the tenant")
	f.StringVar(&username, "account", "", "the account's username")
	f.StringVar(&scopes, "scopes", "read write follow push", "what the token may do")
	f.StringVar(&email, "person-email", "", "in whose name; without it, the first person who acts as the account")
	c.AddCommand(create)
	return c
}

// makeToken gives a token in the name of the person with a mail address, or of the first
// who acts as the account.
func (s *system) makeToken(ctx context.Context, t *tenant.Tenant, a *social.Account, scopeText, email string) (string, error) {
	scopes, err := access.ParseScopes(scopeText)
	if err != nil {
		return "", fmt.Errorf("make a token for %q: %w", scopeText, err)
	}
	var person social.PersonID
	if email != "" {
		p, err := s.people.ByEmail(ctx, email)
		if fault.IsNotFound(err) {
			return "", fault.Newf(fault.NotFound, "Nobody has the mail address “%s”.", email)
		}
		if err != nil {
			return "", err
		}
		person = p.ID
	}
	var token string
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		operators, err := people.OperatorsOf(ctx, scope, a.ID)
		if err != nil {
			return err
		}
		if len(operators) == 0 {
			return fault.Newf(fault.Invalid, "Nobody acts as @%s yet, and a token needs a person. Give it one: rookery account grant.", a.Username)
		}
		if person == 0 {
			person = operators[0].Person
		}
		app, err := access.OwnApp(ctx, scope)
		if err != nil {
			return err
		}
		issued, err := access.CreateToken(ctx, scope, a.ID, person, scopes, app)
		if err != nil {
			return err
		}
		token = issued.Secret
		return nil
	})
	return token, err
}
