package limit_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/testkit"
)

const mail = "Alice@a.test"

var home = netip.MustParseAddr("192.0.2.7")

func attempts(t *testing.T, l *limit.Logins, n int, from func(int) netip.Addr, email func(int) string) (refused int) {
	t.Helper()
	for i := range n {
		switch err := l.Attempt(t.Context(), from(i), email(i)); fault.CodeOf(err) {
		case "":
		case fault.TooMany:
			refused++
		default:
			t.Fatal(err)
		}
	}
	return refused
}

func sameAddress(int) netip.Addr { return home }
func sameMail(int) string        { return mail }
func otherAddress(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 51, byte(i / 250), byte(i % 250)})
}
func otherMail(i int) string { return strings.Repeat("x", i+1) + "@a.test" }

// TEN-42, each limit by itself.
func TestLoginsAreLimited(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from   func(int) netip.Addr
		email  func(int) string
		window time.Duration
	}{
		"by address, many people":   {sameAddress, otherMail, 5 * time.Minute},
		"by person, many addresses": {otherAddress, sameMail, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, c := testkit.DB(t), newClock()
			l := limit.NewLogins(db.PG, limit.Options{Now: c.now})
			if n := attempts(t, l, 25, tt.from, tt.email); n != 0 {
				t.Fatalf("%d of the first 25 were refused", n)
			}
			// Another process, or this one after a restart.
			l = limit.NewLogins(db.PG, limit.Options{Now: c.now})
			if n := attempts(t, l, 3, tt.from, tt.email); n != 3 {
				t.Errorf("%d of 3 more were refused, want all", n)
			}
			c.move(tt.window)
			if n := attempts(t, l, 1, tt.from, tt.email); n != 0 {
				t.Error("refused in the next window")
			}
		})
	}
}

func TestSpellingOfAMailAddressIsNoWayOut(t *testing.T) {
	t.Parallel()
	l := limit.NewLogins(testkit.DB(t).PG, limit.Options{Now: newClock().now})
	attempts(t, l, 25, otherAddress, sameMail)
	if n := attempts(t, l, 1, sameAddress, func(int) string { return " alice@A.test " }); n != 1 {
		t.Error("another spelling was not refused")
	}
}

func TestSuccessGivesTriesBack(t *testing.T) {
	t.Parallel()
	l := limit.NewLogins(testkit.DB(t).PG, limit.Options{Now: newClock().now})
	for range 60 { // an office behind one address, with the right passwords
		if err := l.Attempt(t.Context(), home, mail); err != nil {
			t.Fatal(err)
		}
		if err := l.Succeeded(t.Context(), home, mail); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoginCountersNameNobody(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	l := limit.NewLogins(db.PG, limit.Options{Now: newClock().now})
	attempts(t, l, 1, sameAddress, sameMail)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), `SELECT subject FROM login_attempts`)
	if err != nil {
		t.Fatal(err)
	}
	subjects, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(subjects) != 2 {
		t.Fatalf("%v, %v", subjects, err)
	}
	for _, s := range subjects {
		if strings.Contains(strings.ToLower(s), "alice") || strings.Contains(s, home.String()) {
			t.Errorf("a counter names its subject: %s", s)
		}
	}
}

func TestLoginLimitsCanBeLifted(t *testing.T) {
	t.Parallel()
	l := limit.NewLogins(testkit.DB(t).PG, limit.Options{Factor: limit.Off})
	if n := attempts(t, l, 30, sameAddress, sameMail); n != 0 {
		t.Errorf("%d were refused", n)
	}
}

// TEN-42: mails that strangers ask for are limited by who asks and by whom they go to, apart
// from log-ins, and no restart forgives anybody.
func TestMailsAreLimited(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from  func(int) netip.Addr
		email func(int) string
		most  int
	}{
		"to one, from everywhere": {otherAddress, sameMail, 5},
		"from one, to everybody":  {sameAddress, otherMail, 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, c := testkit.DB(t), newClock()
			for i := range tt.most + 2 {
				l := limit.NewLogins(db.PG, limit.Options{Now: c.now}) // as after a restart
				err := l.Mail(t.Context(), tt.from(i), tt.email(i))
				if want := i >= tt.most; (fault.CodeOf(err) == fault.TooMany) != want {
					t.Errorf("mail %d: %v", i+1, err)
				}
			}
			l := limit.NewLogins(db.PG, limit.Options{Now: c.now})
			if err := l.Attempt(t.Context(), home, mail); err != nil {
				t.Errorf("mails count as log-ins: %v", err)
			}
			c.move(time.Hour)
			if err := l.Mail(t.Context(), home, mail); err != nil {
				t.Errorf("an hour later: %v", err)
			}
		})
	}
}

// TEN-42: where nobody says who it is, the address alone counts.
func TestAttemptsWithoutAName(t *testing.T) {
	t.Parallel()
	l := limit.NewLogins(testkit.DB(t).PG, limit.Options{Now: newClock().now})
	refused := 0
	for range 30 {
		if fault.CodeOf(l.AttemptFrom(t.Context(), home)) == fault.TooMany {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d of 30 were refused, want 5", refused)
	}
	if err := l.AttemptFrom(t.Context(), otherAddress(1)); err != nil {
		t.Error(err)
	}
}
