package store_test

import (
	"context"

	"rookery/internal/pg"
	"rookery/internal/store"
)

// actsShown is a page of what staff did, and one more.
const actsShown = 21

// staffReads are what the pages of those who run the platform ask for: of a tenant's long
// trail, in which one entry of some hundreds is theirs.
func (l *large) staffReads(m map[string]read) {
	for name, before := range map[string]int64{"newest": 0, "far back": l.posts / 4, "the first": 500} {
		m["StaffActsOn, "+name] = read{onPlatform: func(ctx context.Context, p *pg.PlatformTx) error {
			_, err := store.StaffActsOn(ctx, p, 1, before, actsShown)
			return err
		}}
	}
}
