// Package testkeys hands out RSA keys that were made before, because making one costs a
// noticeable part of a second, and each account and tenant of a test has one.
//
// Worlds of tests give it to whatever makes accounts and tenants. A key may come twice, after
// all others have come once. It must not be used where the making of keys is what is tested.
package testkeys

import (
	"bytes"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"rookery/federation/signature"
)

const size = 24

// RSA returns a key.
func RSA() (*rsa.PrivateKey, error) {
	keys := pool()
	return keys[int(turn.Add(1))%len(keys)], nil
}

// Pair is RSA as registry.Options wants it.
func Pair() (private []byte, public string, err error) {
	key, err := RSA()
	if err != nil {
		return nil, "", err
	}
	if private, err = signature.MarshalPrivateKey(key); err != nil {
		return nil, "", err
	}
	public, err = signature.MarshalPublicKey(key.Public())
	return private, public, err
}

var (
	turn atomic.Int64
	pool = sync.OnceValue(func() []*rsa.PrivateKey {
		path := file()
		if keys := read(path); len(keys) == size {
			return keys
		}
		keys := generate()
		write(path, keys)
		return keys
	})
)

// file is where the keys are kept from one run to the next; "" where there is no such place.
func file() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "rookery-tests", "keys.pem")
}

func read(path string) (keys []*rsa.PrivateKey) {
	rest, err := os.ReadFile(path) //nolint:gosec // a path of ours
	if err != nil {
		return nil
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return keys
		}
		key, err := signature.ParsePrivateKey(pem.EncodeToMemory(block))
		one, isRSA := key.(*rsa.PrivateKey)
		if err != nil || !isRSA {
			return nil
		}
		keys = append(keys, one)
	}
}

func generate() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, size)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			key, err := signature.GenerateRSA()
			if err != nil {
				panic(err)
			}
			keys[i] = key
		})
	}
	wait.Wait()
	return keys
}

// write keeps the keys. Another process may do the same just now: the file is put in place
// whole, and whoever cannot write makes keys again.
func write(path string, keys []*rsa.PrivateKey) {
	var out bytes.Buffer
	for _, key := range keys {
		text, err := signature.MarshalPrivateKey(key)
		if err != nil {
			return
		}
		out.Write(text)
	}
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	part, err := os.CreateTemp(filepath.Dir(path), "keys")
	if err != nil {
		return
	}
	defer os.Remove(part.Name())
	_, err = part.Write(out.Bytes())
	if closed := part.Close(); err == nil && closed == nil {
		_ = os.Rename(part.Name(), path)
	}
}
