package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/pg"
	"rookery/internal/upkeep"
)

func upkeepCommand(g *globals) *cobra.Command {
	var mode upkeep.Mode
	var asJSON bool
	c := &cobra.Command{
		Use:   "upkeep",
		Short: "Remove what is old and unused now, as the worker does by itself",
		Long: `Remove what is old and unused now, as the worker does by itself.

How long each class of data stays is set by ROOKERY_RETENTION_…; rookery config shows
the settings. With --dry-run nothing is changed: the numbers are what a round would
remove, class by class, as things stand before it.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				mode.All = true
				report, err := s.keeper(s.db).Round(cmd.Context(), mode)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), report)
				}
				return printUpkeep(cmd, report, mode.Dry)
			})
		},
	}
	c.Flags().BoolVar(&mode.Dry, "dry-run", false, "count what would go and change nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printUpkeep(cmd *cobra.Command, report *upkeep.Report, dry bool) error {
	out := cmd.OutOrStdout()
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	verb := "REMOVED"
	if dry {
		verb = "WOULD GO"
	}
	fmt.Fprintf(w, "CLASS\t%s\n", verb)
	for _, c := range report.Kinds {
		fmt.Fprintf(w, "%s\t%d\n", c.Kind, c.Rows)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !report.Finished {
		fmt.Fprintln(out, "There is more: the time of one round was over. Run it again, or leave it to the worker.")
	}
	return nil
}

// keeper does the rounds, with the clocks that are set.
func (s *system) keeper(db *pg.DB) *upkeep.Worker {
	return &upkeep.Worker{DB: db, Tenants: s.registry, Metrics: s.upkeep, Log: s.log, Clocks: s.clocks()}
}

// clocks say how long the platform keeps things; a company's own are shorter.
func (s *system) clocks() upkeep.Clocks {
	days := func(key string) time.Duration { return time.Duration(s.cfg.Int("retention_"+key)) * 24 * time.Hour }
	return upkeep.Clocks{
		RemotePosts: days("remote_posts"), RemoteAccounts: days("remote_accounts"), Notifications: days("notifications"),
		Tombstones: days("tombstones"), Activities: days("activities"), Inbox: days("inbox"), Events: days("events"),
		Apps: days("apps"), Uploads: days("uploads"), Mails: upkeep.Defaults.Mails, Edits: s.cfg.Int("retention_remote_edits"),
	}
}
