package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/export"
)

// filesOf reads every file of an archive.
func filesOf(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if strings.HasSuffix(f.Name, ".json") && !json.Valid(files[f.Name]) {
			t.Errorf("%s is no JSON", f.Name)
		}
	}
	return files
}

func (w *world) deleteAlice() {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error { return store.MarkAccountDeleted(w.T.Context(), s, w.alice) })
	w.Do(func(s *pg.Scope) error {
		_, err := store.RemoveAccountPart(w.T.Context(), s, w.alice.ID, 100)
		return err
	})
}

// An account goes while its posts are written: no half file is left, and a note says so.
func TestAnAccountIsDeletedWhileItIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.service.StepSize = 1
	e := w.begin()
	for place := ""; !strings.Contains(place, `"name":"accounts/alice/outbox.json"`); {
		now, err := w.service.Step(t.Context(), w.Tenant.ID, e.ID)
		if err != nil || now.State != store.ExportRunning {
			t.Fatalf("it is %v, %v", now, err)
		}
		place = string(now.Place)
	}
	w.deleteAlice()
	w.service.StepSize = 0
	w.finish(e.ID)
	body, _ := w.archive(e.ID)
	files := filesOf(t, body)
	if files["accounts/alice/actor.json"] == nil || files["accounts/alice/outbox.json"] != nil || files["accounts/bob/outbox.json"] == nil {
		t.Errorf("the archive has %d files, and alice's outbox has %d bytes", len(files), len(files["accounts/alice/outbox.json"]))
	}
	if note := string(files["left_out.json"]); !strings.Contains(note, `"accounts/alice/outbox.json"`) || !strings.Contains(note, `"accounts/alice/"`) || !strings.Contains(note, "deleted") {
		t.Errorf("the note: %s", note)
	}
}

// The same where one writer writes all of it and knows the account already.
func TestAnAccountIsDeletedWhileItIsWrittenIntoAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir, err := os.Create(filepath.Join(t.TempDir(), "directory"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var out bytes.Buffer
	gone := false
	if _, _, err := export.WriteTo(t.Context(), w.DB, w.Tenant, &out, dir, func(export.Progress) {
		if !gone {
			gone = true // a megabyte is written: alice's large picture is under way
			w.deleteAlice()
		}
	}); err != nil {
		t.Fatal(err)
	}
	files := filesOf(t, out.Bytes())
	if files["accounts/alice/following_accounts.csv"] != nil || files["accounts/alice/outbox.json"] == nil || files["accounts/bob/outbox.json"] == nil {
		t.Errorf("the archive has %d files", len(files))
	}
	if note := string(files["left_out.json"]); !strings.Contains(note, `"accounts/alice/following_accounts.csv"`) {
		t.Errorf("the note: %s", note)
	}
}
