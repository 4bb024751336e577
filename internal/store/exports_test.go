package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/store"
)

const castExport int64 = 820

// archived gives the cast an archive with a part, a clock of its own and a stored file.
func (c *cast) archived() {
	c.T.Helper()
	c.Do(func(s *pg.Scope) error {
		ctx := c.T.Context()
		for _, err := range []error{
			store.AddExport(ctx, s, &store.Export{ID: castExport}),
			store.AddExportParts(ctx, s, castExport, store.ExportArchive, []store.ExportPart{{Start: 0, Bytes: []byte("PK")}, {Start: 2, Bytes: []byte("!")}}),
			store.SetClock(ctx, s, "received", 5),
			store.PutFile(ctx, s, "key", store.Original, store.File{MIME: "image/png", SHA256: []byte("x"), Bytes: []byte("0123456789")}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dataReads are what an archive and the page of clocks read, each with a row of the cast's.
func (c *cast) dataReads() sweep {
	return sweep{
		"ExportByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.ExportByID(ctx, s, castExport))
		},
		"Exports":      func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.Exports(ctx, s, 9)) },
		"CountExports": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountExports(ctx, s, 0) },
		"ExportPartAt": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.ExportPartAt(ctx, s, castExport, store.ExportArchive, 1))
		},
		"ClocksOf": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.ClocksOf(ctx, s)) },
		"WalksOf":  func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.WalksOf(ctx, s)) },
		"ExportStatuses": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ExportStatuses(ctx, s, c.alice.ID, 0, 9))
		},
		"Ties, followers": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Ties(ctx, s, store.TieFollowers, c.alice.ID, 0, 9))
		},
		"Ties, following": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Ties(ctx, s, store.TieFollowing, c.bob.ID, 0, 9))
		},
		"Ties, blocks": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Ties(ctx, s, store.TieBlocks, c.bob.ID, 0, 9))
		},
		"Ties, mutes": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.Ties(ctx, s, store.TieMutes, c.alice.ID, 0, 9))
		},
		"ExportBookmarks": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ExportBookmarks(ctx, s, c.bob.ID, 0, 9))
		},
		"ExportFavourites": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ExportFavourites(ctx, s, c.bob.ID, 0, 9))
		},
		"FilePieceAt": func(ctx context.Context, s *pg.Scope) (int, error) {
			p, err := store.FilePieceAt(ctx, s, "key", 3, 4)
			if err == nil && (string(p.Bytes) != "3456" || p.Size != 10) {
				c.T.Errorf("a piece is %q of %d", p.Bytes, p.Size)
			}
			return single(p, err)
		},
		"ExportDesk": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ExportDesk(ctx, s, c.alice.ID, 0, 9))
		},
		"ExportNotes": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.ExportNotes(ctx, s, 0, 9)) },
		"ExportPlans": func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.ExportPlans(ctx, s, 0, 9)) },
		"NextLocalAccount": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.NextLocalAccount(ctx, s, 0))
		},
		"ExportTotal": func(ctx context.Context, s *pg.Scope) (int, error) {
			n, err := store.ExportTotal(ctx, s)
			return int(n), err
		},
		"SampleOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			p, err := store.SampleOf(ctx, s, "notifications", time.Now().Add(time.Hour), 9)
			return int(p.Goes), err
		},
	}
}

// dataWrites are what changes archives, clocks and stored files.
func (c *cast) dataWrites() changes {
	return changes{
		"AddExport": func(ctx context.Context, s *pg.Scope) error {
			return store.AddExport(ctx, s, &store.Export{ID: castExport + 1})
		},
		"AddExportParts": func(ctx context.Context, s *pg.Scope) error {
			return store.AddExportParts(ctx, s, castExport, store.ExportArchive, []store.ExportPart{{Start: 3, Bytes: []byte("x")}})
		},
		"SaveExport": func(ctx context.Context, s *pg.Scope) error {
			return store.SaveExport(ctx, s, &store.Export{ID: castExport, State: store.ExportReady})
		},
		"StopExport":          func(ctx context.Context, s *pg.Scope) error { return store.StopExport(ctx, s, castExport) },
		"RetireExport":        func(ctx context.Context, s *pg.Scope) error { return store.RetireExport(ctx, s, castExport) },
		"RetireExports":       func(ctx context.Context, s *pg.Scope) error { return store.RetireExports(ctx, s, 0) },
		"DropExportDirectory": func(ctx context.Context, s *pg.Scope) error { return store.DropExportDirectory(ctx, s, castExport) },
		"SetClock":            func(ctx context.Context, s *pg.Scope) error { return store.SetClock(ctx, s, "received", 9) },
		"ClearClock":          func(ctx context.Context, s *pg.Scope) error { return store.ClearClock(ctx, s, "received") },
		"PutFile": func(ctx context.Context, s *pg.Scope) error {
			return store.PutFile(ctx, s, "key", store.Original, store.File{MIME: "image/png", SHA256: []byte("x"), Bytes: []byte("stolen")})
		},
	}
}

// How much there is is counted while it is little, and told about when it is much; either
// way few rows are read.
func TestHowMuchThereIs(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.Do(func(s *pg.Scope) error {
		_, err := pg.Exec(t.Context(), s, `INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at)
			SELECT @tenant_id, (extract(epoch FROM now() - n * interval '1 minute') * 1000)::bigint << 16, n::text::bytea, 'u', repeat('x', 700)::bytea, 'applied', now() - n * interval '1 minute'
			FROM generate_series(1, 40000) n`, pgx.NamedArgs{})
		return err
	})
	amount := func(class string, before time.Time) (a store.Amount) {
		err := c.DB.Platform(t.Context(), "test", func(p *pg.PlatformTx) (err error) {
			a, err = store.AmountOf(t.Context(), p, c.Tenant.ID, class, before)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if got := amount("received", time.Now().Add(-time.Duration(35_000)*time.Minute)); got.IsAbout || got.Rows != 5000 && got.Rows != 5001 || got.Bytes != got.Rows*1000 {
		t.Errorf("what is old: %+v", got)
	}
	if got := amount("received", time.Time{}); !got.IsAbout || got.Rows < store.CountedAtMost {
		t.Errorf("all: %+v", got)
	}
	far := c.Count(`SELECT count(*)::int FROM accounts WHERE tenant_id = @tenant_id AND domain <> ''`, pgx.NamedArgs{})
	if got := amount("remote_accounts", time.Time{}); got.Rows != int64(far) || got.IsAbout {
		t.Errorf("accounts: %+v", got)
	}
}
