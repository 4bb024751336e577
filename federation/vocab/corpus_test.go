package vocab_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"rookery/federation/vocab"
)

// The corpus is real payloads of some thirty implementations. It belongs to them
// and lies beside the checkout, not in it.
const corpusDir = "../../../shared/corpus"

type sample struct{ file, software, kind string }

func corpus(t *testing.T) []sample {
	t.Helper()
	index, err := os.Open(filepath.Join(corpusDir, "index.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no corpus of real payloads beside this checkout; the fixtures in testdata still ran")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = index.Close() }()
	reader := csv.NewReader(index)
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	for _, row := range rows[1:] {
		samples = append(samples, sample{file: row[0], software: row[1], kind: row[2]})
	}
	return samples
}

// The numbers are what was measured when this was written, as the least that must
// be read: a change that reads less has lost some software's shape. The rest is
// broken on purpose, a template, or an example without an inbox or an id; two
// polls of Pleroma's tests have the key "closed" twice.
func TestCorpusIsRead(t *testing.T) {
	t.Parallel()
	seen, usable := map[string]int{}, map[string]int{}
	for _, s := range corpus(t) {
		raw, err := os.ReadFile(filepath.Join(corpusDir, filepath.FromSlash(s.file)))
		if err != nil {
			t.Fatal(err)
		}
		seen[s.kind]++
		doc, err := vocab.Parse(raw)
		if err != nil {
			t.Logf("refused: %s (%s): %v", s.file, s.kind, err)
			continue
		}
		usable["parsed"]++
		if isUsable(s.kind, doc) {
			usable[s.kind]++
		} else {
			t.Logf("not enough in %s (%s)", s.file, s.kind)
		}
		// A server may serve any document where another was expected.
		for _, kind := range []string{"activity", "actor", "object", "collection", "webfinger", "nodeinfo"} {
			isUsable(kind, doc)
		}
	}
	t.Logf("seen %v, usable %v", seen, usable)
	for kind, least := range map[string]int{
		"parsed": 831, "activity": 249, "actor": 105, "object": 115, "collection": 84, "webfinger": 14, "nodeinfo": 10,
	} {
		if usable[kind] < least {
			t.Errorf("%d of %d %s documents are usable, %d were", usable[kind], seen[kind], kind, least)
		}
	}
}

func isUsable(kind string, doc vocab.Doc) bool {
	switch kind {
	case "activity":
		a := vocab.ReadActivity(doc)
		return a.Type != "" && a.Actor != "" && !a.Object.IsZero()
	case "actor":
		a := vocab.ReadActor(doc)
		return a.ID != "" && a.Inbox != "" && a.PreferredUsername != ""
	case "object":
		n := vocab.ReadNote(doc)
		return n.ID != "" && n.Content != ""
	case "collection":
		c := vocab.ReadCollection(doc)
		return len(c.Items) > 0 || !c.First.IsZero() || c.Next != "" || c.TotalItems > 0
	case "webfinger":
		return vocab.ReadJRD(doc).Self() != ""
	case "nodeinfo":
		return vocab.ReadNodeInfo(doc).Software != "" || len(vocab.ReadJRD(doc).Links) > 0
	default:
		return false
	}
}
