package outbox

import (
	"context"
	"fmt"
	"slices"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/store"
	"rookery/tenant"
)

// message is an activity and whom it is for.
type message struct {
	activity   *vocab.ActivityDocument
	asserts    social.StatusID   // the post that must exist for it to be sent
	visibility social.Visibility // open ones are served to anybody who asks
	to         store.Recipients
}

// builder makes one event's message.
type builder struct {
	scope  *pg.Scope
	tenant *tenant.Tenant
	event  *social.Event
	posts  map[social.StatusID]*store.FullStatus // those that events of the job tell of
	media  media.Addresses
}

// eventURI is the id of an activity that nothing else names.
func (b *builder) eventURI() string { return eventURI(b.tenant, b.event.ID) }

func eventURI(t *tenant.Tenant, id social.EventID) string {
	return t.URL("/ap/activities/" + ids.Format(int64(id)))
}

func (b *builder) mediaURL(m *social.Media) string { return b.media.URL(b.tenant.ID, m) }

func (b *builder) build(ctx context.Context) (*message, error) {
	switch b.event.Kind {
	case social.EventStatusCreated:
		return b.created()
	case social.EventStatusEdited:
		return b.edited(ctx)
	case social.EventStatusDeleted:
		return b.deleted(ctx)
	case social.EventFavourited, social.EventUnfavourited:
		return b.favourite(ctx)
	case social.EventFollowed, social.EventUnfollowed, social.EventBlocked, social.EventUnblocked:
		return b.towards(ctx)
	case social.EventFollowAccepted, social.EventFollowRejected:
		return b.answer(ctx)
	case social.EventAccountUpdated, social.EventAccountRekeyed:
		return b.profile(ctx)
	case social.EventAccountDeleted:
		return b.farewell()
	case social.EventPinned, social.EventUnpinned:
		return b.featured(ctx)
	}
	return nil, fmt.Errorf("event %d is of a kind this program does not know: %q", b.event.ID, b.event.Kind)
}

// post is the event's status with its author, mentions and files. A post that is gone
// is no longer told of (SECURITY.md rule 23).
func (b *builder) post() (*store.FullStatus, error) {
	full := b.posts[b.event.StatusID]
	if full == nil || full.Status.AccountID != b.event.AccountID {
		return nil, errNothing
	}
	return full, nil
}

func (b *builder) note(full *store.FullStatus) *vocab.NoteDocument {
	post := convert.Post{Status: full.Status, Author: full.Author, Mentions: full.Mentions, Media: full.Media}
	return convert.NoteDocument(b.tenant, post, b.mediaURL)
}

// created is a Create, whose id follows from the post's so that the outbox can name
// it for ever, or the Announce that a boost is.
func (b *builder) created() (*message, error) {
	full, err := b.post()
	if err != nil {
		return nil, err
	}
	if full.Original != nil {
		activity := convert.AnnounceDocument(full.Status, full.Author, full.Original.URI, full.OriginalAuthor.URI)
		m := b.reach(full, activity)
		m.to.Accounts = append(m.to.Accounts, full.OriginalAuthor.ID)
		return m, nil
	}
	return b.reach(full, b.create(full)), nil
}

func (b *builder) create(full *store.FullStatus) *vocab.ActivityDocument {
	return vocab.NewCreate(convert.CreateURI(b.tenant, full.Status), b.note(full))
}

// edited is an Update. Of what is not for everybody only those hear who may see it
// now: whoever had the earlier version may have been removed or blocked since.
func (b *builder) edited(ctx context.Context) (*message, error) {
	full, err := b.post()
	if err != nil {
		return nil, err
	}
	if err := b.renewCreate(ctx, full); err != nil {
		return nil, err
	}
	m := b.reach(full, vocab.NewUpdate(b.eventURI(), b.note(full)))
	if full.Status.Visibility.IsOpen() {
		m.to.EarlierOf = full.Status.ID // somebody who is no longer mentioned has a copy
	}
	return m, nil
}

