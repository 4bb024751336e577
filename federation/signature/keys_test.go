package signature_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"rookery/federation/signature"
	"rookery/internal/fault"
)

func TestKeysSurvivePEM(t *testing.T) {
	t.Parallel()
	type equaler interface{ Equal(crypto.PrivateKey) bool }
	type publicEqualer interface{ Equal(crypto.PublicKey) bool }
	for _, key := range []crypto.Signer{rsaKey(), edKey()} {
		private, err := signature.ParsePrivateKey(must(signature.MarshalPrivateKey(key)))
		if err != nil || !private.(equaler).Equal(key) {
			t.Errorf("%T: private key = %v, %v", key, private, err)
		}
		public, err := signature.ParsePublicKey(must(signature.MarshalPublicKey(key.Public())))
		if err != nil || !public.(publicEqualer).Equal(key.Public()) {
			t.Errorf("%T: public key = %v, %v", key, public, err)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	spki := must(signature.MarshalPublicKey(rsaKey().Public()))
	private := string(must(signature.MarshalPrivateKey(rsaKey())))
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	tests := map[string]struct {
		in   string
		want fault.Code
	}{
		"SPKI":               {in: spki},
		"SPKI without end":   {in: strings.TrimSpace(spki)},
		"SPKI with CRLF":     {in: strings.ReplaceAll(spki, "\n", "\r\n")},
		"PKCS#1":             {in: encode("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey))},
		"empty":              {in: "", want: fault.Unauthorized},
		"garbage":            {in: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", want: fault.Unauthorized},
		"private":            {in: private, want: fault.Unauthorized},
		"private as public":  {in: strings.ReplaceAll(private, "PRIVATE", "PUBLIC"), want: fault.Unauthorized},
		"PKCS#1 private":     {in: encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), want: fault.Unauthorized},
		"public and private": {in: spki + private, want: fault.Unauthorized},
		"two keys":           {in: spki + spki, want: fault.Unauthorized},
		"EC":                 {in: encode("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(ec.Public()))), want: fault.Unauthorized},
		"1024 bits":          {in: must(signature.MarshalPublicKey(weak().Public())), want: fault.Unauthorized},
		"huge":               {in: strings.Repeat("A", 1<<20) + spki, want: fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := signature.ParsePublicKey(tt.in)
			if fault.CodeOf(err) != tt.want || (err == nil) != (key != nil) {
				t.Errorf("ParsePublicKey = %v, %v; want code %q", key, err, tt.want)
			}
		})
	}
}

func TestParsePrivateKeyKeepsItsSecret(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"hunter2", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n", string(must(signature.MarshalPrivateKey(weak())))} {
		if _, err := signature.ParsePrivateKey([]byte(in)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("ParsePrivateKey(%.20q) = %v", in, err)
		}
	}
}

func TestMultikey(t *testing.T) {
	t.Parallel()
	// The example of FEP-521a and of the W3C's Ed25519 suite both begin with z6Mk.
	const known = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	parsed, err := signature.ParseMultikey(known)
	if err != nil || signature.MarshalMultikey(parsed) != known {
		t.Errorf("ParseMultikey(%s) = %x, %v", known, parsed, err)
	}
	own := edKey().Public().(ed25519.PublicKey)
	if parsed, err := signature.ParseMultikey(signature.MarshalMultikey(own)); err != nil || !own.Equal(parsed) {
		t.Errorf("own multikey = %x, %v", parsed, err)
	}
	for _, bad := range []string{"", "z", "m6Mk", "z0", "z6Mk", "z" + strings.Repeat("z", 1<<20), "z111111111111111111111111111111111111"} {
		if _, err := signature.ParseMultikey(bad); fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("ParseMultikey(%.20q) = %v; want unauthorized", bad, err)
		}
	}
}
