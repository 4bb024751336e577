package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

func domainCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "domain",
		Short: "Add, list and check the names of organisations",
		Long: `Add, list and check the names of organisations.

A name that is added must be proven (a TXT record) and pointed here; the worker looks
at it by itself and says what is missing.`,
	}
	c.AddCommand(domainAdd(g), domainList(g), domainCheck(g), domainRecipe(g),
		domainAct(g, "retry", "Look at a name again now, or start anew where it has expired", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.Retry(ctx, audit.ByOperator(), d.TenantID, d.ID)
		}),
		domainRelease(g),
		domainAct(g, "undo", "Take a name back that is being given up", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.UndoRelease(ctx, audit.ByOperator(), d.TenantID, d.ID)
		}),
		domainAct(g, "accept", "Let a name through that waits for a review", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.Review(ctx, audit.ByOperator(), d.ID, true, "")
		}),
		domainAct(g, "reject", "Refuse a name that waits for a review", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.Review(ctx, audit.ByOperator(), d.ID, false, "REJECTED")
		}),
		domainAct(g, "keep", "Settle a dispute: the holder keeps the name", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.Settle(ctx, audit.ByOperator(), d.ID, true)
		}),
		domainAct(g, "transfer", "Settle a dispute: the name goes to whoever proved it", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
			return s.Settle(ctx, audit.ByOperator(), d.ID, false)
		}),
	)
	return c
}

func domainAdd(g *globals) *cobra.Command {
	var owner, mode string
	var w domains.Wish
	var asJSON bool
	c := &cobra.Command{
		Use:   "add --tenant T NAME",
		Short: "Claim a name for an organisation and say which record proves it",
		Example: `  rookery domain add --tenant acme.rookery.example acme.com                   # @support@acme.com, pages on social.acme.com
  rookery domain add --tenant acme.rookery.example --mode whole social.acme.com`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(owner)
				if err != nil {
					return err
				}
				w.Name, w.Mode = args[0], tenant.DomainMode(mode)
				claims, err := s.newDomains(s.db).Claim(cmd.Context(), audit.ByOperator(), t.ID, w)
				if err != nil {
					return err
				}
				return printClaims(cmd.OutOrStdout(), claims, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&owner, "tenant", "", "the organisation, by one of its hosts")
	f.StringVar(&mode, "mode", string(tenant.SplitDomain), "split, whole or apex")
	f.StringVar(&w.Service, "service", "", "host of pages and API of a split domain; social.NAME by default")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.MarkFlagRequired("tenant")
	return c
}

func printClaims(out io.Writer, claims []*tenant.Domain, asJSON bool) error {
	rows := make([]map[string]any, len(claims))
	for i, d := range claims {
		rows[i] = domainRow(domains.Standing{Domain: d})
	}
	if asJSON {
		return printJSON(out, rows)
	}
	for _, d := range claims {
		if d.State == tenant.DomainNeedsReview {
			fmt.Fprintf(out, "%s could be taken for another name: somebody must look at it first (rookery domain accept %d).\n", d.DisplayName, d.ID)
			continue
		}
		fmt.Fprintf(out, "To prove %s, add this record and wait:\n\n  %s.%s.  TXT  %q\n\n", d.DisplayName, look.ChallengeLabel, hostname(d.Name), look.ProofOf(d.Token))
	}
	_, err := fmt.Fprintln(out, "rookery domain list shows how far it is.")
	return err
}

func domainList(g *globals) *cobra.Command {
	var owner string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [--tenant T]",
		Short: "List names, how far they are and what is missing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				all, err := s.standings(cmd.Context(), owner)
				if err != nil {
					return err
				}
				return printStandings(cmd.OutOrStdout(), all, asJSON)
			})
		},
	}
	c.Flags().StringVar(&owner, "tenant", "", "one organisation alone, by one of its hosts")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

const domainPage = 500

// standings are the claims of one tenant, or of all.
func (s *system) standings(ctx context.Context, owner string) ([]domains.Standing, error) {
	service := s.newDomains(s.db)
	if owner != "" {
		t, err := s.tenantNamed(owner)
		if err != nil {
			return nil, err
		}
		return service.List(ctx, t.ID)
	}
	var all []domains.Standing
	for after := tenant.DomainID(0); ; {
		page, err := service.ListAll(ctx, after, domainPage)
		all = append(all, page...)
		if err != nil || len(page) < domainPage {
			return all, err
		}
		after = page[len(page)-1].ID
	}
}

func printStandings(out io.Writer, all []domains.Standing, asJSON bool) error {
	if asJSON {
		rows := make([]map[string]any, len(all))
		for i, d := range all {
			rows[i] = domainRow(d)
		}
		return printJSON(out, rows)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "No name yet. Add one: rookery domain add --tenant HOST example.com")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tROLE\tSTATE\tSINCE\tWHAT TO DO")
	for _, d := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", ids.Format(int64(d.ID)), d.DisplayName, d.Role, d.State, d.StateSince.Format(time.DateTime), d.Advice())
	}
	return w.Flush()
}

