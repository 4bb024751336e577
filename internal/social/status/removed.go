package status

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
)

// RemoveAuthor removes a remote account with everything that it wrote, because its
// owner or its owner's server says that it is gone. The caller has proved that.
func (s *Service) RemoveAuthor(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	removed, err := store.RemoveRemoteAccount(ctx, scope, a)
	if err != nil {
		return fmt.Errorf("remove account %d: %w", a.ID, err)
	}
	PublishRemoved(scope, s.streams, removed)
	return nil
}

// PublishRemoved tells the open streams which posts are gone: the homes that they
// stood in, and the streams that everybody hears. Without streams nobody listens.
func PublishRemoved(scope *pg.Scope, streams stream.Publisher, removed store.Removed) {
	if streams == nil {
		return
	}
	gone := newFarewells(scope)
	for _, p := range removed.Shared {
		e := gone.of(p.ID)
		e.Local, e.Public, e.Tags = p.IsLocal, !p.Answers, normalTags(p.Tags)
	}
	gone.homes(removed.Homes)
	gone.publish(streams)
}

// farewells are delete events, one for each post, in the order in which they were
// first spoken of.
type farewells struct {
	scope *pg.Scope
	byID  map[social.StatusID]*stream.Event
	order []social.StatusID
}

func newFarewells(scope *pg.Scope) *farewells {
	return &farewells{scope: scope, byID: make(map[social.StatusID]*stream.Event)}
}

func (f *farewells) of(id social.StatusID) *stream.Event {
	if f.byID[id] == nil {
		f.byID[id] = &stream.Event{Tenant: f.scope.Tenant(), Kind: stream.Delete, StatusID: id}
		f.order = append(f.order, id)
	}
	return f.byID[id]
}

// homes adds whose home each post, or a boost of it, stood in.
func (f *farewells) homes(entries []*store.TimelineEntry) {
	for _, entry := range entries {
		e := f.of(entry.StatusID)
		e.Owners = append(e.Owners, entry.OwnerID)
	}
}

// publish sends the events when the transaction has committed.
func (f *farewells) publish(streams stream.Publisher) {
	if len(f.order) == 0 {
		return
	}
	events := make([]stream.Event, len(f.order))
	for i, id := range f.order {
		events[i] = *f.byID[id]
	}
	f.scope.AfterCommit(func() { streams.Publish(events...) })
}
