package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// These tests are inside the package: a command cannot be imported.

func TestWrongUseExitsWithTwo(t *testing.T) {
	t.Parallel()
	nowhere := filepath.Join(t.TempDir(), "nothing")
	for _, args := range [][]string{
		{}, {"nonsense"}, {"tenant"}, {"tenant", "nonsense"}, {"tenant", "show"}, {"tenant", "list", "extra"}, {"dev", "--bogus"},
		{"dev", "--listen", "nonsense", "--data", nowhere}, {"account", "show", "support"}, {"account", "list"},
		{"account", "delete", "support"}, {"account", "delete", "acme.test", "support"}, {"upkeep", "extra"}, {"mail"}, {"mail", "test"}, {"mail", "test", "--to", "nobody"}, {"mail", "list", "extra"}, {"mail", "retry", "nonsense"},
		{"tenant", "create", "--domain", "x.test"}, {"migrate", "status", "--data", nowhere},
	} {
		if got := run(t.Context(), args); got != exitWrongUse {
			t.Errorf("rookery %s: exit code %d, want %d", strings.Join(args, " "), got, exitWrongUse)
		}
	}
	for _, args := range [][]string{{"--help"}, {"help"}, {"tenant", "--help"}, {"help", "tenant"}} {
		if got := run(t.Context(), args); got != 0 {
			t.Errorf("rookery %s: exit code %d, want 0", strings.Join(args, " "), got)
		}
	}
}

// A typing error is told with what is right, before a database is looked for.
func TestUnknownScopesAreToldWithTheKnown(t *testing.T) {
	t.Parallel()
	root := newRoot()
	root.SetArgs([]string{"token", "create", "--tenant", "x.test", "--account", "support", "--scopes", "all"})
	var wrong usageError
	if err := root.ExecuteContext(t.Context()); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "read:statuses") {
		t.Errorf("%v", err)
	}
}

// devRun is a `rookery dev` on a test's own database and data folder.
type devRun struct {
	dir  string
	args []string
}

func newDevRun(t *testing.T) devRun {
	t.Helper()
	dir := t.TempDir()
	settings := filepath.Join(dir, "settings.toml")
	if err := os.WriteFile(settings, []byte("admin_listen = \"off\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return devRun{dir, []string{"dev", "--config", settings, "--data", dir, "--database-url", testkit.DB(t).SuperURL, "--listen", testkit.FreeAddress(t)}}
}

func TestAnInterruptedDemoIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	dev := newDevRun(t)
	logins := filepath.Join(dev.dir, tokenFile)
	// The first start comes as far as the first tenant's login, which it cannot write down.
	if err := os.WriteFile(logins, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(interrupted, dev.args) }()
	dev.waitFor(t, "acme.localhost", ended)
	stop()
	<-ended

	again, stop := context.WithCancel(t.Context())
	go func() { ended <- run(again, dev.args) }()
	dev.waitFor(t, demoDone, ended)
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	text, err := os.ReadFile(logins)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"acme.localhost", "globex.localhost"} {
		if n := strings.Count(string(text), host+":"); n == 0 {
			t.Errorf("no login of %s:\n%s", host, text)
		}
	}
}

// waitFor waits until the demo has written a text down.
func (d devRun) waitFor(t *testing.T, text string, ended <-chan int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		b, err := os.ReadFile(filepath.Join(d.dir, tokenFile))
		if err == nil && strings.Contains(string(b), text) {
			return
		}
		select {
		case code := <-ended:
			t.Fatalf("ended early with exit code %d", code)
		case <-tick.C:
		}
	}
	t.Fatalf("the demo never wrote %q", text)
}
