package signature

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"rookery/internal/fault"
)

// Sizes of RSA keys. Below the first a key can be broken; above the second it
// only serves to make us work.
const (
	minRSABits = 2048
	maxRSABits = 8192
	maxPEMSize = 16 << 10
)

// GenerateRSA makes the key an actor signs with: the one kind that every
// implementation verifies.
func GenerateRSA() (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return nil, fmt.Errorf("generate RSA key: %w", err)
	}
	return key, nil
}

// GenerateEd25519 makes the key that goes into an actor's assertionMethod (FEP-521a).
func GenerateEd25519() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate Ed25519 key: %w", err)
	}
	return key, nil
}

// MarshalPrivateKey writes a private key as PEM of PKCS#8. The result is a
// secret: seal it before it is stored.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParsePrivateKey reads what MarshalPrivateKey wrote. Its errors never contain
// the input.
func ParsePrivateKey(encoded []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(encoded)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("parse private key: not PEM of PKCS#8")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("parse private key: a %T cannot sign", parsed)
	}
	if err := checkPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return key, nil
}

// MarshalPublicKey writes a public key as publicKeyPem holds it: PEM of SPKI.
func MarshalPublicKey(pub crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("marshal public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// ParsePublicKey reads the publicKeyPem of somebody else's actor: SPKI, or the
// PKCS#1 that some old servers publish. Anything else, such as a private key
// published by mistake, an EC key, a short key or two keys in one text, is
// fault.Unauthorized: nothing can be verified with it.
func ParsePublicKey(encoded string) (crypto.PublicKey, error) {
	if len(encoded) > maxPEMSize {
		return nil, refuse("The public key is too long.")
	}
	block, rest := pem.Decode([]byte(encoded))
	if block == nil {
		return nil, refuse("The public key is not PEM.")
	}
	if bytes.Contains(rest, []byte("-----BEGIN")) {
		return nil, refuse("The public key is more than one key.")
	}
	var pub crypto.PublicKey
	var err error
	switch strings.ToUpper(block.Type) {
	case "PUBLIC KEY":
		pub, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		pub, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, refuse("The PEM is not that of a public key.")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unauthorized, "The public key cannot be read.")
	}
	if err := checkPublicKey(pub); err != nil {
		return nil, err
	}
	return pub, nil
}

// checkPublicKey refuses keys that no signature is accepted from.
func checkPublicKey(pub crypto.PublicKey) error {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		if key == nil || key.N == nil || key.N.BitLen() < minRSABits {
			return refuse("The RSA key is shorter than 2048 bits.")
		}
		if key.N.BitLen() > maxRSABits {
			return refuse("The RSA key is longer than 8192 bits.")
		}
		if key.E < 3 || key.E%2 == 0 {
			return refuse("The RSA key has a bad exponent.")
		}
		return nil
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return refuse("The Ed25519 key has a wrong size.")
		}
		return nil
	}
	return refuse("The key is of an unknown kind.")
}
