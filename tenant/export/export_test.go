package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
	"rookery/tenant"
	"rookery/tenant/export"
)

type tenants []*tenant.Tenant

func (l tenants) ByID(id tenant.ID) (*tenant.Tenant, bool) {
	for _, t := range l {
		if t.ID == id {
			return t, true
		}
	}
	return nil, false
}

type world struct {
	*socialtest.World
	alice, dora *social.Account
	service     *export.Service
	files       map[string][]byte // by key
}

const posts = 450 // more than two pages

// newWorld is a tenant with something of everything that an archive has.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: socialtest.New(t), files: map[string][]byte{}}
	w.service = &export.Service{DB: w.DB, Tenants: tenants{w.Tenant}, Console: "https://rookery.test", Log: slog.New(slog.DiscardHandler), StepSize: 50_000}
	w.alice, w.dora = w.Local("alice"), w.Remote("dora", "far.test")
	w.Local("bob")
	w.exec(`INSERT INTO account_keys (tenant_id, account_id, kind, public_pem, private_sealed)
		SELECT @tenant_id, id, 'rsa', 'PUBLIC', 'TOPSECRETKEY' FROM accounts WHERE tenant_id = @tenant_id AND domain = '' ON CONFLICT DO NOTHING`, nil)
	for i := range posts {
		w.post(i)
	}
	w.exec(`INSERT INTO follows (tenant_id, id, account_id, target_id, state, languages) VALUES (@tenant_id, 1, @a, @d, 'accepted', '{en,de}'), (@tenant_id, 2, @d, @a, 'accepted', '{}')`, w.pair())
	w.exec(`INSERT INTO blocks (tenant_id, id, account_id, target_id) VALUES (@tenant_id, 1, @a, @d)`, w.pair())
	w.exec(`INSERT INTO mutes (tenant_id, id, account_id, target_id) VALUES (@tenant_id, 1, @a, @d)`, w.pair())
	w.exec(`INSERT INTO domain_blocks (tenant_id, id, account_id, domain) SELECT @tenant_id, 1000 + n, @a, n || '.noise.test' FROM generate_series(1, 250) AS n`, pgx.NamedArgs{"a": w.alice.ID})
	w.exec(`INSERT INTO bookmarks (tenant_id, id, account_id, status_id) SELECT @tenant_id, id, account_id, id FROM statuses WHERE tenant_id = @tenant_id`, nil)
	w.exec(`INSERT INTO server_policies (tenant_id, mode) VALUES (@tenant_id, 'allow_list')`, nil)
	w.exec(`INSERT INTO server_rules (tenant_id, domain, severity, reject_media, public_comment, private_comment) VALUES (@tenant_id, 'bad.test', 'suspend', true, 'spam, much', 'a hunch')`, nil)
	w.exec(`INSERT INTO server_allows (tenant_id, domain) VALUES (@tenant_id, 'good.test')`, nil)
	w.exec(`INSERT INTO saved_replies (tenant_id, id, title, text) VALUES (@tenant_id, 1, 'Hello', 'Hello there')`, nil)
	w.Do(func(scope *pg.Scope) error {
		for range 3 {
			if err := audit.Append(t.Context(), scope, audit.Entry{Actor: audit.ByOperator(), Action: "test.act", Target: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// noise is the list of the servers that alice does without: more than two pages.
func noise() string {
	list := "#domain\n"
	for n := range 250 {
		list += fmt.Sprintf("%d.noise.test\n", n+1)
	}
	return list
}

func (w *world) pair() pgx.NamedArgs { return pgx.NamedArgs{"a": w.alice.ID, "d": w.dora.ID} }

func (w *world) exec(sql string, args pgx.NamedArgs) {
	w.T.Helper()
	w.Do(func(scope *pg.Scope) error {
		_, err := pg.Exec(w.T.Context(), scope, sql, args)
		return err
	})
}

// post adds one, every tenth with a picture, one of which is larger than what is read at once.
func (w *world) post(i int) {
	w.T.Helper()
	id := social.StatusID(ids.New())
	st := &social.Status{
		ID: id, AccountID: w.alice.ID, URI: fmt.Sprintf("%s/posts/%d", w.alice.URI, id), Body: fmt.Sprintf("<p>Post %d %s</p>", i, strings.Repeat("ü", i%50)),
		Visibility: social.Public, IsLocal: true, ConversationID: id, CreatedAt: time.Now(),
	}
	if i%7 == 0 {
		st.Visibility = social.Direct
	}
	w.Do(func(scope *pg.Scope) error {
		if _, err := store.InsertStatuses(w.T.Context(), scope, []*social.Status{st}); err != nil || i%10 != 0 {
			return err
		}
		size := 3000
		if i == 10 {
			size = 2_500_000
		}
		body := make([]byte, size)
		for j := range body {
			body[j] = byte(rand.IntN(256))
		}
		sum, key := sha256.Sum256(body), ids.Secret(16)
		w.files[key] = body
		if err := store.PutFile(w.T.Context(), scope, key, store.Original, store.File{MIME: "image/png", SHA256: sum[:], Bytes: body}); err != nil {
			return err
		}
		m := &social.Media{ID: social.MediaID(ids.New()), AccountID: w.alice.ID, Kind: "image", MIME: "image/png", Key: key}
		if err := store.InsertMedia(w.T.Context(), scope, m); err != nil {
			return err
		}
		_, err := store.AttachMedia(w.T.Context(), scope, id, w.alice.ID, []social.MediaID{m.ID})
		return err
	})
}

func (w *world) begin() *store.Export {
	w.T.Helper()
	var e *store.Export
	w.Do(func(scope *pg.Scope) (err error) {
		e, err = w.service.Begin(w.T.Context(), scope, audit.ByOperator())
		return err
	})
	return e
}

func (w *world) work(ctx context.Context, id int64, attempt int) error {
	args := jobs.ExportTenant{ExportID: id}
	args.TenantID = w.Tenant.ID
	return (&export.Worker{Service: w.service}).Work(ctx, &river.Job[jobs.ExportTenant]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: 10}, Args: args})
}

// archive reads an archive whole, by its reader.
func (w *world) archive(id int64) ([]byte, *store.Export) {
	w.T.Helper()
	r, e, err := w.service.Open(w.T.Context(), w.Tenant.ID, id)
	if err != nil {
		w.T.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		w.T.Fatal(err)
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], e.SHA256) || int64(len(body)) != e.Size {
		w.T.Errorf("%d bytes of %d, and the sum is %x, want %x", len(body), e.Size, sum, e.SHA256)
	}
	return body, e
}

// wantWhole opens an archive and looks at every file in it.
func (w *world) wantWhole(body []byte) {
	w.T.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		w.T.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			w.T.Fatalf("%s: %v", f.Name, err)
		}
		if _, twice := files[f.Name]; twice {
			w.T.Errorf("%s is there twice", f.Name)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			w.T.Fatalf("%s: %v", f.Name, err)
		}
	}
	var outbox struct {
		TotalItems   int
		OrderedItems []struct {
			Object struct {
				Content    string
				Attachment []struct{ URL string }
			}
		}
	}
	if err := json.Unmarshal(files["accounts/alice/outbox.json"], &outbox); err != nil {
		w.T.Fatal(err)
	}
	pictures := 0
	for _, item := range outbox.OrderedItems {
		for _, a := range item.Object.Attachment {
			pictures++
			got, ok := files[path.Join("accounts/alice", a.URL)]
			if key := strings.TrimSuffix(path.Base(a.URL), ".png"); !ok || !bytes.Equal(got, w.files[key]) {
				w.T.Errorf("the file %s has %d bytes, want %d", a.URL, len(got), len(w.files[key]))
			}
		}
	}
	if outbox.TotalItems != posts || len(outbox.OrderedItems) != posts || pictures != posts/10 {
		w.T.Errorf("%d of %d posts with %d pictures", len(outbox.OrderedItems), outbox.TotalItems, pictures)
	}
	for name, want := range map[string]string{
		"accounts/alice/following_accounts.csv": "Account address,Show boosts,Notify on new posts,Languages\ndora@far.test,true,false,\"en, de\"\n",
		"accounts/alice/followers.csv":          "Account address\ndora@far.test\n",
		"accounts/alice/blocked_accounts.csv":   "dora@far.test\n",
		"accounts/alice/muted_accounts.csv":     "Account address,Hide notifications\ndora@far.test,true\n",
		"accounts/alice/blocked_domains.csv":    noise(),
		"accounts/bob/followers.csv":            "Account address\n",
		"accounts/bob/blocked_domains.csv":      "#domain\n",
		"company/domain_blocks.csv":             "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\nbad.test,suspend,true,false,\"spam, much\",false\n",
		"company/domain_allows.csv":             "#domain\ngood.test\n",
		"company/saved_replies.jsonl":           `{"text":"Hello there","title":"Hello"}` + "\n",
	} {
		if got, ok := files[name]; !ok || string(got) != want {
			w.T.Errorf("%s is %q", name, got)
		}
	}
	if rules := files["company/servers.json"]; !bytes.Contains(rules, []byte(`"mode": "allow_list"`)) || !bytes.Contains(rules, []byte("a hunch")) {
		w.T.Errorf("rules about servers: %s", rules)
	}
	if note, is := files["left_out.json"]; is {
		w.T.Errorf("something was left out: %s", note)
	}
	if n := bytes.Count(files["company/audit.jsonl"], []byte("\n")); n < 4 {
		w.T.Errorf("%d entries of the audit log", n)
	}
	if n := bytes.Count(files["accounts/alice/bookmarks.csv"], []byte("\n")); n != posts {
		w.T.Errorf("%d bookmarks", n)
	}
	for name, body := range files {
		for _, secret := range []string{"TOPSECRETKEY", "PRIVATE KEY", "argon2"} {
			if bytes.Contains(body, []byte(secret)) {
				w.T.Errorf("%s has %s", name, secret)
			}
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(body) {
			w.T.Errorf("%s is no JSON", name)
		}
		if dir := strings.Count(name, "/"); dir > 0 && !bytes.Contains(files["README.md"], []byte("`"+strings.TrimSuffix(path.Base(name), ".png")+"`")) && !strings.Contains(name, "/media/") {
			w.T.Errorf("the README does not explain %s", name)
		}
	}
}

// The job dies in the middle, again and again, and two of it run at once: the archive is
// whole, and as it would have been.
func TestAnArchiveSurvivesCrashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.begin()
	for range 12 { // each dies at another moment, or after a step
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+rand.IntN(60))*time.Millisecond)
		_ = w.work(ctx, e.ID, 1)
		cancel()
	}
	if _, _, err := w.service.Open(t.Context(), w.Tenant.ID, e.ID); err != nil && !fault.IsNotFound(err) {
		t.Errorf("half an archive: %v", err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for {
				var snooze *river.JobSnoozeError
				err := w.work(t.Context(), e.ID, 1)
				if err == nil || !errors.As(err, &snooze) {
					if err != nil {
						t.Errorf("work: %v", err)
					}
					return
				}
			}
		})
	}
	both.Wait()
	body, got := w.archive(e.ID)
	w.wantWhole(body)
	if got.Step < 5 || got.State != store.ExportReady || got.Files == 0 || got.Done < posts || got.Total < got.Done {
		t.Errorf("it took %d steps and is %s with %d files, %d of %d rows", got.Step, got.State, got.Files, got.Done, got.Total)
	}
	if n := w.Count(`SELECT count(*) FROM export_parts WHERE tenant_id = @tenant_id AND area = 'directory'`, nil); n != 0 {
		t.Errorf("%d parts of the directory are left", n)
	}
	r, _, err := w.service.Open(t.Context(), w.Tenant.ID, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(r, body); err != nil {
		t.Error(err)
	}
}

