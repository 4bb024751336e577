package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
)

func domainRecipe(g *globals) *cobra.Command {
	var server string
	var asMail, asJSON bool
	c := &cobra.Command{
		Use:   "recipe NAME|ID",
		Short: "Print the records and the web server's rules that a name needs, to copy",
		Long: `Print the records and the web server's rules that a name needs, to copy.

For a split domain that is a redirect on the company's website; --for prints it for one
web server or host alone (nginx, apache, caddy, cloudflare, netlify, vercel, wordpress,
cloudfront), without anything around it. --mail prints all of it as a letter to whoever
looks after the company's DNS and website.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				d, err := s.standingNamed(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				all, err := s.newDomains(s.db).List(cmd.Context(), d.TenantID)
				if err != nil {
					return err
				}
				return printRecipes(cmd.OutOrStdout(), s.recipeNames(d, all), server, asMail, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&server, "for", "", "one web server or host alone")
	f.BoolVar(&asMail, "mail", false, "print a letter to the company's IT")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// recipeNames are a claim's names with those it belongs to.
func (s *system) recipeNames(d domains.Standing, all []domains.Standing) doctor.Names {
	n := doctor.Names{Service: hostname(d.Name), Edge: s.newLooker().EdgeName(d.TenantID), Addresses: s.cfg.List("edge_addresses")}
	mine := func(one domains.Standing) bool {
		return one.State != tenant.DomainReleased && (one.ID == d.ID || one.ID == d.ServiceID || one.ServiceID != 0 && (one.ServiceID == d.ID || one.ServiceID == d.ServiceID))
	}
	for _, one := range all {
		if !mine(one) {
			continue
		}
		if one.Role == tenant.HandleDomain {
			n.Handle = hostname(one.Name)
		} else {
			n.Service = hostname(one.Name)
		}
		if one.Token != "" {
			n.Proofs = append(n.Proofs, doctor.Proof{Record: look.ChallengeLabel + "." + hostname(one.Name), Value: look.ProofOf(one.Token)})
		}
	}
	return n
}

func printRecipes(out io.Writer, n doctor.Names, server string, asMail, asJSON bool) error {
	recipes := []doctor.Recipe{}
	if n.IsSplit() {
		recipes = doctor.Recipes(n)
	}
	if server != "" {
		i := slices.IndexFunc(recipes, func(r doctor.Recipe) bool { return r.ID == server })
		if i < 0 {
			return wrongUse("there is no recipe “%s” for this name; see `rookery domain recipe --help`", server)
		}
		recipes = recipes[i : i+1]
	}
	var err error
	switch {
	case asJSON:
		err = printJSON(out, map[string]any{"records": doctor.ZoneLines(n), "recipes": recipes})
	case asMail && server != "":
		_, err = fmt.Fprintln(out, doctor.MailToIT(n, server))
	case asMail:
		_, err = fmt.Fprintln(out, doctor.MailToIT(n))
	case server != "":
		_, err = fmt.Fprintln(out, recipes[0].Text)
	default:
		fmt.Fprintf(out, "Records:\n\n  %s\n", strings.Join(doctor.ZoneLines(n), "\n  "))
		for _, r := range recipes {
			fmt.Fprintf(out, "\n%s, %s:\n\n  %s\n", r.Title, r.Where, strings.ReplaceAll(r.Text, "\n", "\n  "))
		}
	}
	return err
}
