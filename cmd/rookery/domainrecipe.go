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
				var together []*tenant.Domain
				for _, one := range domains.Together(all, d.ID) {
					together = append(together, one.Domain)
				}
				names := doctor.NamesOf(s.newLooker().EdgeName(d.TenantID), s.cfg.List("edge_addresses"), together...)
				return printRecipes(cmd.OutOrStdout(), names, server, asMail, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&server, "for", "", "one web server or host alone")
	f.BoolVar(&asMail, "mail", false, "print a letter to the company's IT")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
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
