package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is a certificate authority of one test. Nothing but what is told to
// trusts it.
type CA struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes an authority that ends with the test.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca := &CA{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber:          serial(t),
		Subject:               pkix.Name{CommonName: "Rookery test authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	ca.key = newKey(t)
	ca.cert = sign(t, template, template, ca.key, ca.key)
	ca.write("ca.pem", "CERTIFICATE", ca.cert.Raw)
	return ca
}

// Pool is for tls.Config.RootCAs.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// PEMPath is the authority's certificate as a file: for NODE_EXTRA_CA_CERTS,
// SSL_CERT_FILE, curl --cacert.
func (ca *CA) PEMPath() string { return filepath.Join(ca.dir, "ca.pem") }

// Issue makes a certificate for host names and IP addresses.
func (ca *CA) Issue(names ...string) tls.Certificate {
	ca.t.Helper()
	cert, key := ca.issue(names)
	return tls.Certificate{Certificate: [][]byte{cert.Raw, ca.cert.Raw}, PrivateKey: key, Leaf: cert}
}

// IssueFiles makes the same as two PEM files: for programs that read files.
func (ca *CA) IssueFiles(names ...string) (certPath, keyPath string) {
	ca.t.Helper()
	cert, key := ca.issue(names)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		ca.t.Fatalf("encode a key: %v", err)
	}
	base := cert.SerialNumber.Text(16)
	return ca.write(base+".pem", "CERTIFICATE", cert.Raw, ca.cert.Raw), ca.write(base+".key", "PRIVATE KEY", der)
}

func (ca *CA) issue(names []string) (*x509.Certificate, *ecdsa.PrivateKey) {
	ca.t.Helper()
	if len(names) == 0 {
		ca.t.Fatal("a certificate needs a name")
	}
	template := &x509.Certificate{
		SerialNumber: serial(ca.t),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(12 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key := newKey(ca.t)
	return sign(ca.t, template, ca.cert, key, ca.key), key
}

func (ca *CA) write(name, kind string, blocks ...[]byte) string {
	ca.t.Helper()
	var text []byte
	for _, der := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	path := filepath.Join(ca.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		ca.t.Fatalf("write a certificate: %v", err)
	}
	return path
}

func sign(t testing.TB, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("read a certificate back: %v", err)
	}
	return cert
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatalf("draw a serial number: %v", err)
	}
	return n
}
