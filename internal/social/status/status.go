// Package status holds the rules of posts: writing, receiving, editing, deleting,
// boosting, liking, keeping, and who may see what.
//
// The APIs call it for local people, federation/inbox for remote ones; both give
// it their own transaction. What others must hear it leaves as an event
// (store.AddEvent) for federation/outbox. It must not touch the network: handles
// it does not know stay pending until fan-out has looked them up.
package status

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
)

// Limits of a local post. They are shown to clients by the instance document.
const (
	DefaultMaxChars = 500
	MaxMedia        = 4
	MaxPins         = 5
)

// Service applies the rules of posts. Make it with New.
type Service struct {
	streams  stream.Publisher
	maxChars int
}

// Options of a Service.
type Options struct {
	Streams  stream.Publisher
	MaxChars int // of a local post; 0: DefaultMaxChars
}

// New returns a Service. It is safe for concurrent use.
func New(o Options) *Service {
	if o.MaxChars == 0 {
		o.MaxChars = DefaultMaxChars
	}
	return &Service{streams: o.Streams, maxChars: o.MaxChars}
}

// MaxChars is how long a local post may be.
func (s *Service) MaxChars() int { return s.maxChars }

// CanSee answers for a viewer (0: anybody) which of the statuses it may see. It is
// the one judge: REST, ActivityPub, search, streaming and media ask it, or read
// lists that are filtered by the same condition (store.VisibleStatuses).
func CanSee(ctx context.Context, scope *pg.Scope, viewer social.AccountID, statuses []*social.Status) (map[social.StatusID]bool, error) {
	if len(statuses) == 0 {
		return map[social.StatusID]bool{}, nil
	}
	ids := make([]social.StatusID, len(statuses))
	for i, st := range statuses {
		ids[i] = st.ID
	}
	return store.VisibleStatuses(ctx, scope, viewer, ids)
}

// Visible returns a status that the viewer (0: anybody) may see. What it may not
// see is fault.NotFound, as if it did not exist.
func Visible(ctx context.Context, scope *pg.Scope, viewer social.AccountID, id social.StatusID) (*social.Status, error) {
	return store.VisibleStatus(ctx, scope, viewer, id)
}

var errNotFound = fault.New(fault.NotFound, "Record not found")

// mustSee is NotFound for a viewer who may not see a status.
func mustSee(ctx context.Context, scope *pg.Scope, viewer social.AccountID, st *social.Status) error {
	seen, err := CanSee(ctx, scope, viewer, []*social.Status{st})
	if err != nil {
		return err
	}
	if !seen[st.ID] {
		return errNotFound
	}
	return nil
}
