package ledger_test

import (
	"testing"

	"rookery/internal/testkit/billingtest"
)

// world is that of all tests of billing, with this package's own ways to disturb it.
type world struct {
	*billingtest.World
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{billingtest.New(t)}
}
