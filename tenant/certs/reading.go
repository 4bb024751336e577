package certs

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	// A handshake waits no longer for the storage, so that a slow database slows nobody
	// whose certificate is in memory already, and others only so much.
	readTimeout = 300 * time.Millisecond
	// After so many failures in a row nobody is kept waiting at all for a while.
	breakAfter = 3
	breakTime  = 2 * time.Second
)

var (
	errReadOnly = errors.New("the edge neither writes nor locks: certificates are ordered by the queue")
	errBroken   = errors.New("the certificate storage does not answer; it is left alone for a moment")
)

// reading is the storage as handshakes see it: they wait a moment at most, and cannot
// write, lock or delete, whatever CertMagic has in mind.
type reading struct {
	certmagic.Storage
	now func() time.Time

	mu      sync.Mutex
	failed  int
	openTil time.Time
}

// Load implements certmagic.Storage.
func (r *reading) Load(ctx context.Context, key string) (value []byte, err error) {
	err = r.do(ctx, func(ctx context.Context) error {
		value, err = r.Storage.Load(ctx, key)
		return err
	})
	return value, err
}

// Stat implements certmagic.Storage.
func (r *reading) Stat(ctx context.Context, key string) (info certmagic.KeyInfo, err error) {
	err = r.do(ctx, func(ctx context.Context) error {
		info, err = r.Storage.Stat(ctx, key)
		return err
	})
	return info, err
}

// List implements certmagic.Storage.
func (r *reading) List(ctx context.Context, prefix string, recursive bool) (keys []string, err error) {
	err = r.do(ctx, func(ctx context.Context) error {
		keys, err = r.Storage.List(ctx, prefix, recursive)
		return err
	})
	return keys, err
}

// Exists implements certmagic.Storage. CertMagic asks it to see whether something should be
// ordered. The edge orders nothing, so there is nothing to find out.
func (*reading) Exists(context.Context, string) bool { return true }

// Store implements certmagic.Storage.
func (*reading) Store(context.Context, string, []byte) error { return errReadOnly }

// Delete implements certmagic.Storage.
func (*reading) Delete(context.Context, string) error { return errReadOnly }

// Lock implements certmagic.Storage.
func (*reading) Lock(context.Context, string) error { return errReadOnly }

// Unlock implements certmagic.Storage.
func (*reading) Unlock(context.Context, string) error { return errReadOnly }

// do runs one read within its time, or refuses it while the breaker is open. One read is
// let through when the pause ends; if it succeeds, all are.
func (r *reading) do(ctx context.Context, read func(context.Context) error) error {
	if !r.enter() {
		return errBroken
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err := read(ctx)
	r.leave(err == nil || errors.Is(err, fs.ErrNotExist))
	return err
}

func (r *reading) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed < breakAfter {
		return true
	}
	if r.now().Before(r.openTil) {
		return false
	}
	r.openTil = r.now().Add(breakTime)
	return true
}

func (r *reading) leave(ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ok {
		r.failed = 0
		return
	}
	if r.failed++; r.failed == breakAfter {
		r.openTil = r.now().Add(breakTime)
	}
}
