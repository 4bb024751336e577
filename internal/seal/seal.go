// Package seal keeps private keys unreadable in the database.
//
// Whoever stores a secret (actor keys, certificates, webhook secrets) seals it with
// the platform's master key, which lives in the environment alone, so that a dump
// opens nothing. Each sealed value is bound to its purpose and owner: moved to
// another row it does not open. It must not store or log anything.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Key seals and opens. Make one with New.
type Key struct {
	aead cipher.AEAD
	root [sha256.Size]byte
}

const version = 1 // first byte of every sealed value

// New makes a Key from the master key's text: at least 32 characters, or 32 bytes in
// base64. It is hashed, so any text of that length works.
func New(master string) (*Key, error) {
	master = strings.TrimSpace(master)
	if len(master) < 32 {
		return nil, errors.New("the master key must have at least 32 characters: make one with `openssl rand -base64 32`")
	}
	sum := sha256.Sum256([]byte("rookery seal v1\x00" + master))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return &Key{aead: aead, root: sum}, nil
}

// Generate returns the text of a new master key.
func Generate() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (Go 1.24)
	return base64.StdEncoding.EncodeToString(b)
}

// Seal encrypts a secret for one purpose, such as "account-key/42/7".
func (k *Key) Seal(secret []byte, purpose string) []byte {
	return k.aead.Seal([]byte{version}, nil, secret, []byte(purpose))
}

// Derive returns 32 secret bytes for one purpose, the same in every process with this
// master key: to sign what only this platform can have said.
func (k *Key) Derive(purpose string) []byte {
	mac := hmac.New(sha256.New, k.root[:])
	mac.Write([]byte("derive\x00" + purpose))
	return mac.Sum(nil)
}

// Open decrypts what Seal made for the same purpose.
func (k *Key) Open(sealed []byte, purpose string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, errors.New("open a sealed value: unknown format")
	}
	secret, err := k.aead.Open(nil, nil, sealed[1:], []byte(purpose))
	if err != nil {
		return nil, errors.New("open a sealed value: wrong master key, or the value belongs to another row")
	}
	return secret, nil
}
