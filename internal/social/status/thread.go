package status

import (
	"context"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// surroundings is what is known about posts that come in.
type surroundings struct {
	ids       []social.StatusID // one for each post
	existing  map[string]*social.Status
	buried    map[string]bool
	parents   map[string]*store.ThreadLink
	orphans   map[string][]*store.ThreadLink // by the URI they wait for
	forbidden map[string]map[social.AccountID]bool
}

// lookAround asks everything at once, in one round trip.
func lookAround(ctx context.Context, scope *pg.Scope, list []Incoming) (*surroundings, error) {
	look := &surroundings{
		ids: make([]social.StatusID, len(list)), existing: make(map[string]*social.Status), buried: make(map[string]bool),
		parents: make(map[string]*store.ThreadLink), orphans: make(map[string][]*store.ThreadLink),
	}
	uris, authors := make([]string, len(list)), make([]social.AccountID, len(list))
	var parentURIs []string
	for i, in := range list {
		look.ids[i], uris[i], authors[i] = newID(in.Published), in.URI, in.Author.ID
		if in.InReplyToURI != "" {
			parentURIs = append(parentURIs, in.InReplyToURI)
		}
	}
	var existing []*social.Status
	var parents, orphans []*store.ThreadLink
	var taken []social.StatusID
	var buried []string
	batch := pg.NewBatch(scope)
	store.QueueStatusesByURIs(batch, uris, &existing)
	store.QueueTakenStatusIDs(batch, look.ids, &taken)
	store.QueueBuriedURIs(batch, uris, authors, &buried)
	store.QueueThreadOrphans(batch, uris, &orphans)
	if len(parentURIs) > 0 {
		store.QueueThreadParents(batch, parentURIs, &parents)
	}
	if err := batch.Send(ctx); err != nil {
		return nil, err
	}
	for _, st := range existing {
		look.existing[st.URI] = st
	}
	for _, uri := range buried {
		look.buried[uri] = true
	}
	for _, p := range parents {
		look.parents[p.URI] = p
	}
	for _, o := range orphans {
		look.orphans[o.InReplyToURI] = append(look.orphans[o.InReplyToURI], o)
	}
	look.replaceTaken(list, taken)
	if err := look.judge(ctx, scope, list); err != nil {
		return nil, err
	}
	return look, nil
}

func (look *surroundings) replaceTaken(list []Incoming, taken []social.StatusID) {
	if len(taken) == 0 {
		return
	}
	used := make(map[social.StatusID]bool, len(taken))
	for _, id := range taken {
		used[id] = true
	}
	for i, id := range look.ids {
		if used[id] {
			look.ids[i] = newID(list[i].Published)
		}
	}
}

// judge finds answers to our own hidden posts by people who cannot see them:
// guessed or leaked ids must have no effect. Of remote hidden posts we do not know
// who may see them, so their own server judges.
func (look *surroundings) judge(ctx context.Context, scope *pg.Scope, list []Incoming) error {
	var questions []store.Sight
	for _, in := range list {
		if p := look.parents[in.InReplyToURI]; p != nil && p.IsLocal && !p.Visibility.IsOpen() {
			questions = append(questions, store.Sight{Viewer: in.Author.ID, StatusID: p.ID})
		}
	}
	allowed, err := store.Sights(ctx, scope, questions)
	if err != nil {
		return err
	}
	look.forbidden = make(map[string]map[social.AccountID]bool)
	for _, q := range questions {
		if allowed[q] {
			continue
		}
		for uri, p := range look.parents {
			if p.ID == q.StatusID {
				if look.forbidden[uri] == nil {
					look.forbidden[uri] = make(map[social.AccountID]bool)
				}
				look.forbidden[uri][q.Viewer] = true
			}
		}
	}
	return nil
}

func (look *surroundings) isForbidden(in Incoming) bool {
	return in.InReplyToURI != "" && look.forbidden[in.InReplyToURI][in.Author.ID]
}

// forest joins conversations. Each is named by its first known post; a link that
// would make a post its own ancestor is left out.
type forest map[social.StatusID]social.StatusID

func (f forest) root(id social.StatusID) social.StatusID {
	for {
		up, ok := f[id]
		if !ok {
			return id
		}
		id = up
	}
}

// under puts one conversation below another and reports whether that is possible.
func (f forest) under(child, parent social.StatusID) bool {
	c, p := f.root(child), f.root(parent)
	if c == p {
		return false
	}
	f[c] = p
	return true
}

// link ties new posts to their parents, known or new themselves, and waiting
// answers to the new posts.
func link(posts []*post, fresh map[string]*post, look *surroundings) []store.Adoption {
	trees := make(forest)
	for _, p := range posts {
		if known := look.parents[p.InReplyToURI]; p.InReplyToURI != "" && known != nil {
			if trees.under(p.ID, known.ConversationID) {
				p.InReplyToID = known.ID
				p.InReplyToAccountID = answeredAccount(p.AccountID, known.AccountID, known.InReplyToAccountID)
			}
			continue
		}
		if parent := fresh[p.InReplyToURI]; p.InReplyToURI != "" && parent != nil && trees.under(p.ID, parent.ID) {
			p.InReplyToID = parent.ID
			p.InReplyToAccountID = parent.AccountID
		}
	}
	var adoptions []store.Adoption
	for _, p := range posts {
		for _, o := range look.orphans[p.URI] {
			if trees.under(o.ConversationID, p.ID) {
				adoptions = append(adoptions, store.Adoption{
					ID: o.ID, ParentID: p.ID, From: o.ConversationID, Open: o.Visibility.IsOpen(),
					ParentAccountID: answeredAccount(o.AccountID, p.AccountID, p.InReplyToAccountID),
				})
			}
		}
	}
	for _, p := range posts {
		p.ConversationID = trees.root(p.ID)
	}
	for i := range adoptions {
		adoptions[i].To = trees.root(adoptions[i].From)
	}
	return adoptions
}

// Mastodon's limits: people who are signed in see more of a thread.
const (
	anonymousAncestors   = 40
	anonymousDescendants = 60
	anonymousDepth       = 20
	maxThread            = 4096
)

// Thread is what stands around a post.
type Thread struct {
	Ancestors   []*social.Status // the first post first
	Descendants []*social.Status // each followed by its own answers
}

// Context returns the posts above and below one, as far as the viewer (0: anybody)
// may see them.
func Context(ctx context.Context, scope *pg.Scope, viewer social.AccountID, st *social.Status) (*Thread, error) {
	ancestors, descendants, depth := anonymousAncestors, anonymousDescendants, anonymousDepth
	if viewer != 0 {
		ancestors, descendants, depth = maxThread, maxThread, maxThread
	}
	up, err := store.ThreadAncestors(ctx, scope, viewer, st.ID, ancestors)
	if err != nil {
		return nil, err
	}
	down, err := store.ThreadDescendants(ctx, scope, viewer, st.ID, depth, descendants)
	if err != nil {
		return nil, err
	}
	return &Thread{Ancestors: up, Descendants: down}, nil
}

// Adopt links waiting answers to a post that is here already. A post and its
// answer that were stored at the same moment did not see each other; whoever looks
// for a parent and finds it calls this.
func (s *Service) Adopt(ctx context.Context, scope *pg.Scope, parent *social.Status) error {
	var orphans []*store.ThreadLink
	batch := pg.NewBatch(scope)
	store.QueueThreadOrphans(batch, []string{parent.URI}, &orphans)
	if err := batch.Send(ctx); err != nil {
		return err
	}
	p := &post{Status: &social.Status{
		ID: parent.ConversationID, URI: parent.URI, AccountID: parent.AccountID, InReplyToAccountID: parent.InReplyToAccountID,
	}}
	look := &surroundings{orphans: map[string][]*store.ThreadLink{parent.URI: orphans}}
	adoptions := link([]*post{p}, nil, look)
	var open []social.StatusID
	for i := range adoptions {
		adoptions[i].ParentID = parent.ID
		if adoptions[i].Open {
			open = append(open, parent.ID)
		}
	}
	batch = pg.NewBatch(scope)
	store.QueueAdoptions(batch, adoptions)
	store.QueueCountReplies(batch, open)
	return batch.Send(ctx)
}
