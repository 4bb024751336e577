package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant"
)

func blockCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "block", Short: "Decide whom this installation, or one tenant, does not talk to, and who cannot sign up"}
	domain := &cobra.Command{Use: "domain", Short: "Block and limit other servers, for everybody or for one tenant"}
	domain.AddCommand(blockDomainAdd(g), blockDomainRemove(g), blockDomainList(g))
	c.AddCommand(domain, blockEmail(g), blockIP(g))
	return c
}

// blockFor are the flags of all these commands.
type blockFor struct {
	tenant string
	asJSON bool
}

func (b *blockFor) flags(c *cobra.Command) {
	c.Flags().StringVar(&b.tenant, "tenant", "", "host of one tenant; without it the rule holds for everybody")
	c.Flags().BoolVar(&b.asJSON, "json", false, "print JSON")
}

// of finds the tenant, nil for everybody.
func (b *blockFor) of(s *system) (*tenant.Tenant, error) {
	if b.tenant == "" {
		return nil, nil
	}
	return s.tenantNamed(b.tenant)
}

func blockDomainAdd(g *globals) *cobra.Command {
	var b blockFor
	r := moderate.Rule{}
	c := &cobra.Command{
		Use:   "add DOMAIN [--tenant HOST]",
		Short: "Block a server and everything below its domain, or limit it",
		Long: `Block a server and everything below its domain, or limit it.

Without --tenant the rule holds for every tenant, and none of them can change it.
A rule about the same domain is replaced. Follows with a blocked server end.`,
		Example: "  rookery block domain add spam.example\n  rookery block domain add loud.example --severity silence --tenant social.acme.com",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := b.of(s)
				if err != nil {
					return err
				}
				r.Domain = args[0]
				service, stored := moderate.New(s.db, nil), r
				if t == nil {
					stored, err = service.PutForAll(cmd.Context(), audit.ByOperator(), r)
				} else {
					stored, err = service.Put(cmd.Context(), audit.ByOperator(), t.ID, r)
				}
				if err != nil {
					return err
				}
				if b.asJSON {
					return printJSON(cmd.OutOrStdout(), blockRow(&stored))
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "The rule about %s holds. What is known of it follows in the background.\n", stored.Domain)
				return err
			})
		},
	}
	b.flags(c)
	c.Flags().StringVar(&r.Severity, "severity", string(moderate.Suspend), "suspend, silence or noop")
	c.Flags().BoolVar(&r.RejectMedia, "reject-media", false, "take no pictures or films")
	c.Flags().StringVar(&r.PublicComment, "public-comment", "", "why, for everybody")
	c.Flags().StringVar(&r.PrivateComment, "private-comment", "", "why, for colleagues")
	return c
}

func blockDomainRemove(g *globals) *cobra.Command {
	var b blockFor
	c := &cobra.Command{
		Use:     "remove DOMAIN [--tenant HOST]",
		Short:   "Remove the rule about a server; follows that it has ended do not come back",
		Example: "  rookery block domain remove spam.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := b.of(s)
				if err != nil {
					return err
				}
				domain, err := servername.Parse(args[0])
				if err != nil {
					return err
				}
				service := moderate.New(s.db, nil)
				if t == nil {
					err = service.RemoveForAll(cmd.Context(), audit.ByOperator(), domain)
				} else {
					err = service.Remove(cmd.Context(), audit.ByOperator(), t.ID, domain)
				}
				if err != nil {
					return err
				}
				if b.asJSON {
					return printJSON(cmd.OutOrStdout(), map[string]any{"domain": domain, "removed": true})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "There is no rule about %s any more.\n", domain)
				return err
			})
		},
	}
	b.flags(c)
	return c
}

func blockDomainList(g *globals) *cobra.Command {
	var b blockFor
	c := &cobra.Command{
		Use:     "list [--tenant HOST]",
		Short:   "List rules about servers: those for everybody, or those of one tenant",
		Example: "  rookery block domain list --tenant social.acme.com --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := b.of(s)
				if err != nil {
					return err
				}
				list, err := s.serverRules(cmd, t)
				if err != nil {
					return err
				}
				if b.asJSON {
					rows := make([]map[string]any, len(list))
					for i, r := range list {
						rows[i] = blockRow(r)
					}
					return printJSON(cmd.OutOrStdout(), rows)
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "DOMAIN\tSEVERITY\tMEDIA\tPUBLIC COMMENT\tPRIVATE COMMENT")
				for _, r := range list {
					media := "taken"
					if r.RejectMedia {
						media = "refused"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Domain, r.Severity, media, r.PublicComment, r.PrivateComment)
				}
				return w.Flush()
			})
		},
	}
	b.flags(c)
	return c
}

func (s *system) serverRules(cmd *cobra.Command, t *tenant.Tenant) (list []*moderate.Rule, err error) {
	if t == nil {
		return moderate.New(s.db, nil).ForAll(cmd.Context())
	}
	err = s.db.Tenant(cmd.Context(), t.ID, func(scope *pg.Scope) error {
		list, err = store.ServerRules(cmd.Context(), scope, "", "", moderate.MaxRules)
		return err
	})
	return list, err
}

func blockRow(r *moderate.Rule) map[string]any {
	return map[string]any{
		"domain": r.Domain, "severity": r.Severity, "reject_media": r.RejectMedia, "public_comment": r.PublicComment, "private_comment": r.PrivateComment,
	}
}
