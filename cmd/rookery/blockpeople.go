package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/barred"
	"rookery/internal/store"
)

// blockEmail are the commands about mail domains, Mastodon's email_domain_blocks.
func blockEmail(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "email", Short: "Block mail domains: nobody signs up with an address there"}
	c.AddCommand(blockEmailAdd(g), blockEmailRemove(g), blockEmailList(g))
	return c
}

func blockEmailAdd(g *globals) *cobra.Command {
	var m store.BlockedMail
	var asJSON bool
	c := &cobra.Command{
		Use:   "add DOMAIN",
		Short: "Let nobody sign up with an address at a mail domain or below it",
		Long: `Let nobody sign up with an address at a mail domain or below it.

Logins that exist stay, and companies may still invite whom they like.`,
		Example: "  rookery block email add throwaway.example --comment \"throw-away addresses\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				m.Domain = args[0]
				kept, err := barred.Service{DB: s.db}.BlockMail(cmd.Context(), audit.ByOperator(), m)
				if err != nil {
					return err
				}
				return say(cmd.OutOrStdout(), asJSON, map[string]any{"domain": kept.Domain, "comment": kept.Comment},
					"Nobody signs up with an address at %s any more.\n", kept.Domain)
			})
		},
	}
	c.Flags().StringVar(&m.Comment, "comment", "", "why, for colleagues")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func blockEmailRemove(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "remove DOMAIN",
		Short:   "Let people sign up with addresses at a mail domain again",
		Example: "  rookery block email remove throwaway.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				domain, err := barred.Service{DB: s.db}.UnblockMail(cmd.Context(), audit.ByOperator(), args[0])
				if err != nil {
					return err
				}
				return say(cmd.OutOrStdout(), asJSON, map[string]any{"domain": domain, "removed": true}, "Addresses at %s may sign up again.\n", domain)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func blockEmailList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the blocked mail domains",
		Example: "  rookery block email list --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				mails, _, err := barred.Service{DB: s.db}.All(cmd.Context())
				if err != nil {
					return err
				}
				rows := make([]map[string]any, len(mails))
				for i, m := range mails {
					rows[i] = map[string]any{"domain": m.Domain, "comment": m.Comment, "created_at": m.CreatedAt}
				}
				return listed(cmd.OutOrStdout(), asJSON, rows, "domain", "comment")
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// blockIP are the commands about networks, Mastodon's ip_blocks.
func blockIP(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "ip", Short: "Block networks: nobody signs up from there, or nobody is answered"}
	c.AddCommand(blockIPAdd(g), blockIPRemove(g), blockIPList(g))
	return c
}

func blockIPAdd(g *globals) *cobra.Command {
	var n store.BlockedNetwork
	var asJSON bool
	c := &cobra.Command{
		Use:   "add NETWORK",
		Short: "Let nobody sign up from a network, or answer nobody there",
		Long: `Let nobody sign up from a network, or answer nobody there.

With no_access every request from the network gets a 403: pages, apps and other servers.
Behind a proxy the addresses are those that trusted proxies name (ROOKERY_TRUSTED_PROXIES).
A block of the same network is replaced.`,
		Example: "  rookery block ip add 192.0.2.0/24\n  rookery block ip add 2001:db8::/32 --severity no_access --comment \"attacks since Monday\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			network, err := barred.ParseNetwork(args[0])
			if err != nil {
				return err
			}
			n.Network = network
			return g.withSystem(cmd.Context(), func(s *system) error {
				if err := (barred.Service{DB: s.db}).BlockNetwork(cmd.Context(), audit.ByOperator(), n); err != nil {
					return err
				}
				what := "Nobody signs up from %s any more.\n"
				if n.Severity == string(barred.NoAccess) {
					what = "Nobody is answered any more who comes from %s.\n"
				}
				row := map[string]any{"network": network.String(), "severity": n.Severity, "comment": n.Comment}
				return say(cmd.OutOrStdout(), asJSON, row, what, network)
			})
		},
	}
	c.Flags().StringVar(&n.Severity, "severity", string(barred.SignUpBlock), "sign_up_block or no_access")
	c.Flags().StringVar(&n.Comment, "comment", "", "why, for colleagues")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func blockIPRemove(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "remove NETWORK",
		Short:   "End the block of a network",
		Example: "  rookery block ip remove 192.0.2.0/24",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			network, err := barred.ParseNetwork(args[0])
			if err != nil {
				return err
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				if err := (barred.Service{DB: s.db}).UnblockNetwork(cmd.Context(), audit.ByOperator(), network); err != nil {
					return err
				}
				return say(cmd.OutOrStdout(), asJSON, map[string]any{"network": network.String(), "removed": true}, "%s is not blocked any more.\n", network)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func blockIPList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the blocked networks",
		Example: "  rookery block ip list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				_, networks, err := barred.Service{DB: s.db}.All(cmd.Context())
				if err != nil {
					return err
				}
				rows := make([]map[string]any, len(networks))
				for i, n := range networks {
					rows[i] = map[string]any{"network": n.Network.String(), "severity": n.Severity, "comment": n.Comment, "created_at": n.CreatedAt}
				}
				return listed(cmd.OutOrStdout(), asJSON, rows, "network", "severity", "comment")
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// say prints what was done, as a sentence or as JSON.
func say(out io.Writer, asJSON bool, row map[string]any, sentence string, about ...any) error {
	if asJSON {
		return printJSON(out, row)
	}
	_, err := fmt.Fprintf(out, sentence, about...)
	return err
}

// listed prints rows as JSON, or some of their columns as a table.
func listed(out io.Writer, asJSON bool, rows []map[string]any, columns ...string) error {
	if asJSON {
		return printJSON(out, rows)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, row := range rows {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = fmt.Sprint(row[column])
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}
