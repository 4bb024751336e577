package seal_test

import (
	"bytes"
	"testing"

	"rookery/internal/seal"
)

func TestSealedValuesOpenOnlyWithTheirKeyAndPurpose(t *testing.T) {
	t.Parallel()
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("-----BEGIN PRIVATE KEY-----")
	sealed := key.Seal(secret, "account-key/1/2")
	if bytes.Contains(sealed, secret) {
		t.Fatal("the sealed value shows the secret")
	}
	got, err := key.Open(sealed, "account-key/1/2")
	if err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if _, err := key.Open(sealed, "account-key/1/3"); err == nil {
		t.Error("a value moved to another row opened")
	}
	if _, err := other.Open(sealed, "account-key/1/2"); err == nil {
		t.Error("another master key opened the value")
	}
	if _, err := key.Open(nil, "account-key/1/2"); err == nil {
		t.Error("an empty value opened")
	}
}

func TestShortMasterKeysAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := seal.New("secret"); err == nil {
		t.Error("a guessable master key was taken")
	}
}
