package notice_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/internal/jobs"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/smtptest"
	"rookery/tenant"
	"rookery/tenant/notice"
)

type world struct {
	*fixture.World
	t      *testing.T
	server *smtptest.Server
	worker *notice.Worker
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: fixture.New(t), t: t, server: smtptest.Start(t, smtptest.Options{Mode: "none"})}
	sender, err := mail.New(mail.Options{Host: "127.0.0.1", Port: w.server.Port, TLS: mail.NoTLS, From: "rookery@rookery.test", FromName: "Rookery"})
	if err != nil {
		t.Fatal(err)
	}
	w.worker = &notice.Worker{DB: w.PG, Sender: sender, Templates: mail.Templates{Home: "https://rookery.test"}, Log: slog.New(slog.DiscardHandler)}
	return w
}

var live = notice.Notice{Key: "live/1", Template: "domain_live", Data: map[string]string{
	"name": "acme.test", "role": "service", "since": "2026-11-20T10:42:00Z", "link": "https://rookery.test/tenants/1/domains/2",
}}

func (w *world) platform(fn func(*pg.PlatformTx) error) {
	w.t.Helper()
	if err := w.PG.Platform(w.t.Context(), "test", fn); err != nil {
		w.t.Fatal(err)
	}
}

// queue stores a mail and returns its id.
func (w *world) queue(of tenant.ID, to string, n notice.Notice) (id int64) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) error { return notice.QueueTo(w.t.Context(), tx, of, to, "de", n) })
	w.platform(func(tx *pg.PlatformTx) (err error) {
		id, err = pg.Value[int64](w.t.Context(), tx, `SELECT id FROM mails WHERE recipient = @to AND key = @key`, pgx.NamedArgs{"to": to, "key": n.Key})
		return err
	})
	return id
}

func (w *world) mail(id int64) (m *store.Mail) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) (err error) {
		m, err = store.MailByID(w.t.Context(), tx, id)
		return err
	})
	return m
}

func (w *world) work(id int64) error {
	return w.worker.Work(w.t.Context(), &river.Job[jobs.SendMail]{JobRow: &rivertype.JobRow{}, Args: jobs.SendMail{MailID: id}})
}

func TestAMailIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queue(w.A.Tenant.ID, "mara@acme.test", live)
	if again := w.queue(w.A.Tenant.ID, "mara@acme.test", live); again != id {
		t.Errorf("the same event was queued anew")
	}
	for range 3 {
		if err := w.work(id); err != nil {
			t.Fatal(err)
		}
	}
	got := w.server.Next()
	if subject := got.Parsed(t).Header.Get("Subject"); subject != "acme.test funktioniert" || got.To[0] != "mara@acme.test" || w.server.Waiting() > 0 {
		t.Errorf("%q to %v, and %d more", subject, got.To, w.server.Waiting())
	}
	if m := w.mail(id); time.Since(m.SentAt) > time.Minute || m.LastError != "" {
		t.Errorf("marked %+v", m)
	}
	if err := w.work(1); err != nil {
		t.Errorf("a mail that was removed: %v", err)
	}
}

// A mail that could not be marked goes out again, as the same mail.
func TestAMailThatCameTwiceIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.queue(w.A.Tenant.ID, "mara@acme.test", live)
	var ids []string
	data := w.mail(id).Data
	for range 2 {
		if err := w.work(id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, w.server.Next().Parsed(t).Header.Get("Message-Id"))
		w.platform(func(tx *pg.PlatformTx) error {
			_, err := pg.Exec(t.Context(), tx, `UPDATE mails SET sent_at = NULL, data = @data WHERE id = @id`, pgx.NamedArgs{"id": id, "data": data})
			return err
		})
	}
	if ids[0] == "" || ids[0] != ids[1] {
		t.Errorf("Message-IDs %q", ids)
	}
}

func TestWhatIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := w.queue(w.A.Tenant.ID, "late@acme.test", live)
	w.platform(func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE mails SET created_at = now() - interval '8 days' WHERE id = @id`, pgx.NamedArgs{"id": late})
		return err
	})
	gap := live
	gap.Key, gap.Data = "gap", map[string]string{"name": "acme.test"}
	for id, want := range map[int64]struct {
		text  string
		final bool
	}{
		late: {"it waited for 8 days", true},
		w.queue(w.A.Tenant.ID, "nobody@acme.test", live):                                        {"550", true},
		w.queue(w.A.Tenant.ID, "two@acme.test, x@y.test", live):                                 {"is no mail address", true},
		w.queue(w.A.Tenant.ID, "later@acme.test", live):                                         {"451", false},
		w.queue(w.A.Tenant.ID, "mara@acme.test", notice.Notice{Key: "x", Template: "nonsense"}): {"no mail template", false},
		w.queue(w.A.Tenant.ID, "mara@acme.test", gap):                                           {"is no time", false},
	} {
		err := w.work(id)
		var cancelled *river.JobCancelError
		if err == nil || errors.As(err, &cancelled) != want.final || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v", want.text, err)
		}
		if m := w.mail(id); !m.SentAt.IsZero() || !strings.Contains(m.LastError, want.text) {
			t.Errorf("%s: the row says %q, sent %s", want.text, m.LastError, m.SentAt)
		}
	}
	if w.server.Waiting() > 0 {
		t.Error("something was sent")
	}
}

// The queue tries what was put off again, stops at what was refused, and the list says which is which.
func TestTheQueueTriesAgainAndStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later, nobody := w.queue(w.A.Tenant.ID, "later@acme.test", live), w.queue(w.A.Tenant.ID, "nobody@acme.test", live)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	workers := river.NewWorkers()
	river.AddWorker(workers, w.worker)
	go func() {
		ended <- w.PG.Run(ctx, pg.Work{Workers: workers, Queues: map[string]int{jobs.QueueMail: 2}, Log: slog.New(slog.DiscardHandler), Grace: time.Second})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	if got := w.server.Next().To[0]; got != "later@acme.test" {
		t.Errorf("%s got a mail", got)
	}
	testkit.Eventually(t, time.Minute, "the mail is marked", func() bool { return !w.mail(later).SentAt.IsZero() && w.mail(later).LastError == "" })
	testkit.Eventually(t, time.Minute, "the refused one was given up", func() bool {
		var unsent []*store.UnsentMail
		w.platform(func(tx *pg.PlatformTx) (err error) {
			unsent, err = store.UnsentMails(t.Context(), tx, 10)
			return err
		})
		return len(unsent) == 1 && unsent[0].ID == nobody && unsent[0].NextTryAt.IsZero() && strings.Contains(unsent[0].LastError, "550")
	})
}

// A link that opens a login stays in no row once its mail was sent or given up; and what is
// left of such a mail is not sent again.
func TestLinksGoWithTheirMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reset := notice.Notice{Key: "reset/1", Template: "person_reset", Data: map[string]string{"link": "https://rookery.test/reset?token=s3cret", "deadline": "2026-11-20T10:42:00Z"}}
	for to, want := range map[string]bool{"mara@acme.test": false, "nobody@acme.test": false, "later@acme.test": true} {
		id := w.queue(w.A.Tenant.ID, to, reset)
		_ = w.worker.Work(t.Context(), &river.Job[jobs.SendMail]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 5}, Args: jobs.SendMail{MailID: id}})
		if m := w.mail(id); (m.Data["link"] != "") != want {
			t.Errorf("%s: the row has %v, sent %s, %s", to, m.Data, m.SentAt, m.LastError)
		}
	}
	reset.Template = "person_nonsense"
	last := w.queue(w.A.Tenant.ID, "last@acme.test", reset)
	_ = w.worker.Work(t.Context(), &river.Job[jobs.SendMail]{JobRow: &rivertype.JobRow{Attempt: 5, MaxAttempts: 5}, Args: jobs.SendMail{MailID: last}})
	if m := w.mail(last); len(m.Data) > 0 {
		t.Errorf("after the last try the row has %v", m.Data)
	}
	w.platform(func(tx *pg.PlatformTx) error {
		if _, err := pg.Exec(t.Context(), tx, `DELETE FROM river.river_job`, nil); err != nil {
			return err
		}
		again, stale, err := notice.Failed(t.Context(), tx, time.Now())
		if err == nil && (len(again) != 1 || again[0].Recipient != "later@acme.test" || again[0].TenantID != w.A.Tenant.ID || len(stale) != 2) {
			t.Errorf("to send again: %d, not: %d", len(again), len(stale))
		}
		return err
	})
}
