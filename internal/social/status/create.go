package status

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Draft is what a person wants to post.
type Draft struct {
	Text           string
	SpoilerText    string
	Visibility     social.Visibility // "": the author's default
	Sensitive      bool
	Language       string // "": the author's default
	InReplyToID    social.StatusID
	MediaIDs       []social.MediaID
	IdempotencyKey string
	AuthorID       social.PersonID // the person who writes
	AppID          social.AppID
}

// Create posts for a local author: stores the post, its mentions, tags and files,
// fills home timelines, notifies, and leaves the event that makes it federate.
// The same IdempotencyKey within an hour returns the same post.
func (s *Service) Create(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, author *social.Account, d Draft) (*social.Status, error) {
	if err := s.prepare(author, &d); err != nil {
		return nil, err
	}
	id := social.StatusID(ids.New())
	if earlier, err := claim(ctx, scope, author.ID, d.IdempotencyKey, id); err != nil || earlier != nil {
		return earlier, err
	}
	st := &social.Status{
		ID: id, AccountID: author.ID, URI: objectURI(t, id), URL: t.URL(fmt.Sprintf("/@%s/%d", author.Username, id)),
		Source: d.Text, SpoilerText: d.SpoilerText, Visibility: d.Visibility, Sensitive: d.Sensitive, Language: d.Language,
		IsLocal: true, ConversationID: id, AuthorID: d.AuthorID, AppID: d.AppID,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	if err := answer(ctx, scope, author.ID, st, d.InReplyToID); err != nil {
		return nil, err
	}
	text, err := read(ctx, scope, t, d.Text)
	if err != nil {
		return nil, err
	}
	st.Body, st.Tags = text.body, text.tags
	p := &post{Status: st, author: author, mentions: text.mentions, findable: true, hasMedia: len(d.MediaIDs) > 0}
	if _, err := s.addLocal(ctx, scope, p, text, d.MediaIDs); err != nil {
		return nil, err
	}
	return st, nil
}

// addLocal stores a local post with its uploads and pending mentions, and its event.
// Uploads are attached after the row exists and before anybody is told.
func (s *Service) addLocal(ctx context.Context, scope *pg.Scope, p *post, text *written, media []social.MediaID) (map[social.StatusID]bool, error) {
	added, err := s.add(ctx, scope, []*post{p}, nil)
	if err != nil {
		return nil, err
	}
	if err := attach(ctx, scope, p.Status, media); err != nil {
		return nil, err
	}
	if err := store.AddPendingMentions(ctx, scope, p.ID, text.pending); err != nil {
		return nil, err
	}
	if p.Visibility == social.Direct && !text.remote && len(text.pending) == 0 {
		return added, nil // a conversation among the tenant's own people
	}
	return added, store.AddEvent(ctx, scope, &social.Event{
		Kind: social.EventStatusCreated, AccountID: p.AccountID, StatusID: p.ID, ObjectURI: p.URI, Visibility: p.Visibility,
	})
}

func objectURI(t *tenant.Tenant, id social.StatusID) string {
	return t.URL("/ap/objects/" + ids.Format(int64(id)))
}

// activityURI is the id of an activity that is stored on the row it made: a boost,
// a like, a follow, a block.
func activityURI(t *tenant.Tenant, id int64) string { return t.URL("/ap/activities/" + ids.Format(id)) }

// prepare cleans a draft, fills in the author's defaults and refuses what cannot be posted.
func (s *Service) prepare(author *social.Account, d *Draft) error {
	d.Text = strings.TrimSpace(htmlsafe.Clean(d.Text))
	d.SpoilerText = strings.TrimSpace(htmlsafe.Clean(d.SpoilerText))
	if d.Text == "" && d.SpoilerText != "" { // a warning about nothing is the text
		d.Text, d.SpoilerText = d.SpoilerText, ""
	}
	if d.Visibility == "" {
		d.Visibility = author.DefaultVisibility
	}
	if d.Visibility == "" {
		d.Visibility = social.Public
	}
	if !d.Visibility.Valid() {
		return fault.New(fault.Invalid, "Validation failed: Visibility is not included in the list")
	}
	if author.SilencedAt != nil && d.Visibility == social.Public {
		d.Visibility = social.Unlisted
	}
	if d.Language == "" {
		d.Language = author.DefaultLanguage
	}
	d.Sensitive = d.Sensitive || d.SpoilerText != ""
	return s.check(d.Text, d.SpoilerText, d.MediaIDs)
}

func (s *Service) check(text, spoiler string, media []social.MediaID) error {
	if text == "" && len(media) == 0 {
		return fault.New(fault.Invalid, "Validation failed: Text can't be blank")
	}
	if htmlsafe.Length(text)+htmlsafe.Length(spoiler) > s.maxChars {
		return fault.Newf(fault.Invalid, "Validation failed: Text character limit of %d exceeded", s.maxChars)
	}
	if len(media) > MaxMedia {
		return fault.Newf(fault.Invalid, "Cannot attach more than %d files", MaxMedia)
	}
	return nil
}

// claim returns the post that an Idempotency-Key made earlier, or nil after
// binding the key to the new id.
func claim(ctx context.Context, scope *pg.Scope, author social.AccountID, key string, id social.StatusID) (*social.Status, error) {
	if key == "" {
		return nil, nil
	}
	if len(key) > 255 {
		return nil, fault.New(fault.Invalid, "The Idempotency-Key is longer than 255 characters.")
	}
	bound, err := store.ClaimKey(ctx, scope, author, key, id)
	if err != nil || bound == id {
		return nil, err
	}
	earlier, err := store.StatusByID(ctx, scope, bound)
	if fault.IsNotFound(err) { // deleted since: the key is free again
		return nil, store.RebindKey(ctx, scope, author, key, id)
	}
	return earlier, err
}

// answer links a post to the one it answers, which the author must be able to see.
func answer(ctx context.Context, scope *pg.Scope, author social.AccountID, st *social.Status, parentID social.StatusID) error {
	if parentID == 0 {
		return nil
	}
	parent, err := Visible(ctx, scope, author, parentID)
	if err != nil {
		return err
	}
	if parent.BoostOfID != 0 { // one answers what was boosted
		if parent, err = Visible(ctx, scope, author, parent.BoostOfID); err != nil {
			return err
		}
	}
	st.InReplyToID, st.InReplyToURI, st.ConversationID = parent.ID, parent.URI, parent.ConversationID
	st.InReplyToAccountID = answeredAccount(author, parent.AccountID, parent.InReplyToAccountID)
	return nil
}

// answeredAccount is whom an answer speaks to. Somebody who goes on in their own
// answer still speaks to the same person (Mastodon does the same).
func answeredAccount(author, parentAuthor, parentAnswers social.AccountID) social.AccountID {
	if parentAuthor == author && parentAnswers != 0 {
		return parentAnswers
	}
	return parentAuthor
}

// attach gives the author's uploads to the post.
func attach(ctx context.Context, scope *pg.Scope, st *social.Status, media []social.MediaID) error {
	if len(media) == 0 {
		return nil
	}
	kinds, err := store.AttachMedia(ctx, scope, st.ID, st.AccountID, media)
	if err != nil {
		return err
	}
	if len(kinds) != len(media) {
		return fault.New(fault.Invalid, "Validation failed: Media not found or already attached to another post")
	}
	for _, kind := range kinds {
		if kind != social.MediaImage && len(kinds) > 1 {
			return fault.New(fault.Invalid, "Cannot attach a video to a post that already contains images")
		}
	}
	return nil
}
