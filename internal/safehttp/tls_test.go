package safehttp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func resolveToPeer(context.Context, string) ([]netip.Addr, error) { return addrs("127.77.1.1"), nil }

// authority signs certificates for the peers of one test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &authority{certificate: certificate, key: key, pool: pool}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) config(t testing.TB, name string, notAfter time.Time) *tls.Config {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: notAfter.Add(-2 * time.Hour), NotAfter: notAfter}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (a *authority) serve(t testing.TB, name string, notAfter time.Time) *httptest.Server {
	return a.start(t, a.config(t, name, notAfter))
}

// serveOld speaks nothing newer than TLS 1.0.
func (a *authority) serveOld(t testing.TB, name string) *httptest.Server {
	config := a.config(t, name, time.Now().Add(time.Hour))
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	return a.start(t, config)
}

func (a *authority) start(t testing.TB, config *tls.Config) *httptest.Server {
	t.Helper()
	quiet := log.New(io.Discard, "", 0) // refused handshakes are the point
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	server := &httptest.Server{Listener: listen(t, "127.77.1.1:0"), TLS: config, Config: &http.Server{Handler: handler, ErrorLog: quiet}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
