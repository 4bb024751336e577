package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/deletion"
	"rookery/tenant/registry"
)

// ending is what tenant delete was told.
type ending struct {
	host                   string
	now, sure, dry, asJSON bool
}

func tenantDelete(g *globals) *cobra.Command {
	var e ending
	c := &cobra.Command{
		Use:   "delete HOST [--now] [--dry-run] [--yes]",
		Short: "Delete an organisation with all that it has, and tell every server that knows it",
		Long: `Delete an organisation with all that it has, and tell every server that knows it.

At once it is closed to people: apps and pages answer “gone”, tokens and sessions end,
nobody signs in. Other servers notice nothing for thirty days, in which
“rookery tenant undelete” takes it back. Then, or right away with --now, its accounts are
deleted for ever, every server that knows them is told, its names are given up and answer
“gone” for half a year, and its data is removed. People who belong to no other
organisation are removed too. The audit log stays.`,
		Example: "  rookery tenant delete social.acme.com --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e.host = args[0]
			return g.withSystem(cmd.Context(), func(s *system) error { return s.deleteTenant(cmd, e) })
		},
	}
	flags := c.Flags()
	flags.BoolVar(&e.now, "now", false, "without the thirty days: it cannot be undone")
	flags.BoolVar(&e.sure, "yes", false, "do not ask")
	flags.BoolVar(&e.dry, "dry-run", false, "show what would go and change nothing")
	flags.BoolVar(&e.asJSON, "json", false, "print JSON")
	return c
}

func tenantUndelete(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "undelete HOST",
		Short: "Take back the deletion of an organisation within its thirty days",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				t, err := s.tenantNamed(args[0])
				if err != nil {
					return err
				}
				if err := s.newDeletion(s.db).Undo(cmd.Context(), audit.ByOperator(), t.ID); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is back as it was. Its people have to sign in again.\n", t.Name)
				return err
			})
		},
	}
}

// newDeletion builds what deletes tenants.
func (s *system) newDeletion(db *pg.DB) *deletion.Service {
	return deletion.New(deletion.Options{DB: db, Tenants: s.registry, Names: s.newDomains(db), Log: s.log, Console: s.console(), Now: s.moneyTime()})
}

func (s *system) deleteTenant(cmd *cobra.Command, e ending) error {
	ctx := cmd.Context()
	t, err := s.tenantNamed(e.host)
	if err != nil {
		return err
	}
	service := s.newDeletion(s.db)
	goes, err := service.Preview(ctx, t.ID)
	if err != nil {
		return err
	}
	claims, err := s.newDomains(s.db).List(ctx, t.ID)
	if err != nil {
		return err
	}
	names := []string{}
	for _, d := range claims {
		if d.State != tenant.DomainReleased {
			names = append(names, d.DisplayName)
		}
	}
	state, err := service.Of(ctx, t.ID)
	if err != nil {
		return err
	}
	if !e.dry {
		if err := confirmEnd(cmd, e, t, goes); err != nil {
			return err
		}
		after := deletion.UndoFor
		if e.now {
			after = 0
		}
		if state, err = service.Begin(ctx, audit.ByOperator(), t.ID, after); err != nil {
			return err
		}
	}
	return printEnd(cmd.OutOrStdout(), e, t, goes, names, state)
}

// confirmEnd has the host typed, unless told that it is not necessary.
func confirmEnd(cmd *cobra.Command, e ending, t *tenant.Tenant, goes *store.TenantFootprint) error {
	if e.sure {
		return nil
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "This deletes %s with %d accounts, %d posts and %d followers. Type %s to go on: ", t.Name, goes.Accounts, goes.Posts, goes.Followers, t.Host)
	typed, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	if registry.Normalise(typed) != t.Host {
		return fault.New(fault.Invalid, "Nothing was deleted: the host was not typed. In scripts, say --yes.")
	}
	return nil
}

func printEnd(out io.Writer, e ending, t *tenant.Tenant, goes *store.TenantFootprint, names []string, d *registry.Deletion) error {
	row := map[string]any{
		"id": t.ID.String(), "name": t.Name, "host": t.Host, "state": d.State, "changed": !e.dry, "goes": goes, "names": names,
	}
	if !d.DeleteAt.IsZero() {
		row["for_good_at"] = d.DeleteAt
	}
	if e.asJSON {
		return printJSON(out, row)
	}
	for key, value := range map[string]any{
		"accounts": goes.Accounts, "posts": goes.Posts, "files": fmt.Sprintf("%d, %d bytes", goes.Files, goes.MediaBytes),
		"followers elsewhere": goes.Followers, "servers that hear": goes.Inboxes, "tokens": goes.Tokens, "sessions": goes.Sessions,
		"people": fmt.Sprintf("%d, of whom %d belong to no other organisation and go too", goes.Members, goes.Persons),
		"names":  strings.Join(names, ", "),
	} {
		row[key] = value
	}
	err := printRow(out, row, "name", "host", "state", "accounts", "posts", "files", "followers elsewhere", "servers that hear", "tokens", "sessions", "people", "names")
	switch {
	case err != nil:
		return err
	case e.dry:
		_, err = fmt.Fprintln(out, "Nothing was changed.")
	case d.State == tenant.Deleting:
		_, err = fmt.Fprintf(out, "It is closed to people. Until %s `rookery tenant undelete %s` takes that back.\n", d.DeleteAt.Format(time.DateTime), t.Host)
	default:
		_, err = fmt.Fprintln(out, "It is gone for good; the worker tells other servers and removes its data.")
	}
	return err
}
