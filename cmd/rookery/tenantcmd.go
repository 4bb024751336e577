package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/registry"
)

func tenantCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "tenant", Short: "Make, list and manage organisations"}
	c.AddCommand(tenantCreate(g), tenantList(g), tenantShow(g), tenantState(g, "suspend", tenant.Suspended), tenantState(g, "resume", tenant.Active),
		tenantDelete(g), tenantUndelete(g), tenantExport(g))
	return c
}

func tenantCreate(g *globals) *cobra.Command {
	var n registry.NewTenant
	var asJSON, dryRun bool
	var trial string
	c := &cobra.Command{
		Use:   "create (--domain D [--handle-domain H] | --trial SLUG) --name N",
		Short: "Make an organisation on its own host",
		Long: `Make an organisation on its own host.

--domain is where its pages, its API and its accounts' URIs live, for ever:
social.company.com. --handle-domain is what stands behind the second @ of its
handles if that is another name: company.com, whose /.well-known/webfinger then
has to redirect to the host.

--trial makes one that has no domain yet: it is served below the platform's own
host and takes part in the fediverse once a domain of its own works (rookery
domain add).`,
		Example: `  rookery tenant create --domain social.acme.com --handle-domain acme.com --name "Acme Cycles"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (n.Host == "") == (trial == "") || n.Name == "" {
				return wrongUse("a tenant needs --name, and --domain or --trial; see `%s --help`", cmd.CommandPath())
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				if trial != "" {
					host, err := domains.TrialName(trial, s.cfg.String("platform_host"))
					if err != nil {
						return err
					}
					n.Host, n.Trial = host, true
				}
				if n.Scheme == "" {
					n.Scheme = s.cfg.String("public_scheme")
				}
				if dryRun {
					return s.checkTenant(cmd.OutOrStdout(), n)
				}
				t, err := s.registry.Create(cmd.Context(), n)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), tenantRow(t))
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is there: %s\nNext: rookery account create --tenant %s --username support\n", t.Name, t.URL("/"), t.Host)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&n.Host, "domain", "", "host of its pages and API, such as social.acme.com")
	f.StringVar(&n.HandleDomain, "handle-domain", "", "domain of its handles, if another one, such as acme.com")
	f.StringVar(&trial, "trial", "", "its name below the platform's host, until it has a domain")
	f.StringVar(&n.Name, "name", "", "its name, as people read it")
	f.StringVar(&n.Description, "description", "", "one or two sentences about it")
	f.StringVar(&n.ContactMail, "contact", "", "mail address for questions")
	f.StringVar(&n.BrandColour, "colour", "", "its colour, such as #c8501e")
	f.StringVar(&n.Scheme, "scheme", "", "http or https; the platform's own by default")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&dryRun, "dry-run", false, "check the names without making anything")
	return c
}

// checkTenant says whether the names are free.
func (s *system) checkTenant(w io.Writer, n registry.NewTenant) error {
	for _, host := range []string{n.Host, n.HandleDomain} {
		if host == "" {
			continue
		}
		if t, _, ok := s.registry.ByHost(host); ok {
			return fault.Newf(fault.Conflict, "“%s” belongs to %s already.", host, t.Name)
		}
	}
	_, err := fmt.Fprintf(w, "%s is free. Nothing was made.\n", n.Host)
	return err
}

func tenantList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List all organisations",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				all := s.registry.All()
				if asJSON {
					rows := make([]map[string]any, len(all))
					for i, t := range all {
						rows[i] = tenantRow(t)
					}
					return printJSON(cmd.OutOrStdout(), rows)
				}
				if len(all) == 0 {
					_, err := fmt.Fprintln(cmd.OutOrStdout(), "No tenant yet. Make one: rookery tenant create --domain social.example.com --name Example")
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "HOST\tHANDLES\tNAME\tSTATE")
				for _, t := range all {
					fmt.Fprintf(w, "%s\t@…@%s\t%s\t%s\n", t.Host, t.HandleDomain, t.Name, t.State)
				}
				return w.Flush()
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func tenantShow(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show HOST",
		Short: "Show one organisation",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), tenantRow(t))
				}
				return printRow(cmd.OutOrStdout(), tenantRow(t), "id", "name", "host", "handle_domain", "url", "state", "description", "contact", "created_at")
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func tenantState(g *globals, verb string, state tenant.State) *cobra.Command {
	short := map[tenant.State]string{
		tenant.Suspended: "Stop log-ins and posts; what was published stays readable and followers stay",
		tenant.Active:    "Undo a suspension",
	}[state]
	return &cobra.Command{
		Use:   verb + " HOST",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(args[0])
				if err != nil {
					return err
				}
				if err := s.registry.SetState(cmd.Context(), t.ID, state); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s.\n", t.Name, state)
				return err
			})
		},
	}
}

func tenantRow(t *tenant.Tenant) map[string]any {
	return map[string]any{
		"id": t.ID.String(), "name": t.Name, "host": t.Host, "handle_domain": t.HandleDomain, "url": t.URL("/"), "state": t.State,
		"description": t.Description, "contact": t.ContactMail, "created_at": t.CreatedAt,
	}
}

// printRow prints named values, one a line.
func printRow(w io.Writer, row map[string]any, keys ...string) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, k := range keys {
		fmt.Fprintf(tw, "%s\t%v\n", k, row[k])
	}
	return tw.Flush()
}
