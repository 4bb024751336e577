package notice

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
)

const (
	// sendFor bounds one try: connecting and sending have half a minute each. It stays
	// below the time after which a job is taken for lost and given to another process.
	sendFor = 75 * time.Second
	// staleAfter: what was to be said then is not to be said now. It matters where the mail
	// server was not set for weeks, and all mails of these weeks would go out at once.
	staleAfter = 7 * 24 * time.Hour
	markFor    = 10 * time.Second
)

// Sender hands a mail to a server; *mail.Sender does.
type Sender interface {
	Send(context.Context, *mail.Message) error
}

// Worker works jobs.SendMail.
//
// It may run twice: a mail that is marked as sent is not sent again. Between the server's
// word that it took a mail and the mark lies a moment in which a crash leaves the mark out;
// then the mail goes out twice, with the same Message-ID, by which many mail apps show it once.
type Worker struct {
	river.WorkerDefaults[jobs.SendMail]
	DB        *pg.DB
	Sender    Sender
	Templates mail.Templates
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.SendMail]) time.Duration { return sendFor }

// Work implements river.Worker. The network is used outside transactions.
func (w *Worker) Work(ctx context.Context, job *river.Job[jobs.SendMail]) error {
	m, err := w.read(ctx, job.Args.MailID)
	if fault.IsNotFound(err) {
		return nil // removed by age
	}
	if err != nil {
		return fmt.Errorf("read the mail %d: %w", job.Args.MailID, err)
	}
	if !m.SentAt.IsZero() {
		return nil
	}
	if age := w.now().Sub(m.CreatedAt); age > staleAfter {
		return w.giveUp(ctx, m, fmt.Errorf("it waited for %d days and is not sent any more", int(age.Hours()/24)))
	}
	err = w.send(ctx, m)
	if mail.IsRefused(err) {
		return w.giveUp(ctx, m, err)
	}
	if err != nil {
		return w.note(ctx, m, time.Time{}, err, job.Attempt >= job.MaxAttempts)
	}
	w.Log.InfoContext(ctx, "mail sent", "mail", m.ID, "template", m.Template, "tenant", m.TenantID)
	return w.note(ctx, m, w.now(), nil, true)
}

func (w *Worker) read(ctx context.Context, id int64) (m *store.Mail, err error) {
	err = w.DB.Platform(ctx, "read a mail to send", func(tx *pg.PlatformTx) (err error) {
		m, err = store.MailByID(ctx, tx, id)
		return err
	})
	return m, err
}

// send fails for a template that this process does not know, too: in the middle of an
// update another one does.
func (w *Worker) send(ctx context.Context, m *store.Mail) error {
	letter, err := w.Templates.Render(m.Template, m.Locale, m.Data)
	if err != nil {
		return err
	}
	return w.Sender.Send(ctx, &mail.Message{ID: "mail." + ids.Format(m.ID), To: m.Recipient, Date: w.now(), Letter: letter})
}

// note writes how a try ended and returns its error; it was the last one, or not. It outlives
// the job's time: a mail that was sent must be marked.
func (w *Worker) note(ctx context.Context, m *store.Mail, sent time.Time, failed error, isLast bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markFor)
	defer cancel()
	text := ""
	if failed != nil {
		text = failed.Error()
	}
	err := w.DB.Platform(ctx, "mark a mail", func(tx *pg.PlatformTx) error {
		return store.MarkMail(ctx, tx, m.ID, sent, text, isLast && isLetter(m.Template))
	})
	if err != nil && failed == nil {
		return fmt.Errorf("mark the mail %d as sent: %w", m.ID, err)
	}
	return failed
}

// giveUp ends the tries; the row keeps why.
func (w *Worker) giveUp(ctx context.Context, m *store.Mail, why error) error {
	return river.JobCancel(w.note(ctx, m, time.Time{}, why, true))
}

// isLetter reports whether a mail is for one person and their login alone. What it says, above
// all its link, goes when it is given up, so that it cannot be sent again: its person asks for
// a new one. Other mails keep it, for Retry.
func isLetter(template string) bool { return strings.HasPrefix(template, "person_") }

func (w *Worker) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}
