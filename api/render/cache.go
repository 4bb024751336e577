package render

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"rookery/internal/store"
	"rookery/tenant"
)

// DefaultCacheSize holds some ten thousand statuses with their authors.
const DefaultCacheSize = 32 << 20

// cache holds statuses and accounts as they are shown to everybody, each with the
// version of the rows that it was made from. Versions are read from the database for
// every answer and never kept, so that nothing stale can be served and nothing needs to
// be told to forget (ADR 11).
type cache struct {
	entries      *otter.Cache[cacheKey, cacheEntry]
	hits, misses atomic.Uint64
}

type cacheKey struct {
	tenant tenant.ID
	base   string // the tenant's URL: tags lead to its pages
	kind   cacheKind
	id     int64
}

type cacheKind byte

const (
	keptStatus cacheKind = iota
	keptAccount
)

type cacheEntry struct {
	version store.Version
	shown   sized
}

// sized is an entity that is kept: *entity.Status or *entity.Account. It is shared by
// everybody and never changed.
type sized interface {
	Keep() error
	Size() int
}

func newCache(size int) *cache {
	return &cache{entries: otter.Must(&otter.Options[cacheKey, cacheEntry]{
		MaximumWeight: uint64(max(size, 1)),                                                    //nolint:gosec // not negative
		Weigher:       func(_ cacheKey, e cacheEntry) uint32 { return uint32(e.shown.Size()) }, //nolint:gosec // bounded by the size of a post
	})}
}

// get returns what was made from exactly this version.
func (c *cache) get(key cacheKey, version store.Version) (sized, bool) {
	e, ok := c.entries.GetIfPresent(key)
	if !ok || e.version != version {
		c.misses.Add(1)
		return nil, false
	}
	c.hits.Add(1)
	return e.shown, true
}

// put keeps a value that was read after its version was.
func (c *cache) put(key cacheKey, version store.Version, shown sized) error {
	if err := shown.Keep(); err != nil {
		return err
	}
	c.entries.Set(key, cacheEntry{version, shown})
	return nil
}

// CacheStats are the numbers of the cache, for metrics.
type CacheStats struct{ Hits, Misses, Bytes uint64 }

// CacheStats returns the numbers of the cache.
func (r *Renderer) CacheStats() CacheStats {
	return CacheStats{Hits: r.cache.hits.Load(), Misses: r.cache.misses.Load(), Bytes: r.cache.entries.WeightedSize()}
}
