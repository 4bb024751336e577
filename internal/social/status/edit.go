package status

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Edit changes a local post of the author's own. The earlier version is kept, and
// those who boosted it are told.
func (s *Service) Edit(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, author *social.Account, st *social.Status, d Draft) (*social.Status, error) {
	if err := entitled.ToPublish(t); err != nil {
		return nil, err
	}
	if st.AccountID != author.ID || !st.IsLocal || st.BoostOfID != 0 {
		return nil, errNotFound
	}
	st, err := current(ctx, scope, st)
	if err != nil {
		return nil, err
	}
	d.Visibility = st.Visibility
	if err := s.prepare(author, &d); err != nil {
		return nil, err
	}
	text, err := read(ctx, scope, t, d.Text)
	if err != nil {
		return nil, err
	}
	next := *st
	now := time.Now().UTC().Truncate(time.Millisecond)
	next.Body, next.Source, next.SpoilerText, next.Sensitive, next.Tags = text.body, d.Text, d.SpoilerText, d.Sensitive, text.tags
	next.Language, next.EditedAt = d.Language, &now
	if err := s.replace(ctx, scope, st, &next, text.mentions); err != nil {
		return nil, err
	}
	if err := store.KeepMedia(ctx, scope, st.ID, d.MediaIDs); err != nil {
		return nil, err
	}
	if err := attach(ctx, scope, &next, d.MediaIDs); err != nil {
		return nil, err
	}
	pendingIn := make([]social.StatusID, len(text.pending))
	for i := range pendingIn {
		pendingIn[i] = st.ID
	}
	batch := pg.NewBatch(scope)
	store.QueuePendingMentions(batch, pendingIn, text.pending)
	if err := batch.Send(ctx); err != nil {
		return nil, err
	}
	return &next, store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventStatusEdited, AccountID: author.ID, StatusID: st.ID, ObjectURI: st.URI, Visibility: st.Visibility,
	})
}

// ReceiveEdit changes a remote post as its owner says. An edit that is older than
// what we have, or by somebody else, changes nothing: fault.Forbidden for the latter.
// Visibility and thread never change.
func (s *Service) ReceiveEdit(ctx context.Context, scope *pg.Scope, st *social.Status, in Incoming) (*social.Status, error) {
	if st.IsLocal || st.AccountID != in.Author.ID || st.BoostOfID != 0 {
		return nil, errForbidden
	}
	st, err := current(ctx, scope, st)
	if err != nil {
		return nil, err
	}
	next := *st
	next.URL, next.Body, next.SpoilerText, next.Language = in.URL, in.Body, in.SpoilerText, in.Language
	next.Sensitive = in.Sensitive || in.SpoilerText != ""
	next.Tags, next.Emojis = uniqueTags(in.Tags), in.Emojis
	if in.Edited != nil {
		edited := publishedAt(*in.Edited)
		if st.EditedAt != nil && !edited.After(*st.EditedAt) {
			return st, nil
		}
		next.EditedAt = &edited
	}
	if err := s.replace(ctx, scope, st, &next, in.MentionAccountIDs); err != nil {
		return nil, err
	}
	return &next, s.replaceRemoteMedia(ctx, scope, &next, in.Media)
}

// current locks a post and reads it anew: whoever edited it meanwhile has made the
// version that this edit replaces.
func current(ctx context.Context, scope *pg.Scope, st *social.Status) (*social.Status, error) {
	if err := store.LockStatus(ctx, scope, st.ID); err != nil {
		return nil, err
	}
	return store.StatusByID(ctx, scope, st.ID)
}

func (s *Service) replaceRemoteMedia(ctx context.Context, scope *pg.Scope, st *social.Status, media []social.Media) error {
	if err := store.DropRemoteMedia(ctx, scope, st.ID); err != nil {
		return err
	}
	list := make([]social.Media, len(media))
	for i, m := range media {
		m.ID, m.StatusID, m.AccountID, m.Position = social.MediaID(ids.New()), st.ID, st.AccountID, i
		list[i] = m
	}
	batch := pg.NewBatch(scope)
	store.QueueRemoteMedia(batch, list)
	return batch.Send(ctx)
}

// replace keeps the old version, writes the new one with its mentions and tags,
// and tells those whom it concerns. A change that readers cannot see (such as new
// votes or an attachment's preview) is no edit. The caller holds the post's lock.
func (s *Service) replace(ctx context.Context, scope *pg.Scope, old, next *social.Status, mentions []social.AccountID) error {
	visible := next.EditedAt != nil && !sameTime(old.EditedAt, next.EditedAt)
	if visible {
		if err := keepVersion(ctx, scope, old); err != nil {
			return err
		}
	}
	if err := store.UpdateStatus(ctx, scope, next); err != nil {
		return fmt.Errorf("store edit of status %d: %w", old.ID, err)
	}
	tags := make([]string, len(next.Tags))
	in := make([]social.StatusID, len(next.Tags))
	for i, tag := range next.Tags {
		tags[i], in[i] = htmlsafe.NormaliseTag(tag), next.ID
	}
	before, err := store.MentionsByStatuses(ctx, scope, []social.StatusID{old.ID})
	if err != nil {
		return err
	}
	named := make(map[social.AccountID]bool)
	for _, m := range before[old.ID] {
		named[m.AccountID] = true
	}
	if err := replaceParts(ctx, scope, next, tags, in, mentions); err != nil {
		return err
	}
	return s.tellEdit(ctx, scope, next, newcomers(named, mentions), visible)
}

