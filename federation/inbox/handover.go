package inbox

import (
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/federation/vocab"
	"rookery/internal/social"
	"rookery/tenant"
)

// handover keeps what this process has verified and stored until the worker applies it,
// so that it is not read and parsed a second time. It is a short cut and holds no truth:
// what another process took in, what came before a restart and what had no room here is
// read from its row.
type handover struct {
	kept *otter.Cache[handoverKey, handed]
}

// Ids of two tenants may be the same, because each process makes its own.
type handoverKey struct {
	tenant tenant.ID
	id     int64
}

// handed is what a row says, parsed.
type handed struct {
	to       social.AccountID
	activity vocab.Activity
	size     int
}

const (
	handoverBytes = 8 << 20 // of bodies; parsed they are several times as large
	handoverTime  = time.Minute
)

func newHandover() *handover {
	return &handover{kept: otter.Must(&otter.Options[handoverKey, handed]{
		MaximumWeight:    handoverBytes,
		Weigher:          func(_ handoverKey, h handed) uint32 { return uint32(h.size) }, //nolint:gosec // bounded by vocab.MaxBody
		ExpiryCalculator: otter.ExpiryWriting[handoverKey, handed](handoverTime),
	})}
}

// put is called before the activity's job can be seen by a worker.
func (h *handover) put(v *VerifiedActivity, id int64, to social.AccountID) {
	h.kept.Set(handoverKey{v.tenant.ID, id}, handed{to: to, activity: v.activity, size: len(v.raw)})
}

// take returns the items that are here, and the ids of the others. Each is handed over
// once: a second try reads the row, which knows what has become of it.
func (h *handover) take(id tenant.ID, ids []int64) (items []*item, missing []int64) {
	for _, n := range ids {
		if kept, ok := h.kept.Invalidate(handoverKey{id, n}); ok {
			items = append(items, &item{id: n, to: kept.to, activity: kept.activity})
		} else {
			missing = append(missing, n)
		}
	}
	return items, missing
}