func domainRow(d domains.Standing) map[string]any {
	checks := map[string]any{}
	for _, c := range d.Checks {
		row := map[string]any{"last_checked_at": c.LastCheckedAt, "code": c.Code, "detail": c.Detail}
		if !c.LastOKAt.IsZero() {
			row["last_ok_at"] = c.LastOKAt
		}
		checks[string(c.Kind)] = row
	}
	return map[string]any{
		"id": ids.Format(int64(d.ID)), "tenant_id": d.TenantID.String(), "name": d.Name, "display_name": d.DisplayName, "mode": d.Mode, "role": d.Role,
		"state": d.State, "reason": d.Reason, "advice": d.Advice(), "since": d.StateSince, "checks": checks,
		"proof": map[string]string{"record": look.ChallengeLabel + "." + hostname(d.Name), "value": look.ProofOf(d.Token)},
	}
}

func domainCheck(g *globals) *cobra.Command {
	var asJSON, asSeen bool
	c := &cobra.Command{
		Use:   "check NAME|ID",
		Short: "Look at a name now and say what is wrong; nothing is changed but its state",
		Long: `Look at a name now and say what is wrong; nothing is changed but its state.

With --as-seen it goes the way of another server that looks up an account of the
organisation (addresses, certificate, WebFinger, actor) and prints each step; nothing
is changed at all. It exits with 1 where that other server would give up.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				d, err := s.standingNamed(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if asSeen {
					return s.showAsSeen(cmd, d, asJSON)
				}
				service := s.newDomains(s.db)
				if err := service.Check(cmd.Context(), d.ID); err != nil {
					return err
				}
				return printAfter(cmd, service, d, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asSeen, "as-seen", false, "print what another server gets, step by step")
	return c
}

var errUnseen = errors.New("another server would not find the account")

// showAsSeen looks up the first account of a name's tenant as others would.
func (s *system) showAsSeen(cmd *cobra.Command, d domains.Standing, asJSON bool) error {
	var first []*social.Account
	err := s.db.Tenant(cmd.Context(), d.TenantID, func(scope *pg.Scope) (err error) {
		first, err = store.LocalAccounts(cmd.Context(), scope, 1)
		return err
	})
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return fault.New(fault.NotFound, "This organisation has no account yet that others could look up.")
	}
	steps := s.newLooker().AsSeen(cmd.Context(), s.cfg.String("public_scheme"), d.Name, first[0].Username)
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), steps)
	} else {
		for i, step := range steps {
			mark := "ok  "
			if !step.OK {
				mark = "FAIL"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d. %s  %-9s  %s\n", i+1, mark, step.Step, step.Text)
		}
	}
	if err == nil && !steps[len(steps)-1].OK {
		return errUnseen
	}
	return err
}

// domainAct makes a command that does one thing to one claim.
func domainAct(g *globals, use, short string, act func(context.Context, *domains.Service, domains.Standing) error) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: use + " NAME|ID", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				d, err := s.standingNamed(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				service := s.newDomains(s.db)
				if err := act(cmd.Context(), service, d); err != nil {
					return err
				}
				return printAfter(cmd, service, d, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// printAfter shows what became of a claim.
func printAfter(cmd *cobra.Command, service *domains.Service, d domains.Standing, asJSON bool) error {
	now, err := service.Get(cmd.Context(), d.TenantID, d.ID)
	if err != nil {
		return err
	}
	return printStandings(cmd.OutOrStdout(), []domains.Standing{now}, asJSON)
}

func domainRelease(g *globals) *cobra.Command {
	var dryRun bool
	c := domainAct(g, "release", "Give a name up; one that worked can be taken back for a week", func(ctx context.Context, s *domains.Service, d domains.Standing) error {
		return s.Release(ctx, audit.ByOperator(), d.TenantID, d.ID, d.Name)
	})
	release := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if !dryRun {
			return release(cmd, args)
		}
		return g.withSystem(cmd.Context(), func(s *system) error {
			d, err := s.standingNamed(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), releasePlan(d))
			return err
		})
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen and change nothing")
	return c
}

// releasePlan says what giving a name up would mean.
func releasePlan(d domains.Standing) string {
	switch {
	case d.Mode == tenant.PlatformDomain:
		return fmt.Sprintf("%s is the platform's own and would not be given up.", d.DisplayName)
	case d.State == tenant.DomainDisputed:
		return fmt.Sprintf("%s would go at once to whoever proved it.", d.DisplayName)
	case d.State == tenant.DomainReleasing:
		return fmt.Sprintf("%s is being given up already, until %s.", d.DisplayName, d.DeadlineAt.Format(time.DateTime))
	case d.State.Serves():
		return fmt.Sprintf("%s works. It would go on working for a week, in which `rookery domain undo` takes it back; then its addresses answer 410 and nobody inherits them.", d.DisplayName)
	}
	return fmt.Sprintf("%s never worked: its claim would end at once.", d.DisplayName)
}

// standingNamed finds a claim by its id or its name; of several claims on one name the
// holder's is meant.
func (s *system) standingNamed(ctx context.Context, name string) (domains.Standing, error) {
	all, err := s.standings(ctx, "")
	if err != nil {
		return domains.Standing{}, err
	}
	var found []domains.Standing
	for _, d := range all {
		if strconv.FormatInt(int64(d.ID), 10) == name {
			return d, nil
		}
		if d.Name != registry.Normalise(name) || d.State == tenant.DomainReleased {
			continue
		}
		if d.State.Holds() {
			return d, nil
		}
		found = append(found, d)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return domains.Standing{}, fault.Newf(fault.NotFound, "There is no domain “%s”. `rookery domain list` shows all.", name)
	}
	return domains.Standing{}, fault.Newf(fault.Conflict, "%d organisations claim “%s”. Give the ID that `rookery domain list` shows.", len(found), name)
}
