package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/ids"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/notice"
)

func mailCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "mail", Short: "Try the mail server, and see which mails did not go out"}
	c.AddCommand(mailTest(g), mailList(g), mailRetry(g))
	return c
}

func mailTest(g *globals) *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:     "test --to ADDRESS",
		Short:   "Send a mail that says that mails arrive",
		Example: "  rookery mail test --to you@example.com",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := mail.Address(to); err != nil {
				return wrongUse("--to: %w", err)
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				if !s.hasMailer() {
					return wrongUse("ROOKERY_SMTP_HOST is not set; `rookery config` lists the settings")
				}
				sender, err := s.newMailer()
				if err != nil {
					return err
				}
				now := time.Now()
				letter, err := s.letters().Render("test", "en", map[string]string{"since": now.UTC().Format(time.RFC3339), "server": s.cfg.String("smtp_host"), "link": s.console()})
				if err != nil {
					return err
				}
				m := &mail.Message{ID: "test." + ids.Format(ids.New()), To: to, Date: now, Letter: letter}
				if err := sender.Send(cmd.Context(), m); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s took a mail to %s. If it is not there within minutes, look among the spam and into that server's log for %s.\n", sender.Server(), to, m.ID)
				return err
			})
		},
	}
	c.Flags().StringVar(&to, "to", "", "who gets it")
	return c
}

const mailsListed = 1000

func mailList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List mails that wait or were given up, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				unsent, err := s.unsentMails(cmd.Context(), mailsListed)
				if err != nil {
					return err
				}
				return printMails(cmd.OutOrStdout(), unsent, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func mailRetry(g *globals) *cobra.Command {
	var isDry, asJSON bool
	c := &cobra.Command{
		Use:   "retry [ID …] [--dry-run]",
		Short: "Send mails again that were given up",
		Long: `Send mails again that were given up: all, or those whose ids are named (see “rookery mail
list --json”). They wait in the queue as if they were new, with all their tries.

What is older than a week stays as it is: what was to be said then is not to be said now.
A mail that goes out again says what it said, with the link that it had, and the time of
that link does not begin anew: a new password has an hour, a sign-up or a new address a day,
an invitation a week. Who follows a link that has ended is told so and asks for another one
on that page; an invitation is sent again under People in the console.
See first that the cause is gone; “rookery mail list” says why, “rookery mail test” whether
the mail server takes mails.`,
		Example: "  rookery mail retry --dry-run",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var named []int64
			for _, arg := range args {
				id, ok := ids.Parse(arg)
				if !ok {
					return wrongUse("“%s” is no id of a mail; `rookery mail list --json` shows them", arg)
				}
				named = append(named, id)
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				return s.retryMails(cmd, named, isDry, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&isDry, "dry-run", false, "show what would be sent and change nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (s *system) retryMails(cmd *cobra.Command, named []int64, isDry, asJSON bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	var again, stale []*store.UnsentMail
	err := s.db.Platform(ctx, "send mails again that were given up", func(tx *pg.PlatformTx) (err error) {
		if again, stale, err = notice.Failed(ctx, tx, time.Now(), named...); err != nil || isDry {
			return err
		}
		return notice.Retry(ctx, tx, again)
	})
	if err != nil {
		return err
	}
	if unknown := len(named) - len(again) - len(stale); unknown > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d of the ids name no mail that was given up.\n", unknown)
	}
	if asJSON {
		return printJSON(out, map[string]any{"changed": !isDry, "again": mailRows(again), "too_old": mailRows(stale)})
	}
	if len(again) > 0 {
		if err := printMails(out, again, false); err != nil {
			return err
		}
	}
	words := "%d wait in the queue again, %d are too old to be sent.\n"
	if isDry {
		words = "%d would wait in the queue again, %d are too old to be sent. Nothing was changed.\n"
	}
	_, err = fmt.Fprintf(out, words, len(again), len(stale))
	return err
}

func printMails(out io.Writer, mails []*store.UnsentMail, asJSON bool) error {
	if asJSON {
		return printJSON(out, mailRows(mails))
	}
	if len(mails) == 0 {
		_, err := fmt.Fprintln(out, "No mail waits, and none was given up.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "QUEUED\tTO\tTEMPLATE\tSTATE\tTRIES\tNEXT TRY\tWHY")
	for _, m := range mails {
		tries, next := "–", "–"
		if !m.NextTryAt.IsZero() {
			tries, next = strconv.Itoa(m.Tries), m.NextTryAt.Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.CreatedAt.Format(time.DateTime), m.Recipient, m.Template, mailState(m), tries, next, m.LastError)
	}
	return w.Flush()
}

func mailRows(mails []*store.UnsentMail) []map[string]any {
	rows := make([]map[string]any, len(mails))
	for i, m := range mails {
		rows[i] = map[string]any{
			"id": ids.Format(m.ID), "tenant_id": m.TenantID.String(), "to": m.Recipient, "template": m.Template, "created_at": m.CreatedAt,
			"state": mailState(m), "error": m.LastError,
		}
		if !m.NextTryAt.IsZero() {
			rows[i]["tries"], rows[i]["next_try_at"] = m.Tries, m.NextTryAt
		}
	}
	return rows
}

func mailState(m *store.UnsentMail) string {
	if m.NextTryAt.IsZero() {
		return "failed"
	}
	return "waiting"
}
