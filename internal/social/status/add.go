package status

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/internal/stream"
)

// post is a new status with everything that is stored around it.
type post struct {
	*social.Status
	author   *social.Account
	boosted  *social.Status // what it boosts
	mentions []social.AccountID
	media    []social.Media // remote files
	quiet    bool           // found, not received: nobody is told
	findable bool           // its text goes into the search index
	hasMedia bool
}

// add stores new posts and does all that follows from them, in a number of
// statements that does not grow with the number of posts: this is the inbox's hot
// path. It reports which of them were really new.
func (s *Service) add(ctx context.Context, scope *pg.Scope, posts []*post, adoptions []store.Adoption) (map[social.StatusID]bool, error) {
	rows := make([]*social.Status, len(posts))
	for i, p := range posts {
		rows[i] = p.Status
	}
	added, err := store.InsertStatuses(ctx, scope, rows)
	if err != nil {
		return nil, fmt.Errorf("store %d statuses: %w", len(rows), err)
	}
	fresh := make([]*post, 0, len(posts))
	for _, p := range posts {
		if added[p.ID] {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return added, nil
	}

	batch := pg.NewBatch(scope)
	var bells []*store.Bell
	queueParts(batch, fresh)
	var told []*social.Notification
	scope.Last(func(end *pg.Batch) {
		queueDesk(end, fresh, told)
		queueCounters(end, fresh, adoptions)
	})
	store.QueueAdoptions(batch, adoptions)
	store.QueueBells(batch, bellAuthors(fresh), &bells)
	if err := batch.Send(ctx); err != nil {
		return nil, fmt.Errorf("store the parts of %d statuses: %w", len(fresh), err)
	}
	told, err = s.spread(ctx, scope, fresh, bells)
	return added, err
}

// queueParts stores mentions, tags, files and search texts.
func queueParts(batch *pg.Batch, fresh []*post) {
	var mentionIn, tagIn, textOf []social.StatusID
	var mentioned []social.AccountID
	var tags, texts []string
	var media []social.Media
	for _, p := range fresh {
		for _, account := range p.mentions {
			mentionIn, mentioned = append(mentionIn, p.ID), append(mentioned, account)
		}
		for _, tag := range p.Tags {
			tagIn, tags = append(tagIn, p.ID), append(tags, htmlsafe.NormaliseTag(tag))
		}
		for i, m := range p.media {
			m.ID, m.StatusID, m.AccountID, m.Position = social.MediaID(ids.New()), p.ID, p.AccountID, i
			media = append(media, m)
		}
		if p.findable {
			textOf, texts = append(textOf, p.ID), append(texts, searchText(p.Status))
		}
	}
	store.QueueMentions(batch, mentionIn, mentioned)
	store.QueueStatusTags(batch, tagIn, tags)
	store.QueueIndexTags(batch, tags)
	store.QueueRemoteMedia(batch, media)
	store.QueueIndexStatuses(batch, textOf, texts)
}

func searchText(st *social.Status) string { return st.SpoilerText + "\n" + htmlsafe.Text(st.Body) }

// queueCounters counts what is open only, as Mastodon does: a counter must not
// give away that a hidden answer exists.
func queueCounters(batch *pg.Batch, fresh []*post, adoptions []store.Adoption) {
	var parents, originals []social.StatusID
	var authors []social.AccountID
	var times []time.Time
	for _, p := range fresh {
		if p.InReplyToID != 0 && p.Visibility.IsOpen() {
			parents = append(parents, p.InReplyToID)
		}
		if p.BoostOfID != 0 {
			originals = append(originals, p.BoostOfID)
		}
		if p.Visibility != social.Direct {
			authors, times = append(authors, p.AccountID), append(times, p.CreatedAt)
		}
	}
	for _, a := range adoptions {
		if a.Open {
			parents = append(parents, a.ParentID)
		}
	}
	store.QueueCountReplies(batch, parents)
	store.QueueCountBoosts(batch, originals)
	store.QueueCountStatuses(batch, authors, times)
}

// bellAuthors are the authors of posts that are news to those who asked to be told.
func bellAuthors(fresh []*post) []social.AccountID {
	var out []social.AccountID
	for _, p := range fresh {
		if p.rings() {
			out = append(out, p.AccountID)
		}
	}
	return out
}

func (p *post) rings() bool {
	return !p.quiet && p.BoostOfID == 0 && p.Visibility != social.Direct && !p.answersOthers()
}

func (p *post) answersOthers() bool {
	return p.InReplyToURI != "" && p.InReplyToAccountID != p.AccountID
}

// spread puts posts into home timelines, tells who must be told and publishes both. It
// returns who was told.
func (s *Service) spread(ctx context.Context, scope *pg.Scope, fresh []*post, bells []*store.Bell) ([]*social.Notification, error) {
	var entries []*store.TimelineEntry
	var told []*social.Notification
	var loud []social.StatusID
	for _, p := range fresh {
		if !p.quiet {
			loud = append(loud, p.ID)
		}
	}
	if len(loud) == 0 {
		return nil, nil
	}
	batch := pg.NewBatch(scope)
	store.QueueFanOut(batch, loud, &entries)
	store.QueueNotifications(batch, news(fresh, bells), &told)
	if err := batch.Send(ctx); err != nil {
		return nil, fmt.Errorf("spread %d statuses: %w", len(loud), err)
	}
	notify.Publish(scope, s.streams, told)
	s.publishNew(scope, fresh, entries)
	return told, nil
}

// news are the notifications that new posts may cause; the store leaves out those
// that their receivers do not want.
func news(fresh []*post, bells []*store.Bell) []social.Notification {
	listeners := make(map[social.AccountID][]social.AccountID)
	for _, b := range bells {
		listeners[b.TargetID] = append(listeners[b.TargetID], b.AccountID)
	}
	var out []social.Notification
	for _, p := range fresh {
		if p.quiet {
			continue
		}
		if p.boosted != nil {
			out = append(out, notify.New(p.boosted.AccountID, p.AccountID, social.NotifyBoost, p.boosted.ID))
		}
		named := make(map[social.AccountID]bool, len(p.mentions))
		for _, account := range p.mentions {
			named[account] = true
			out = append(out, notify.New(account, p.AccountID, social.NotifyMention, p.ID))
		}
		if !p.rings() {
			continue
		}
		for _, account := range listeners[p.AccountID] {
			if !named[account] {
				out = append(out, notify.New(account, p.AccountID, social.NotifyStatus, p.ID))
			}
		}
	}
	return out
}

// publishNew tells open streams about new posts once they are durable.
func (s *Service) publishNew(scope *pg.Scope, fresh []*post, entries []*store.TimelineEntry) {
	owners := make(map[social.StatusID][]social.AccountID)
	for _, e := range entries {
		owners[e.StatusID] = append(owners[e.StatusID], e.OwnerID)
	}
	var events []stream.Event
	for _, p := range fresh {
		e := streamEvent(scope, stream.Update, p.Status)
		e.Owners, e.Media = owners[p.ID], p.hasMedia
		if p.author.SilencedAt != nil {
			e.Public, e.Tags = false, nil
		}
		if !p.quiet && (e.Public || len(e.Owners) > 0 || len(e.Tags) > 0) {
			events = append(events, e)
		}
	}
	if len(events) > 0 {
		scope.AfterCommit(func() { s.streams.Publish(events...) })
	}
}

// streamEvent says which of the shared streams a post belongs to. Answers to
// others are not for the public streams, but have their tags.
func streamEvent(scope *pg.Scope, kind stream.Kind, st *social.Status) stream.Event {
	e := stream.Event{Tenant: scope.Tenant(), Kind: kind, StatusID: st.ID, Local: st.IsLocal}
	if st.Visibility != social.Public || st.BoostOfID != 0 {
		return e
	}
	e.Public = st.InReplyToURI == "" || st.InReplyToAccountID == st.AccountID
	e.Tags = normalTags(st.Tags)
	return e
}

// normalTags are tags as streams are named by them.
func normalTags(written []string) []string {
	var out []string
	for _, tag := range written {
		out = append(out, htmlsafe.NormaliseTag(tag))
	}
	return out
}