// Somebody renames accounts while they are written, and before their turn: all of them are
// whole, in a folder each.
func TestAnArchiveOfWhoIsRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zoe := w.Local("zoe")
	w.exec(`INSERT INTO account_keys (tenant_id, account_id, kind, public_pem, private_sealed) VALUES (@tenant_id, @z, 'rsa', 'PUBLIC', 'SEALED') ON CONFLICT DO NOTHING`, pgx.NamedArgs{"z": zoe.ID})
	e := w.begin()
	for range 3 {
		if _, err := w.service.Step(t.Context(), w.Tenant.ID, e.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.exec(`UPDATE accounts SET username = CASE id WHEN @a THEN 'aa_alice' ELSE 'aa_zoe' END WHERE tenant_id = @tenant_id AND id IN (@a, @z)`, pgx.NamedArgs{"a": w.alice.ID, "z": zoe.ID})
	for {
		var snooze *river.JobSnoozeError
		if err := w.work(t.Context(), e.ID, 1); err == nil {
			break
		} else if !errors.As(err, &snooze) {
			t.Fatal(err)
		}
	}
	body, _ := w.archive(e.ID)
	w.wantWhole(body)
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var actors []string
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/actor.json") {
			actors = append(actors, f.Name)
		}
	}
	slices.Sort(actors)
	if want := []string{"accounts/aa_zoe/actor.json", "accounts/alice/actor.json", "accounts/bob/actor.json"}; !slices.Equal(actors, want) {
		t.Errorf("accounts %v, want %v", actors, want)
	}
}

