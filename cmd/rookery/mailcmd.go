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
	"rookery/internal/store"
)

func mailCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "mail", Short: "Try the mail server, and see which mails did not go out"}
	c.AddCommand(mailTest(g), mailList(g))
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

func printMails(out io.Writer, mails []*store.UnsentMail, asJSON bool) error {
	if asJSON {
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
		return printJSON(out, rows)
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

func mailState(m *store.UnsentMail) string {
	if m.NextTryAt.IsZero() {
		return "failed"
	}
	return "waiting"
}
