package access

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/internal/store"
	"rookery/tenant"
)

const (
	// rememberFor bounds what a lost notice can do: a connection can be dead for half a
	// minute before anybody knows.
	rememberFor   = 10 * time.Second
	rememberMost  = 20_000
	hashOfABearer = 32 // bytes of SHA-256
)

// News tells what any process changes in the database.
type News interface {
	// Listen calls fn with every notice on a channel.
	Listen(channel string, fn func(payload string))
	// Listening reports whether notices arrive. The session changes whenever some may
	// have been missed.
	Listening() (session uint64, ok bool)
}

// memory holds whose token is whose for a few seconds. Everything in it counts only
// as long as nothing about access has changed anywhere since it was read: a single
// number that each notice moves is all there is to invalidate.
type memory struct {
	news    News
	notices atomic.Uint64
	bearers *otter.Cache[bearerKey, rememberedBearer]
}

type bearerKey struct {
	tenant tenant.ID
	hash   [hashOfABearer]byte
}

// moment names a state of all that is known about access.
type moment struct{ session, notices uint64 }

type rememberedBearer struct {
	since  moment
	viewer Viewer
}

// Follow lets the judge remember tokens while news of their end arrives. Call it before
// the judge is asked; without it every token is looked up.
func (j *Judge) Follow(n News) {
	m := &memory{news: n, bearers: otter.Must(&otter.Options[bearerKey, rememberedBearer]{
		MaximumSize: rememberMost, ExpiryCalculator: otter.ExpiryWriting[bearerKey, rememberedBearer](rememberFor),
	})}
	n.Listen(store.AccessChannel, func(string) { m.notices.Add(1) })
	j.memory = m
}

// now is the moment before a look-up; what is read afterwards is remembered under it, so
// that a change in between makes it worthless.
func (m *memory) now() (moment, bool) {
	if m == nil {
		return moment{}, false
	}
	session, ok := m.news.Listening()
	return moment{session, m.notices.Load()}, ok
}

func (m *memory) recall(key bearerKey, now moment) *Viewer {
	known, ok := m.bearers.GetIfPresent(key)
	if !ok || known.since != now {
		return nil
	}
	return &known.viewer
}

func (m *memory) remember(key bearerKey, since moment, v *Viewer) {
	m.bearers.Set(key, rememberedBearer{since, *v})
}
