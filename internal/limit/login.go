package limit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
)

// Mastodon's numbers for log-ins.
var (
	loginsOfAddress = Rule{"login_address", 25, 5 * time.Minute}
	loginsOfMail    = Rule{"login_mail", 25, time.Hour}
	// Mails that strangers make us send: to whom, and who asks. An office shares an address.
	mailsTo   = Rule{"mail_to", 5, time.Hour}
	mailsFrom = Rule{"mail_from", 20, time.Hour}
)

// Logins limits log-ins by where they come from and by whom they are for. Its
// counters are in Postgres: they hold over restarts and processes.
type Logins struct {
	db     *pg.DB
	factor Factor
	now    func() time.Time
}

// NewLogins makes a Logins on a database.
func NewLogins(db *pg.DB, o Options) *Logins {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Logins{db: db, factor: o.Factor, now: o.Now}
}

var errLogins = fault.New(fault.TooMany, "Too many attempts to sign in. Wait some minutes and try again.")

// Attempt counts a try before the password is looked at, and refuses it with
// fault.TooMany where there were too many: from the address, which must be the one
// that the connection or a trusted proxy gives, or for the mail address.
func (l *Logins) Attempt(ctx context.Context, from netip.Addr, email string) error {
	if l.factor == Off {
		return nil
	}
	return l.count(ctx, l.addressWindow(from), l.mailWindow(email))
}

// AttemptFrom is Attempt where nobody says who it is, as with a passkey.
func (l *Logins) AttemptFrom(ctx context.Context, from netip.Addr) error {
	if l.factor == Off {
		return nil
	}
	return l.count(ctx, l.addressWindow(from))
}

// Mail counts a mail that somebody who is not signed in asks for, and refuses it with
// fault.TooMany. Mails to an address are counted whether anybody has it or not.
func (l *Logins) Mail(ctx context.Context, from netip.Addr, to string) error {
	if l.factor == Off {
		return nil
	}
	return l.count(ctx, l.window(mailsFrom, "mailfrom:", AddressKey(from)), l.window(mailsTo, "mailto:", strings.ToLower(strings.TrimSpace(to))))
}

// count adds one to each window. They are transactions of their own: an address that is
// refused must not use up what belongs to a person.
func (l *Logins) count(ctx context.Context, windows ...window) error {
	for _, w := range windows {
		var n int
		err := l.db.Platform(ctx, "count log-ins", func(tx *pg.PlatformTx) (err error) {
			n, err = store.CountLogin(ctx, tx, w.LoginWindow)
			return err
		})
		if err != nil {
			return fmt.Errorf("count log-ins: %w", err)
		}
		if n > l.factor.apply(w.max) {
			return errLogins
		}
	}
	return nil
}

// Succeeded takes a try back: an office behind one address may sign in as often as it
// likes with the right passwords, and a person who knows it starts anew.
func (l *Logins) Succeeded(ctx context.Context, from netip.Addr, email string) error {
	if l.factor == Off {
		return nil
	}
	err := l.db.Platform(ctx, "forgive log-ins", func(tx *pg.PlatformTx) error {
		return store.ForgiveLogin(ctx, tx, l.addressWindow(from).LoginWindow, l.mailWindow(email).LoginWindow)
	})
	if err != nil {
		return fmt.Errorf("forgive log-ins: %w", err)
	}
	return nil
}

// Returned is Succeeded for a first step that was right and a second one that is awaited:
// the address gets its try back, and what was counted for the person stays.
func (l *Logins) Returned(ctx context.Context, from netip.Addr) error {
	if l.factor == Off {
		return nil
	}
	err := l.db.Platform(ctx, "return a log-in", func(tx *pg.PlatformTx) error {
		return store.ReturnLogin(ctx, tx, l.addressWindow(from).LoginWindow)
	})
	if err != nil {
		return fmt.Errorf("return a log-in: %w", err)
	}
	return nil
}

type window struct {
	store.LoginWindow
	max int
}

func (l *Logins) addressWindow(from netip.Addr) window {
	return l.window(loginsOfAddress, "ip:", AddressKey(from))
}

func (l *Logins) mailWindow(email string) window {
	return l.window(loginsOfMail, "mail:", strings.ToLower(strings.TrimSpace(email)))
}

// window hashes the subject: the table is a list of who signs in from where otherwise.
func (l *Logins) window(r Rule, kind, subject string) window {
	sum := sha256.Sum256([]byte(kind + subject))
	return window{
		LoginWindow: store.LoginWindow{Subject: kind + hex.EncodeToString(sum[:16]), Start: l.now().Truncate(r.Per)},
		max:         r.Max,
	}
}
