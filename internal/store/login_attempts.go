package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// LoginWindow counts the log-ins of one subject since a time.
type LoginWindow struct {
	Subject string // hashed
	Start   time.Time
}

const countLogin = `
INSERT INTO login_attempts (subject, window_start, failures)
VALUES (@subject, @window_start, 1)
ON CONFLICT (subject, window_start) DO UPDATE SET failures = login_attempts.failures + 1
RETURNING failures`

// CountLogin adds one to a window and returns the sum. Counting before the password
// is looked at leaves no gap for attempts that run side by side.
func CountLogin(ctx context.Context, p *pg.PlatformTx, w LoginWindow) (int, error) {
	return pg.Value[int](ctx, p, countLogin, pgx.NamedArgs{"subject": w.Subject, "window_start": w.Start})
}

const (
	forgiveLogin = `UPDATE login_attempts SET failures = GREATEST(failures - 1, 0) WHERE subject = @subject AND window_start = @window_start`
	forgetLogins = `DELETE FROM login_attempts WHERE subject = @subject AND window_start = @window_start`
)

// ForgiveLogin takes one attempt back from one window and all from another: what a
// log-in that worked does to the address it came from and to the person's own counter.
func ForgiveLogin(ctx context.Context, p *pg.PlatformTx, one, all LoginWindow) error {
	b := pg.NewBatch(p)
	b.Exec(forgiveLogin, pgx.NamedArgs{"subject": one.Subject, "window_start": one.Start})
	b.Exec(forgetLogins, pgx.NamedArgs{"subject": all.Subject, "window_start": all.Start})
	return b.Send(ctx)
}

// ReturnLogin takes one try back.
func ReturnLogin(ctx context.Context, p *pg.PlatformTx, w LoginWindow) error {
	_, err := pg.Exec(ctx, p, forgiveLogin, pgx.NamedArgs{"subject": w.Subject, "window_start": w.Start})
	return err
}
