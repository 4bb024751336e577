package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/people"
)

const noRole = "none"

func accountGrant(g *globals) *cobra.Command {
	n := newAccount{}
	c := &cobra.Command{
		Use:   "grant USERNAME --tenant D --person-email E --role R",
		Short: "Let a person act as an account, change in which role, or end it",
		Long: `Let a person act as an account, change in which role, or end it (--role none).

The person is made if nobody has that mail address yet; their password is --password,
or the variable ROOKERY_PASSWORD, or a new one that is printed once. Ending it ends
the person's apps for this account at once.`,
		Example: `  rookery account grant support --tenant social.acme.com --person-email jonas@acme.com --role drafter
  rookery account grant support --tenant social.acme.com --person-email jonas@acme.com --role none`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n.username = args[0]; n.tenant == "" || n.email == "" {
				return wrongUse("say who and where: --tenant and --person-email; see `%s --help`", cmd.CommandPath())
			}
			if n.role != noRole && !people.Role(n.role).Valid() {
				return wrongUse("--role %s: a role is owner, publisher, drafter, viewer, or none", n.role)
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.grantAccount(cmd, n) })
		},
	}
	f := c.Flags()
	f.StringVar(&n.tenant, "tenant", "", "host of the tenant")
	f.StringVar(&n.email, "person-email", "", "mail address of the person")
	f.StringVar(&n.password, "password", "", "password of a new person; better given as ROOKERY_PASSWORD")
	f.StringVar(&n.role, "role", "", "what the person may do: owner, publisher, drafter or viewer; none ends it")
	f.BoolVar(&n.asJSON, "json", false, "print JSON")
	return c
}

func (s *system) grantAccount(cmd *cobra.Command, n newAccount) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	t, err := s.tenantNamed(n.tenant)
	if err != nil {
		return err
	}
	a, err := s.accountNamed(ctx, t, n.username)
	if err != nil {
		return err
	}
	var person *people.Person
	var madeUp string
	if n.role == noRole { // somebody who is to go is not made first
		person, err = s.people.ByEmail(ctx, n.email)
	} else {
		person, madeUp, err = s.personFor(ctx, n)
	}
	if err != nil {
		return err
	}
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return grant(ctx, scope, t, n, a, person) })
	if err != nil {
		return err
	}
	row := map[string]string{"account": "@" + n.username + "@" + t.HandleDomain, "person": person.Email, "role": n.role}
	if madeUp != "" {
		row["password"] = madeUp
	}
	switch {
	case n.asJSON:
		return printJSON(out, row)
	case n.role == noRole:
		fmt.Fprintf(out, "%s does not act as %s any more.\n", person.Email, row["account"])
	default:
		fmt.Fprintf(out, "%s acts as %s (%s). Log in from any Mastodon app with the server name %s.\n", person.Email, row["account"], n.role, t.Host)
	}
	if madeUp != "" {
		fmt.Fprintf(out, "Password of %s, shown this once: %s\n", person.Email, madeUp)
	}
	return nil
}

func grant(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, n newAccount, a *social.Account, person *people.Person) error {
	role := people.Role(n.role)
	if n.role == noRole {
		role = ""
	} else if _, err := people.MembershipOf(ctx, scope, person.ID); fault.IsNotFound(err) {
		if err := people.MakeRoom(ctx, scope, t, person.ID); err != nil {
			return err
		}
		if err := people.Join(ctx, scope, person.ID, people.MemberPlain); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return people.SetGrant(ctx, scope, t, audit.ByOperator(), a, person.ID, role, person.Email)
}
