package certs_test

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/tenant/certs"
)

// Certificates that somebody else gets: the one that fits the name is served, and the next
// one as soon as its files are there and belong together.
func TestFiles(t *testing.T) {
	t.Parallel()
	ca := testkit.NewCA(t)
	certA, keyA := ca.IssueFiles("a.test")
	certB, keyB := ca.IssueFiles("b.test", "*.b.test")
	files, err := certs.OpenFiles([]string{certA, certB}, []string{keyA, keyB}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func(name string) string {
		hello := &tls.ClientHelloInfo{
			ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
			CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}, SupportedCurves: []tls.CurveID{tls.X25519},
		}
		cert, err := files.TLSConfig().GetCertificate(hello)
		if err != nil {
			return ""
		}
		return cert.Leaf.SerialNumber.String()
	}
	a, b := serial("a.test"), serial("social.b.test")
	if a == "" || b == "" || a == b || serial("c.test") != "" || serial("") != a {
		t.Fatalf("a.test %q, social.b.test %q, c.test %q", a, b, serial("c.test"))
	}

	nextCert, nextKey := ca.IssueFiles("a.test")
	later := time.Now().Add(time.Minute) // as a renewal comes later than what it replaces
	replace := func(path, by string) {
		t.Helper()
		text, err := os.ReadFile(by)
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err == nil {
			err = os.Chtimes(path, later, later)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	replace(certA, nextCert)
	files.Reload()
	if serial("a.test") != a {
		t.Error("a certificate without its key is served")
	}
	replace(keyA, nextKey)
	files.Reload()
	if now := serial("a.test"); now == a || now == "" {
		t.Errorf("the new files are not served: %q", now)
	}
	if _, err := certs.OpenFiles([]string{filepath.Join(t.TempDir(), "none.pem")}, []string{keyA}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("missing files are no error at the start")
	}
}
