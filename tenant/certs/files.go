package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Files serves certificates that somebody else gets: from files, read anew when they change.
type Files struct {
	certs, keys []string
	log         *slog.Logger
	now         atomic.Pointer[filesRead]
}

type filesRead struct {
	certs []tls.Certificate
	stamp time.Time // of the newest file
}

const filesEvery = 30 * time.Second

// OpenFiles reads certificates and their keys, in pairs.
func OpenFiles(certs, keys []string, log *slog.Logger) (*Files, error) {
	f := &Files{certs: certs, keys: keys, log: log}
	read, err := f.read()
	if err != nil {
		return nil, err
	}
	f.now.Store(read)
	return f, nil
}

func (f *Files) read() (*filesRead, error) {
	out := &filesRead{stamp: f.stamp()}
	for i := range f.certs {
		pair, err := tls.LoadX509KeyPair(f.certs[i], f.keys[i])
		if err != nil {
			return nil, fmt.Errorf("read the certificate %s with its key %s: %w", f.certs[i], f.keys[i], err)
		}
		out.certs = append(out.certs, pair)
	}
	return out, nil
}

// stamp is when a file changed last.
func (f *Files) stamp() (newest time.Time) {
	for _, list := range [][]string{f.certs, f.keys} {
		for _, path := range list {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
		}
	}
	return newest
}

// Follow reads the files anew when they have changed, until ctx ends. What cannot be read,
// such as a certificate whose key is not written yet, leaves the old ones in service.
func (f *Files) Follow(ctx context.Context) error {
	ticker := time.NewTicker(filesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			f.Reload()
		}
	}
}

// Reload looks once whether the files have changed.
func (f *Files) Reload() {
	if !f.stamp().After(f.now.Load().stamp) {
		return
	}
	read, err := f.read()
	if err != nil {
		f.log.Warn("the certificates' files have changed and cannot be read; the old ones are served", "error", err)
		return
	}
	f.now.Store(read)
	f.log.Info("certificates read anew", "count", len(read.certs))
}

// TLSConfig chooses the certificate that fits the name; a name without one is refused. Who
// gives no name, such as a check by address, gets the first.
func (f *Files) TLSConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			certs := f.now.Load().certs
			for i := range certs {
				if hello.SupportsCertificate(&certs[i]) == nil {
					return &certs[i], nil
				}
			}
			return nil, errors.New("no certificate fits the name " + hello.ServerName)
		},
	}
}
