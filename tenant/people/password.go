package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"rookery/internal/fault"
)

// parameters of argon2id. They stand in every hash, so that they may be raised: an
// old hash still verifies and is renewed at the next sign-in.
type parameters struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// RFC 9106 section 4 recommends 64 MiB with three passes where 2 GiB is too much.
var current = parameters{memory: 64 << 10, time: 3, threads: 2}

// Hashes with other parameters come from our own past or an import; more than this
// would let a row of the database eat the machine.
var ceiling = parameters{memory: 256 << 10, time: 16, threads: 16}

const (
	saltSize = 16
	keySize  = 32
	// Each hash takes 64 MiB, so that a flood of sign-ins must queue.
	hashesAtOnce = 4

	minPassword = 8
	maxPassword = 512 // bytes
)

var (
	errShortPassword = fault.Newf(fault.Invalid, "A password has at least %d characters.", minPassword)
	errLongPassword  = fault.Newf(fault.Invalid, "A password has at most %d bytes.", maxPassword)
	errHash          = errors.New("read a password hash: unknown format")
)

func checkPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return errShortPassword
	case len(password) > maxPassword:
		return errLongPassword
	}
	return nil
}

// hasher makes and checks password hashes, a few at a time.
type hasher struct {
	params parameters
	slots  chan struct{}
	dummy  string // what an unknown address is checked against, so that time tells nothing
}

func newHasher(p parameters) *hasher {
	h := &hasher{params: p, slots: make(chan struct{}, hashesAtOnce)}
	salt, key := make([]byte, saltSize), make([]byte, keySize)
	_, _ = rand.Read(salt) // never fails (Go 1.24)
	_, _ = rand.Read(key)
	h.dummy = encode(p, salt, key)
	return h
}

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "Too many people sign in at this moment. Try again in a minute.")
	}
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails (Go 1.24)
	return encode(h.params, salt, derive(h.params, password, salt, keySize)), nil
}

// verify reports whether the password is the one of the hash, and whether the hash
// was made with other parameters than today's. Without a hash it works as long.
func (h *hasher) verify(ctx context.Context, password, encoded string) (ok, stale bool, err error) {
	known := encoded != ""
	if !known {
		encoded = h.dummy
	}
	p, salt, want, err := decode(encoded)
	if err != nil {
		return false, false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	got := derive(p, password, salt, len(want))
	return subtle.ConstantTimeCompare(got, want) == 1 && known, p != h.params, nil
}

func derive(p parameters, password string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, uint32(size))
}

var phc64 = base64.RawStdEncoding.Strict()

func encode(p parameters, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memory, p.time, p.threads, phc64.EncodeToString(salt), phc64.EncodeToString(key))
}

func decode(encoded string) (p parameters, salt, key []byte, err error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, errHash
	}
	if p.memory == 0 || p.memory > ceiling.memory || p.time == 0 || p.time > ceiling.time || p.threads == 0 || p.threads > ceiling.threads {
		return p, nil, nil, errHash
	}
	if salt, err = phc64.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return p, nil, nil, errHash
	}
	if key, err = phc64.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return p, nil, nil, errHash
	}
	return p, salt, key, nil
}
