package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rookery/billing"
	"rookery/internal/testkit"
)

// 11: a platform that would take payments without hearing of them does not start, and says
// what to do; with a secret it does.
func TestNoStartWithoutAWebhookSecret(t *testing.T) {
	t.Parallel()
	c := newCommands(t)
	address, plans := testkit.FreeAddress(t), filepath.Join(t.TempDir(), "plans.toml")
	if err := os.WriteFile(plans, []byte(billing.Examples()), 0o600); err != nil {
		t.Fatal(err)
	}
	c.set(t, "billing", "stripe", "stripe_key", "sk_test_nobody", "stripe_url", "http://127.0.0.1:1", "plans", plans, "listen", address)
	_, err := c.run(t, "serve")
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), "rookery billing setup") {
		t.Fatalf("it starts without a secret, or says nothing of use: %v", err)
	}
	if answer, err := http.Get("http://" + address + "/"); err == nil { //nolint:noctx // nobody is there
		_ = answer.Body.Close()
		t.Error("somebody listens")
	}
	c.set(t, "stripe_webhook_secret", "whsec_by_hand")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--config", c.config}) }()
	testkit.Eventually(t, time.Minute, "the platform serves", func() bool {
		select {
		case code := <-ended:
			t.Fatalf("it ended with %d", code)
		default:
		}
		answer, err := http.Post("http://"+address+"/stripe/webhook", "application/json", strings.NewReader("{}")) //nolint:noctx // loopback
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil
	})
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("it ends with %d", code)
	}
}

// set adds settings to the file: pairs of a key and its value.
func (c *commands) set(t *testing.T, pairs ...string) {
	t.Helper()
	f, err := os.OpenFile(c.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if _, err := fmt.Fprintf(f, "%s = %q\n", pairs[i], pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
