package main

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/dashboard/words"
	"rookery/internal/jobs"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/notice"
)

// console is the address of the platform's own pages.
func (s *system) console() string {
	return s.cfg.String("public_scheme") + "://" + s.cfg.String("platform_host")
}

// hasMailer reports whether a mail server is set.
func (s *system) hasMailer() bool { return s.cfg.String("smtp_host") != "" }

// newMailer makes what sends mails, as the settings say.
func (s *system) newMailer() (*mail.Sender, error) {
	platform := hostname(s.cfg.String("platform_host"))
	o := mail.Options{
		Host: s.cfg.String("smtp_host"), Port: s.cfg.Int("smtp_port"), TLS: mail.TLS(s.cfg.String("smtp_tls")), RootCAs: s.roots,
		User: s.cfg.String("smtp_user"), Password: s.cfg.String("smtp_password"),
		From: s.cfg.String("smtp_from"), FromName: s.cfg.String("smtp_from_name"), Hello: s.cfg.String("smtp_hello"),
	}
	if o.From == "" {
		o.From = "rookery@" + platform
	}
	if o.Hello == "" {
		o.Hello = platform
	}
	sender, err := mail.New(o)
	if err != nil {
		return nil, fmt.Errorf("the settings ROOKERY_SMTP_… do not fit: %w", err)
	}
	return sender, nil
}

func (s *system) letters() mail.Templates { return mail.Templates{Home: s.console(), Say: said} }

// said is a sentence of ours in a language, by the catalogue of the pages.
func said(locale, english string) string { return words.In(locale).Say(english) }

// queues are those that this process works. Without a mail server mails wait.
func (s *system) queues(w *river.Workers) (map[string]int, error) {
	queues := s.cfg.Pairs("queues")
	if queues[jobs.QueueMail] == 0 {
		return queues, nil
	}
	if !s.hasMailer() {
		s.log.Warn("no mail is sent: ROOKERY_SMTP_HOST is not set. Mails wait; what is older than a week is not sent any more")
		delete(queues, jobs.QueueMail)
		return queues, nil
	}
	sender, err := s.newMailer()
	if err != nil {
		return nil, err
	}
	river.AddWorker(w, &notice.Worker{DB: s.jobs, Sender: sender, Templates: s.letters(), Log: s.log})
	return queues, nil
}

const mailsLooked = 1000 // the newest; who has more sees that something is wrong

// checkMail connects to the mail server and counts what did not go out.
func (s *system) checkMail(ctx context.Context) []finding {
	out := []finding{s.checkMailServer(ctx)}
	unsent, err := s.unsentMails(ctx, mailsLooked)
	if err != nil {
		return append(out, finding{Check: "mails", Fact: err.Error()})
	}
	late, failed := 0, 0
	for _, m := range unsent {
		switch {
		case m.NextTryAt.IsZero():
			failed++
		case time.Since(m.CreatedAt) > time.Hour:
			late++
		}
	}
	// A recipient whose server refuses is no fault of the installation.
	f := finding{Check: "mails", OK: late == 0 || !s.hasMailer(), Fact: fmt.Sprintf("%d wait for more than an hour, %d were given up", late, failed)}
	if late+failed > 0 {
		f.Advice = "`rookery mail list` says why."
	}
	return append(out, f)
}

func (s *system) checkMailServer(ctx context.Context) finding {
	if !s.hasMailer() {
		isDev := s.cfg.String("public_scheme") == "http"
		return finding{Check: "mail server", OK: isDev, Fact: "none is set: mails wait and nobody gets them", Advice: "Set ROOKERY_SMTP_HOST and its neighbours; `rookery config` lists them."}
	}
	sender, err := s.newMailer()
	if err != nil {
		return finding{Check: "mail server", Fact: err.Error(), Advice: "Correct the setting; `rookery config` lists all with their meaning."}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		return finding{Check: "mail server", Fact: err.Error(), Advice: "See that the server runs and that host, port, ROOKERY_SMTP_TLS, user and password are right."}
	}
	return finding{Check: "mail server", OK: true, Fact: sender.Server() + " answers and lets us in"}
}

func (s *system) unsentMails(ctx context.Context, limit int) (out []*store.UnsentMail, err error) {
	err = s.db.Platform(ctx, "list mails that were not sent", func(tx *pg.PlatformTx) (err error) {
		out, err = store.UnsentMails(ctx, tx, limit)
		return err
	})
	return out, err
}
