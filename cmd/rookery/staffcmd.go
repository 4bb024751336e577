package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func staffCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "staff",
		Short: "Say who runs the platform on its staff pages",
		Long: `Say who runs the platform on its staff pages, at /staff on the platform's host.

There is no other way to become one of the staff, and each of these is written into the
platform's audit log (rookery audit export).`,
	}
	c.AddCommand(staffCreate(g), staffList(g), staffRemove(g), staffResetFactors(g))
	return c
}

// newStaff is what staff create was told.
type newStaff struct {
	email, name, role, passwordFile string
	asJSON                          bool
}

func staffCreate(g *globals) *cobra.Command {
	var n newStaff
	c := &cobra.Command{
		Use:   "create --email E [--name N] [--role admin]",
		Short: "Let a person use the staff pages, or change their role there",
		Long: `Let a person use the staff pages, or change their role there.

The person is made if nobody has that mail address yet; their password is in
--password-file, or in the variable ROOKERY_PASSWORD, or a new one that is printed once.
Whoever has that mail address already keeps their name and their password.
At the first sign-in they set up a second factor, and get nowhere before.

Roles: admin does everything; billing everything but the queues; support looks at
tenants, dunning and matters, and may have a customer read again at the provider.`,
		Example: "  rookery staff create --email mara@rookery.example --name Mara\n  rookery staff create --email jon@rookery.example --role support",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if n.email == "" {
				return wrongUse("who? Give the mail address with --email")
			}
			if !access.StaffRole(n.role).Valid() {
				return wrongUse("--role %s: a role is admin, support or billing", n.role)
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.createStaff(cmd, n) })
		},
	}
	f := c.Flags()
	f.StringVar(&n.email, "email", "", "mail address of the person")
	f.StringVar(&n.name, "name", "", "name of a new person")
	f.StringVar(&n.role, "role", string(access.StaffAdmin), "what they may do: admin, support or billing")
	f.StringVar(&n.passwordFile, "password-file", "", "file whose first line is the password of a new person")
	f.BoolVar(&n.asJSON, "json", false, "print JSON")
	return c
}

func (s *system) createStaff(cmd *cobra.Command, n newStaff) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	person, madeUp, isNew, err := s.staffPerson(ctx, n)
	if err != nil {
		return err
	}
	if err := s.judge.AddStaff(ctx, person.ID, access.StaffRole(n.role), audit.ByOperator()); err != nil {
		return err
	}
	at := s.console() + "/staff"
	row := map[string]any{"person": person.Email, "role": n.role, "url": at, "new": isNew}
	if madeUp != "" {
		row["password"] = madeUp
	}
	if n.asJSON {
		return printJSON(out, row)
	}
	fmt.Fprintf(out, "%s is one of the staff (%s).\n", person.Email, n.role)
	if !isNew && n.name+n.passwordFile != "" {
		fmt.Fprintf(out, "%s was there already: name and password stay as they are.\n", person.Email)
	}
	if madeUp != "" {
		fmt.Fprintf(out, "Password, shown this once: %s\n", madeUp)
	}
	fmt.Fprintf(out, "Next: sign in at %s with that mail address, and set up a second factor when you are asked for it.\n", at)
	if !person.HasPassword {
		fmt.Fprintf(out, "%s has no password yet: “Forgot your password?” on the sign-in page gives one.\n", person.Email)
	}
	return nil
}

// staffPerson finds the person, or makes one. The password of somebody who is there stays.
func (s *system) staffPerson(ctx context.Context, n newStaff) (p *people.Person, madeUp string, isNew bool, err error) {
	if p, err = s.people.ByEmail(ctx, n.email); !fault.IsNotFound(err) {
		return p, "", false, err
	}
	password := os.Getenv("ROOKERY_PASSWORD")
	if n.passwordFile != "" {
		text, err := os.ReadFile(n.passwordFile)
		if err != nil {
			return nil, "", false, fmt.Errorf("read the password: %w", err)
		}
		if password, _, _ = strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"); password == "" {
			return nil, "", false, wrongUse("--password-file %s: its first line is empty", n.passwordFile)
		}
	}
	if password == "" {
		madeUp = ids.Secret(12)
		password = madeUp
	}
	name := n.name
	if name == "" {
		name, _, _ = strings.Cut(n.email, "@")
	}
	p, err = s.people.Create(ctx, people.NewPerson{Email: n.email, Name: name, Password: password})
	return p, madeUp, true, err
}

func staffList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List who may use the staff pages", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error { return s.listStaff(cmd, asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (s *system) listStaff(cmd *cobra.Command, asJSON bool) error {
	all, err := s.judge.Staff(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		rows := make([]map[string]any, len(all))
		for i, m := range all {
			rows[i] = map[string]any{"email": m.Email, "name": m.Name, "role": m.Role, "since": m.CreatedAt, "second_factor": m.HasFactor, "last_seen": m.LastSeen}
		}
		return printJSON(cmd.OutOrStdout(), rows)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MAIL\tNAME\tROLE\tSINCE\tSECOND FACTOR\tLAST SEEN")
	for _, m := range all {
		factor, seen := "not yet", "-"
		if m.HasFactor {
			factor = "yes"
		}
		if m.LastSeen != nil {
			seen = m.LastSeen.UTC().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Email, m.Name, m.Role, m.CreatedAt.UTC().Format(time.DateOnly), factor, seen)
	}
	return w.Flush()
}

func staffRemove(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "remove EMAIL", Short: "Take a person from the staff; their sessions there end at once", Args: cobra.ExactArgs(1),
		Long: `Take a person from the staff; their sessions there end at once.

Their login stays, with what it opens in companies. What they did stays in the audit logs.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				p, err := s.personNamed(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if err := s.judge.RemoveStaff(cmd.Context(), p.ID, audit.ByOperator()); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), map[string]any{"person": p.Email, "removed": true})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is no longer one of the staff.\n", p.Email)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func staffResetFactors(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "reset-factors EMAIL",
		Short: "For a lost device: take all second factors of one of the staff away",
		Long: `For a lost device: take all second factors of one of the staff away.

They are signed out everywhere and told by mail. At the next sign-in to the staff pages
they set up a new one. Make sure first that it is really they who ask.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				ctx := cmd.Context()
				p, err := s.personNamed(ctx, args[0])
				if err != nil {
					return err
				}
				is, err := s.judge.IsStaff(ctx, p.ID)
				if err != nil {
					return err
				}
				if !is {
					return fault.Newf(fault.NotFound, "%s is not one of the staff. `rookery staff list` shows who is.", p.Email)
				}
				if err := s.factors.Reset(ctx, p.ID, audit.ByOperator()); err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), map[string]any{"person": p.Email, "reset": true})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s has no second factor now and is signed out everywhere. They set up a new one at the next sign-in at %s/staff.\n", p.Email, s.console())
				return nil
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// personNamed finds a person by mail address.
func (s *system) personNamed(ctx context.Context, email string) (*people.Person, error) {
	p, err := s.people.ByEmail(ctx, email)
	if fault.IsNotFound(err) {
		return nil, fault.Newf(fault.NotFound, "Nobody has the mail address “%s”.", email)
	}
	return p, err
}
