package v1_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/api/apitest"
	"rookery/internal/pg"
)

// TEN-18, NET-13: only pictures are taken, whatever name or type the sender gives them;
// what could be run or read as something else is refused in words and not stored.
func TestOnlyPicturesAreTaken(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	stored := func() int {
		var n int
		w.Alice.Home.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
			n, err = pg.Value[int](ctx, scope, `SELECT count(*) FROM files WHERE tenant_id = @tenant_id`, nil)
			return err
		})
		return n
	}
	before := stored()
	for name, body := range map[string]string{
		"page":     "<!doctype html><script>alert(1)</script>",
		"svg":      `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"xml":      `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`,
		"json":     `{"a":1}`,
		"activity": `{"@context":"https://www.w3.org/ns/activitystreams","id":"https://a.test/x","type":"Person"}`,
		"pdf":      "%PDF-1.7\n", "film": "\x00\x00\x00\x18ftypmp42http://127.0.0.1/", "executable": "\x7fELF", "archive": "PK\x03\x04",
		"gif and page": "GIF89a<script>alert(1)</script>",
	} {
		for _, field := range []string{"file", "thumbnail"} {
			r := w.Alice.Post("/api/v1/media", apitest.Multipart{Files: map[string][]byte{field: []byte(body)}})
			if r.Status != http.StatusUnprocessableEntity || !strings.Contains(r.Body, `"error":"`) {
				t.Errorf("%s as %s: %d %s", name, field, r.Status, r.Body)
			}
		}
		if r := w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", apitest.Multipart{Files: map[string][]byte{"avatar": []byte(body)}}); r.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s as avatar: %d %s", name, r.Status, r.Body)
		}
	}
	if after := stored(); after != before {
		t.Errorf("%d files were stored", after-before)
	}
}

// TEN-44: what people write about themselves has an end, and what goes over it is refused
// with 4xx before it costs anything.
func TestTextsWithoutEnd(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	for _, size := range []int{10_000, 900_000, 3 << 20} {
		long := strings.Repeat("x", size)
		for name, body := range map[string]any{
			"field name":   map[string]any{"fields_attributes": []any{map[string]any{"name": long, "value": "x"}}},
			"field value":  map[string]any{"fields_attributes": []any{map[string]any{"name": "x", "value": long}}},
			"display name": map[string]any{"display_name": long},
			"note":         map[string]any{"note": long},
		} {
			began := time.Now()
			r := w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", body)
			if r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s of %d bytes: %d %.200s", name, size, r.Status, r.Body)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s of %d bytes took %v", name, size, took)
			}
		}
	}
	fields := make([]any, 10_000)
	for i := range fields {
		fields[i] = map[string]any{"name": "x", "value": "y"}
	}
	if r := w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", map[string]any{"fields_attributes": fields}); r.Status < 400 || r.Status >= 500 {
		t.Errorf("ten thousand fields: %d %.200s", r.Status, r.Body)
	}
}

// INP-24: posts that make naive scanners go over their text again and again.
func TestPostsThatWereSlowToScan(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	for name, text := range map[string]string{
		"mention": "@" + strings.Repeat("a.", 50_000), "emoji": strings.Repeat(":a", 100_000) + ":", "tags": strings.Repeat("#", 20_000), "tags with words": strings.Repeat("#a ", 20_000),
		"handles": strings.Repeat("@a@a.test ", 400), "addresses": strings.Repeat("http://", 700), "brackets": strings.Repeat("<", 4_900), "words": strings.Repeat("a@", 2_400),
	} {
		began := time.Now()
		r := w.Alice.Post("/api/v1/statuses", map[string]any{"status": text})
		if r.Status != http.StatusOK && r.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.200s", name, r.Status, r.Body)
		}
		// 200 ms of work, on a machine that other tests keep busy.
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
