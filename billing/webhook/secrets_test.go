package webhook_test

import (
	"context"
	"errors"
	"testing"

	"rookery/billing/webhook"
)

func TestRemembered(t *testing.T) {
	t.Parallel()
	asked := 0
	answers := []struct {
		secrets []string
		err     error
	}{{nil, errors.New("the database is away")}, {nil, nil}, {[]string{"whsec_a"}, nil}}
	secrets := webhook.Remembered(func(context.Context) ([]string, error) {
		a := answers[asked]
		asked++
		return a.secrets, a.err
	})
	if _, err := secrets(t.Context()); err == nil {
		t.Error("an error is lost")
	}
	if got, err := secrets(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	// None is asked for again: the first one may just have been made.
	for range 3 {
		if got, err := secrets(t.Context()); err != nil || len(got) != 1 {
			t.Errorf("%v, %v", got, err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}
