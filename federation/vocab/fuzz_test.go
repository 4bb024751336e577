package vocab_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"rookery/federation/vocab"
)

// FuzzParse checks what every caller relies on: no panic, a document that comes
// out of MarshalJSON reads as the same document, and clean text everywhere.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"a":["\ud800\u0000",1e400,{"":null}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := vocab.Parse(raw)
		if err != nil {
			return
		}
		out, err := doc.MarshalJSON()
		if err != nil || !json.Valid(out) || !utf8.Valid(out) || bytes.ContainsRune(out, 0) {
			t.Fatalf("%q becomes %q, %v", raw, out, err)
		}
		if len(out) <= vocab.MaxBody { // bad bytes grow to U+FFFD
			again, err := vocab.Parse(out)
			if err != nil {
				t.Fatalf("%q cannot be read back: %v", out, err)
			}
			if second := asJSON(t, again); second != string(out) {
				t.Fatalf("%q becomes %q", out, second)
			}
		}
		views := []any{
			vocab.ReadActivity(doc), vocab.ReadActor(doc), vocab.ReadNote(doc),
			vocab.ReadCollection(doc), vocab.ReadJRD(doc), vocab.ReadNodeInfo(doc),
		}
		if _, err := json.Marshal(views); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}

func BenchmarkParseCreate(b *testing.B) {
	raw, err := os.ReadFile("testdata/misskey/quote.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		doc, err := vocab.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		if note := vocab.ReadNote(vocab.ReadActivity(doc).Object.Doc); note.ID == "" {
			b.Fatal("no note")
		}
	}
}