// The operator's command writes the same archive into a file.
func TestAnArchiveInAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var out bytes.Buffer
	dir, err := os.CreateTemp(t.TempDir(), "directory")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	told := 0
	p, sum, err := export.WriteTo(t.Context(), w.DB, w.Tenant, &out, dir, func(export.Progress) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (@tenant_id, 0, '') ON CONFLICT DO NOTHING`, nil)
	if got := sha256.Sum256(out.Bytes()); !bytes.Equal(got[:], sum) || p.Bytes != int64(out.Len()) || told == 0 {
		t.Errorf("%+v, told %d times, the sum is %x", p, told, sum)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || int64(len(z.File)) != p.Files {
		t.Fatalf("%d files of %d: %v", len(z.File), p.Files, err)
	}
}

// TEN-09: an archive of another company does not exist. One at a time, three a day, and the
// newest takes the place of the one before it.
func TestWhoMayHaveHowManyArchives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.begin()
	again := func() error {
		return w.Try(func(scope *pg.Scope) error {
			_, err := w.service.Begin(t.Context(), scope, audit.ByOperator())
			return err
		})
	}
	if err := again(); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a second one at once: %v", err)
	}
	w.finish(first.ID)
	other := w.Other()
	if _, _, err := w.service.Open(t.Context(), other.Tenant.ID, first.ID); !fault.IsNotFound(err) {
		t.Errorf("another tenant opens it: %v", err)
	}
	if err := other.Try(func(scope *pg.Scope) error { return w.service.Stop(t.Context(), scope, audit.ByOperator(), first.ID) }); !fault.IsNotFound(err) {
		t.Errorf("another tenant removes it: %v", err)
	}
	second := w.begin()
	w.finish(second.ID)
	if _, _, err := w.service.Open(t.Context(), w.Tenant.ID, first.ID); !fault.IsNotFound(err) {
		t.Errorf("the first one: %v", err)
	}
	third := w.begin()
	w.Do(func(scope *pg.Scope) error { return w.service.Stop(t.Context(), scope, audit.ByOperator(), third.ID) })
	if err := w.work(t.Context(), third.ID, 1); err != nil {
		t.Errorf("work on what was stopped: %v", err)
	}
	if err := again(); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("a fourth one: %v", err)
	}
	// What went and what was stopped loses its bytes.
	var n int64
	err := w.DB.Platform(t.Context(), "test", func(p *pg.PlatformTx) (err error) {
		for more := int64(1); more > 0; n += more {
			if more, err = store.PruneExports(t.Context(), p, time.Now().Add(time.Second), 2); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil || n < 3 {
		t.Errorf("%d parts went: %v", n, err)
	}
	if left := w.Count(`SELECT count(*) FROM export_parts WHERE tenant_id = @tenant_id AND export_id <> @id`, pgx.NamedArgs{"id": second.ID}); left != 0 {
		t.Errorf("%d parts are left", left)
	}
	body, _ := w.archive(second.ID)
	w.wantWhole(body)
}

func (w *world) finish(id int64) {
	w.T.Helper()
	if err := w.work(w.T.Context(), id, 1); err != nil {
		w.T.Fatal(err)
	}
}

// What cannot be written ends, and says so, so that another can be begun.
func TestAnArchiveThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.begin()
	w.exec(`UPDATE tenant_exports SET place = 'no JSON' WHERE tenant_id = @tenant_id`, nil)
	if err := w.work(t.Context(), e.ID, 1); err == nil {
		t.Error("no error")
	}
	if err := w.work(t.Context(), e.ID, 10); err == nil {
		t.Error("no error at the last try")
	}
	if n := w.Count(`SELECT count(*) FROM tenant_exports WHERE tenant_id = @tenant_id AND state = 'failed' AND expires_at <= now()`, nil); n != 1 {
		t.Error("it has not failed")
	}
	w.finish(w.begin().ID)
}
