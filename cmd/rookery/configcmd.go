package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func configCommand(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "config",
		Short: "Print each setting with its meaning, value and where the value came from",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			if asJSON {
				rows := []map[string]string{}
				for _, v := range cfg.All() {
					rows = append(rows, map[string]string{"key": v.Key, "variable": v.Env(), "value": v.Shown(), "default": v.Default, "source": string(v.Source), "help": v.Help})
				}
				return printJSON(cmd.OutOrStdout(), rows)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, v := range cfg.All() {
				fmt.Fprintf(w, "%s\t%s\t(%s)\n\t%s\t\n", v.Env(), orNone(v.Shown()), v.Source, describe(v.Help, v.Default, v.Secret))
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func orNone(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func describe(help, def string, secret bool) string {
	var b strings.Builder
	b.WriteString(help)
	if def != "" {
		b.WriteString(" Default: " + def + ".")
	}
	if secret {
		b.WriteString(" Also from the file named by …_FILE.")
	}
	return b.String()
}
