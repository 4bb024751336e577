package web_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/limit"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
)

// host is what fail2ban puts in the place of <HOST>, for addresses as we write them.
const host = `(?P<host>[0-9A-Fa-f:.]+)`

func filters(t *testing.T) []*regexp.Regexp {
	t.Helper()
	conf, err := os.ReadFile("../../deploy/fail2ban/rookery.conf")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(conf), "failregex = ")
	var out []*regexp.Regexp
	for line := range strings.Lines(rules) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, regexp.MustCompile(strings.ReplaceAll(line, "<HOST>", host)))
		}
	}
	return out
}

// TEN-42: fail2ban finds the address in the line that a refused sign-in really writes, in both
// formats, and the line names nobody.
func TestFail2banReadsTheLog(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		for _, address := range []string{"192.0.2.7", "2001:db8::7"} {
			var out bytes.Buffer
			door := web.Door{People: w.People, Logins: limit.NewLogins(w.PG, limit.Options{Now: testkit.StoppedClock()}), Log: slog.New(handler(&out))}
			_, problem, err := door.Enter(t.Context(), web.Attempt{From: netip.MustParseAddr(address), Mail: "alice@a.test", Password: "ip=203.0.113.9"})
			if err != nil || problem != assets.Mismatch {
				t.Fatalf("%q, %v", problem, err)
			}
			line, found := strings.TrimSpace(out.String()), ""
			for _, filter := range filters(t) {
				if m := filter.FindStringSubmatch(line); m != nil {
					found = m[filter.SubexpIndex("host")]
				}
			}
			if found != address {
				t.Errorf("%s: found %q in %s", name, found, line)
			}
			if strings.Contains(line, "alice") || strings.Contains(line, "203.0.113.9") {
				t.Errorf("%s says who or with what: %s", name, line)
			}
		}
	}
	for _, other := range []string{`msg="request" path="sign-in refused ip=192.0.2.9 reason=password"`, `msg="sign-in refused" ip=192.0.2.9 reason=disabled`} {
		for _, filter := range filters(t) {
			if filter.MatchString(other) {
				t.Errorf("%s bans somebody", other)
			}
		}
	}
}