func sameTime(a, b *time.Time) bool { return a != nil && b != nil && a.Equal(*b) }

func newcomers(named map[social.AccountID]bool, mentions []social.AccountID) []social.AccountID {
	var out []social.AccountID
	for _, account := range mentions {
		if !named[account] {
			out = append(out, account)
		}
	}
	return out
}

func keepVersion(ctx context.Context, scope *pg.Scope, old *social.Status) error {
	written := old.CreatedAt
	if old.EditedAt != nil {
		written = *old.EditedAt
	}
	return store.AddStatusEdit(ctx, scope, store.StatusEdit{
		ID: ids.New(), StatusID: old.ID, Body: old.Body, Source: old.Source, SpoilerText: old.SpoilerText,
		Sensitive: old.Sensitive, CreatedAt: written,
	})
}

// replaceParts brings mentions, tags and search text in line with the new text.
// People who are no longer named keep what they could see of a hidden post: Mastodon
// keeps such mentions silently, and taking them away would hide the edit from them.
func replaceParts(ctx context.Context, scope *pg.Scope, next *social.Status, tags []string, in []social.StatusID, mentions []social.AccountID) error {
	if next.Visibility.IsOpen() {
		if err := store.KeepMentions(ctx, scope, next.ID, mentions); err != nil {
			return err
		}
	}
	if err := store.KeepStatusTags(ctx, scope, next.ID, tags); err != nil {
		return err
	}
	batch := pg.NewBatch(scope)
	mentionIn := make([]social.StatusID, len(mentions))
	for i := range mentionIn {
		mentionIn[i] = next.ID
	}
	store.QueueMentions(batch, mentionIn, mentions)
	store.QueueStatusTags(batch, in, tags)
	store.QueueIndexTags(batch, tags)
	store.QueueReindexStatus(batch, next.ID, searchText(next), next.IsLocal)
	return batch.Send(ctx)
}

// tellEdit notifies new mentions and local boosters, and publishes the change.
func (s *Service) tellEdit(ctx context.Context, scope *pg.Scope, st *social.Status, named []social.AccountID, visible bool) error {
	var list []social.Notification
	for _, account := range named {
		list = append(list, notify.New(account, st.AccountID, social.NotifyMention, st.ID))
	}
	if visible {
		boosters, err := store.LocalBoosters(ctx, scope, st.ID)
		if err != nil {
			return err
		}
		for _, account := range boosters {
			list = append(list, notify.New(account, st.AccountID, social.NotifyUpdate, st.ID))
		}
	}
	if err := notify.Tell(ctx, scope, s.streams, list...); err != nil {
		return err
	}
	homes, err := store.HomesOf(ctx, scope, st.ID)
	if err != nil {
		return err
	}
	e := streamEvent(scope, stream.StatusUpdate, st)
	for _, h := range homes {
		e.Owners = append(e.Owners, h.OwnerID)
	}
	scope.AfterCommit(func() { s.streams.Publish(e) })
	return nil
}

// ResolvePending turns the handles that fan-out has looked up into mentions of a
// local post: found holds the accounts, the others stay text for ever. It returns
// the post as it reads now.
func (s *Service) ResolvePending(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, st *social.Status, found []*social.Account) (*social.Status, error) {
	if !st.IsLocal {
		return nil, fault.New(fault.Internal, "only local posts have pending mentions")
	}
	mentions, err := store.MentionsByStatuses(ctx, scope, []social.StatusID{st.ID})
	if err != nil {
		return nil, err
	}
	all := append([]*social.Account{}, found...)
	for _, m := range mentions[st.ID] {
		all = append(all, &social.Account{ID: m.AccountID, Username: m.Username, Domain: m.Domain, URL: m.URL, URI: m.URI})
	}
	entities := htmlsafe.Scan(st.Source)
	known, err := mentionable(ctx, scope, mentionedHandles(t, entities.Mentions), all)
	if err != nil {
		return nil, err
	}
	text := render(t, st.Source, entities, known)
	next := *st
	next.Body = text.body
	if err := store.UpdateStatus(ctx, scope, &next); err != nil {
		return nil, err
	}
	in := make([]social.StatusID, len(text.mentions))
	for i := range in {
		in[i] = st.ID
	}
	batch := pg.NewBatch(scope)
	store.QueueMentions(batch, in, text.mentions)
	if err := batch.Send(ctx); err != nil {
		return nil, err
	}
	return &next, store.ClearPendingMentions(ctx, scope, st.ID)
}
