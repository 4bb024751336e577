package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"rookery/internal/pg"
)

func migrateCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to date"}
	c.AddCommand(migrateUp(g), migrateStatus(g))
	return c
}

func migrateUp(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Make roles and grants if they are missing, then run what has not run yet",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			d, err := g.findDatabase(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer d.stop()
			if err := pg.Provision(cmd.Context(), d.adminURL); err != nil {
				return err
			}
			if err := pg.Migrate(cmd.Context(), d.ownerURL); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The schema is up to date.")
			return nil
		},
	}
}

func migrateStatus(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "List the migrations and whether the database has them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			d, err := g.findDatabase(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer d.stop()
			rows, err := pg.MigrationStatus(cmd.Context(), d.ownerURL)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), rows)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, r := range rows {
				state := "waiting"
				if r.Applied {
					state = "applied"
				}
				fmt.Fprintf(w, "%s\t%s\n", r.Name, state)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
