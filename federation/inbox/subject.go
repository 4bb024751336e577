package inbox

import (
	"context"
	"hash/fnv"

	"rookery/federation/vocab"
	"rookery/internal/pg"
	"rookery/internal/store"
)

// subjectBuckets is how many things of a tenant can be told apart at once. Locks lie
// in a table of fixed size, so they are for buckets and not for each thing.
const subjectBuckets = 64

// subject is the id of the thing that an activity makes, changes or ends, and whether
// it must be treated alone. A Delete that runs beside the Create it is about would
// find nothing to delete, and the Create no tombstone; two Creates do not mind
// each other.
func (it *item) subject() (uri string, alone bool) {
	switch it.activity.Type {
	case vocab.TypeDelete, vocab.TypeUpdate, vocab.TypeUndo:
		return it.activity.Object.ID, true
	case vocab.TypeCreate:
		return it.activity.Object.ID, false
	}
	return it.activity.ID, false
}

// lockSubjects keeps activities about the same thing apart that two workers apply.
func lockSubjects(ctx context.Context, scope *pg.Scope, items []*item) error {
	held := map[int64]bool{}
	for _, it := range items {
		uri, alone := it.subject()
		if uri == "" {
			continue
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(uri))
		bucket := int64(h.Sum32() % subjectBuckets)
		held[bucket] = held[bucket] || alone
	}
	if len(held) == 0 {
		return nil
	}
	buckets, alone := make([]int64, 0, len(held)), make([]bool, 0, len(held))
	for bucket, is := range held {
		buckets, alone = append(buckets, bucket), append(alone, is)
	}
	return store.LockSubjects(ctx, scope, buckets, alone)
}
