// Package migrations holds the database schema as forward-only SQL files.
//
// It is a leaf: package internal/pg runs the files, internal/testkit names its
// template database by Hash. Files are never changed once released; each is
// safe under the previous binary (add, backfill in a job, then constrain). Data
// changes never run here: under FORCE ROW LEVEL SECURITY the owner sees no rows.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
)

// FS holds the numbered files.
//
//go:embed *.sql
var FS embed.FS

// Hash names this exact schema: 16 hex digits that change with any file.
func Hash() string {
	h := sha256.New()
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		b, err := FS.ReadFile(name)
		if err != nil {
			panic(err) // embedded: cannot be missing
		}
		h.Write([]byte(name))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
