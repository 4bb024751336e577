package media_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/tenant"
)

func picture(t testing.TB, w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// world makes tenants 1 and 2, each with an account of the same id.
func world(t testing.TB) (*testkit.Database, social.AccountID) {
	db := testkit.DB(t)
	err := db.PG.Platform(t.Context(), "test set-up", func(p *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), p, `INSERT INTO tenants (id, name, host, handle_domain, scheme)
			VALUES (1, 'A', 'a.test', 'a.test', 'https'), (2, 'B', 'b.test', 'b.test', 'https')`, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	id := social.AccountID(ids.New())
	for _, ten := range []tenant.ID{1, 2} {
		err := db.PG.Tenant(t.Context(), ten, func(s *pg.Scope) error {
			return store.InsertLocalAccount(t.Context(), s, &social.Account{ID: id, URI: "https://" + ten.String() + ".test/ap/actors/1", Username: "support", ActorType: "Person"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db, id
}

func TestAnUploadIsStoredOnceAndServedToItsTenantAlone(t *testing.T) {
	t.Parallel()
	db, account := world(t)
	ctx, service, home := t.Context(), media.New(db.PG), &tenant.Tenant{ID: 1}
	up := media.Upload{Bytes: picture(t, 1000, 800), Description: "A gradient", FocusX: 0.5}
	m, err := service.Add(ctx, home, account, up)
	if err != nil {
		t.Fatal(err)
	}
	if m.Width != 1000 || m.Height != 800 || m.Blurhash == "" || m.SmallWidth == 0 || m.SmallWidth >= 1000 {
		t.Errorf("media = %+v", m)
	}
	f, err := store.FileByKey(ctx, db.PG, 1, m.Key, store.Original)
	if err != nil || f.MIME != "image/png" || len(f.Bytes) == 0 {
		t.Fatalf("file = %v, %v", f, err)
	}
	if _, err := store.FileByKey(ctx, db.PG, 2, m.Key, store.Original); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("another tenant reads the file: %v", err)
	}
	err = db.PG.Tenant(ctx, 2, func(s *pg.Scope) error {
		if _, err := store.MediaByID(ctx, s, account, m.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("another tenant reads the row: %v", err)
		}
		if err := store.DescribeMedia(ctx, s, m); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("another tenant describes it: %v", err)
		}
		if err := store.DeleteUnattachedMedia(ctx, s, account, m.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("another tenant deletes it: %v", err)
		}
		old := store.WalkArgs{Before: time.Now().Add(time.Hour)}
		if n, err := store.WalkFiles.Remove(ctx, s, []string{m.Key}, old); n != 0 || err != nil {
			t.Errorf("another tenant removes the file: %d, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Add(ctx, home, account, up); err != nil {
		t.Fatal(err)
	}
	err = db.PG.Tenant(ctx, 1, func(s *pg.Scope) error {
		n, err := pg.Value[int64](ctx, s, `SELECT count(*) FROM blobs WHERE tenant_id = @tenant_id`, nil)
		if n != 2 { // the image and its small version
			t.Errorf("the same image twice takes %d blobs, want 2", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoImageIsRefusedInWords(t *testing.T) {
	t.Parallel()
	db, account := world(t)
	for name, up := range map[string]media.Upload{
		"html named png": {Bytes: []byte("<html><script>alert(1)</script>")},
		"svg":            {Bytes: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"empty":          {},
		"long alt":       {Bytes: picture(t, 2, 2), Description: strings.Repeat("x", media.MaxDescription+1)},
		"focus outside":  {Bytes: picture(t, 2, 2), FocusX: 2},
		"focus NaN":      {Bytes: picture(t, 2, 2), FocusY: math.NaN()},
	} {
		_, err := media.New(db.PG).Add(t.Context(), &tenant.Tenant{ID: 1}, account, up)
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// TEN-20: who may publish nothing new adds no file, by any entrance; nor does who has no room.
func TestWhoMayNotUpload(t *testing.T) {
	t.Parallel()
	db, account := world(t)
	service, file := media.New(db.PG), picture(t, 20, 20)
	for name, e := range map[string]tenant.Entitlement{"owing": {Standing: tenant.Restricted}, "full": {Standing: tenant.Paid, NoUploads: true}} {
		home := &tenant.Tenant{ID: 1, Entitlement: e}
		_, post := service.Add(t.Context(), home, account, media.Upload{Bytes: file})
		_, avatar := service.AddAvatar(t.Context(), home, file)
		_, header := service.AddHeader(t.Context(), home, file)
		_, _, thumbnail := service.AddThumbnail(t.Context(), home, file)
		for _, err := range []error{post, avatar, header, thumbnail} {
			if fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
