// Package e2e_test runs the real binary against real foreign software: Fedify on
// Node, toot, Mastodon.py and masto.js, Chromium on the console, and peers that fail
// in ugly ways.
//
// `make test` runs the cores, `make e2e-fedify`, `make e2e-clients`, `make e2e-browser`
// and `make e2e-console` (a company's first day, day_*_test.go) the long versions
// (ROOKERY_E2E=full); `make e2e-billing` and `make e2e-staff` those about money and the
// platform's own staff. The product is a child process here, with settings
// from its environment and operator's commands for everything else: nothing of
// these tests may reach into it by Go calls or SQL (federation/signature serves as
// the pen of peers written here). Foreign programs live in peers/, pinned by its
// package-lock.json.
package e2e_test

import (
	"os"
	"testing"
)

// full says whether the long variants are wanted.
func full() bool { return os.Getenv("ROOKERY_E2E") == "full" }

// shorten chooses a size: the one of `make test`, or the long one.
func shorten(short, long int) int {
	if full() {
		return long
	}
	return short
}

// needsTime skips in -short runs: each test here starts processes.
func needsTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the binary and foreign programs")
	}
}