// renewCreate has a Create that is still on its way say what the post says now: who
// edits something out does not want it sent hours later, when a server is back. What is
// not for everybody stays as it was, for those it was for.
func (b *builder) renewCreate(ctx context.Context, full *store.FullStatus) error {
	if !full.Status.Visibility.IsOpen() {
		return nil
	}
	create := b.create(full)
	body, err := vocab.Write(create)
	if err != nil {
		return fmt.Errorf("write the Create anew: %w", err)
	}
	return store.RenewActivity(ctx, b.scope, full.Status.AccountID, create.ID, body)
}

// reach addresses what tells of a post: followers unless it is direct, whoever is
// mentioned, whoever is answered where anybody may read it.
func (b *builder) reach(full *store.FullStatus, activity *vocab.ActivityDocument) *message {
	st := full.Status
	m := &message{activity: activity, asserts: st.ID, visibility: st.Visibility}
	m.to.Accounts = slices.Clone(b.event.RecipientIDs)
	if st.Visibility != social.Direct {
		m.to.FollowersOf = st.AccountID
	}
	for _, mention := range full.Mentions {
		m.to.Accounts = append(m.to.Accounts, mention.AccountID)
	}
	if st.InReplyToAccountID != 0 && st.Visibility.IsOpen() {
		m.to.Accounts = append(m.to.Accounts, st.InReplyToAccountID)
	}
	return m
}

// deleted is a Delete of a post, or an Undo of a boost, to all who heard of it. The
// row is gone: what is needed stands in the event and in what was sent before.
func (b *builder) deleted(ctx context.Context) (*message, error) {
	author, err := store.AccountByID(ctx, b.scope, b.event.AccountID)
	if err != nil {
		return nil, err
	}
	m := &message{visibility: b.event.Visibility}
	m.to.Accounts = slices.Clone(b.event.RecipientIDs)
	if b.event.Visibility != social.Direct {
		m.to.FollowersOf = author.ID
	}
	// The event of a boost names the author of the original, that of a post nobody.
	if b.event.TargetID != 0 {
		return b.unboosted(ctx, author, m)
	}
	m.to.EarlierOf = b.event.StatusID
	recipients, err := b.recipientURIs(ctx)
	if err != nil {
		return nil, err
	}
	to, cc := convert.Audience(b.event.Visibility, author.FollowersURL, recipients)
	m.activity = vocab.NewDelete(b.eventURI(), author.URI, vocab.NewTombstone(b.event.ObjectURI, vocab.At(b.event.CreatedAt)), to, cc)
	return m, nil
}

// unboosted takes back an Announce as it was sent, or as it would have been.
func (b *builder) unboosted(ctx context.Context, author *social.Account, m *message) (*message, error) {
	sent, err := store.ActivityByURI(ctx, b.scope, b.event.ObjectURI)
	if err == nil {
		m.to.EarlierOf = sent.StatusID
		if announce := readAnnounce(sent.Body); announce != nil {
			m.activity = vocab.NewUndo(b.eventURI(), announce)
			return m, nil
		}
	}
	if err != nil && !fault.IsNotFound(err) {
		return nil, err
	}
	original, err := store.StatusByID(ctx, b.scope, b.event.StatusID)
	if err != nil {
		return nil, err
	}
	boost := &social.Status{URI: b.event.ObjectURI, Visibility: b.event.Visibility}
	m.activity = vocab.NewUndo(b.eventURI(), convert.AnnounceDocument(boost, author, original.URI, ""))
	return m, nil
}

func readAnnounce(body []byte) *vocab.ActivityDocument {
	doc, err := vocab.Parse(body)
	if err != nil {
		return nil
	}
	a := vocab.ReadActivity(doc)
	if a.Type != vocab.TypeAnnounce || a.Object.ID == "" {
		return nil
	}
	return vocab.NewAnnounce(a.ID, a.Actor, a.Object.ID, vocab.At(a.Published), a.To, a.CC)
}

func (b *builder) recipientURIs(ctx context.Context) ([]string, error) {
	if len(b.event.RecipientIDs) == 0 {
		return nil, nil
	}
	accounts, err := store.AccountsByIDs(ctx, b.scope, b.event.RecipientIDs)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range b.event.RecipientIDs {
		if a := accounts[id]; a != nil {
			out = append(out, a.URI)
		}
	}
	return out, nil
}
