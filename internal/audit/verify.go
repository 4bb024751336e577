package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

const page = 500

// Report is what a chain looks like.
type Report struct {
	Tenant  tenant.ID `json:"tenant,string"`
	Entries int64     `json:"entries"`
	// Broken is the number of the first entry that is not as it was written, 0 if none is.
	Broken int64  `json:"broken,omitempty"`
	Why    string `json:"why,omitempty"`
}

// Chains returns whose chains there are.
func Chains(ctx context.Context, db *pg.DB) (out []tenant.ID, err error) {
	err = db.Platform(ctx, "list the audit chains", func(tx *pg.PlatformTx) error {
		out, err = store.AuditChains(ctx, tx)
		return err
	})
	return out, err
}

// Verify walks a chain from its first entry and says where it breaks: an entry that was
// changed, taken out, added or cut off at the end.
func Verify(ctx context.Context, db *pg.DB, of tenant.ID) (Report, error) {
	report := Report{Tenant: of}
	var hash []byte
	var seq int64
	err := Walk(ctx, db, of, func(row *store.AuditEntry) error {
		if report.Broken != 0 {
			return nil
		}
		sum := sha256.Sum256(append(bytes.Clone(hash), row.Body...))
		switch {
		case row.Seq != seq+1:
			report.Broken, report.Why = seq+1, "an entry is missing"
		case !bytes.Equal(sum[:], row.Hash):
			report.Broken, report.Why = row.Seq, "the entry or one before it was changed"
		case !matches(row):
			report.Broken, report.Why = row.Seq, "its columns say something else than its body"
		}
		seq, hash = row.Seq, row.Hash
		report.Entries++
		return nil
	})
	if err != nil || report.Broken != 0 {
		return report, err
	}
	head, err := headOf(ctx, db, of)
	if err != nil {
		return report, err
	}
	if head.Seq != seq || !bytes.Equal(head.Hash, hash) {
		report.Broken, report.Why = seq+1, fmt.Sprintf("%d entries are missing at the end", head.Seq-seq)
	}
	return report, nil
}

// matches reports whether what is filtered by says the same as what was hashed.
func matches(row *store.AuditEntry) bool {
	var e Entry
	if err := json.Unmarshal(row.Body, &e); err != nil {
		return false
	}
	return e.At.Equal(row.At) && string(e.Actor.Kind) == row.ActorKind && e.Actor.ID == row.ActorID &&
		e.Action == row.Action && e.Target == row.Target
}

func headOf(ctx context.Context, db *pg.DB, of tenant.ID) (*store.AuditHead, error) {
	head := &store.AuditHead{}
	err := db.Platform(ctx, "read the end of an audit chain", func(tx *pg.PlatformTx) error {
		found, err := store.AuditHeadOf(ctx, tx, of)
		if fault.IsNotFound(err) {
			return nil
		}
		if err == nil {
			head = found
		}
		return err
	})
	return head, err
}

// Walk calls fn for each entry of a chain, the oldest first, a page in memory at a time.
func Walk(ctx context.Context, db *pg.DB, of tenant.ID, fn func(*store.AuditEntry) error) error {
	for after := int64(0); ; {
		var rows []*store.AuditEntry
		err := db.Platform(ctx, "walk an audit chain", func(tx *pg.PlatformTx) (err error) {
			rows, err = store.AuditChain(ctx, tx, of, after, page)
			return err
		})
		if err != nil {
			return fmt.Errorf("read the audit log of %d after %d: %w", of, after, err)
		}
		for _, row := range rows {
			if err := fn(row); err != nil {
				return err
			}
			after = row.Seq
		}
		if len(rows) < page {
			return nil
		}
	}
}
