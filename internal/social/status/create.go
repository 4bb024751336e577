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
	"rookery/tenant/entitled"
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
	made, err := s.CreateMany(ctx, scope, t, author, []Draft{d})
	if err != nil {
		return nil, err
	}
	return made[0].Status, made[0].Err
}

// Created is what became of a Draft: a post, or why there is none.
type Created struct {
	Status *social.Status
	Err    error
}

// CreateMany creates posts of one author in their order, with a number of statements
// that does not grow with the number of posts, files aside. What cannot be posted has
// an Err of its own. An error of CreateMany's means that nothing was stored: the
// caller tries one by one.
func (s *Service) CreateMany(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, author *social.Account, list []Draft) ([]Created, error) {
	if err := entitled.ToPublish(t); err != nil {
		return nil, err
	}
	out := make([]Created, len(list))
	drafts := make([]*draft, len(list))
	for i, d := range list {
		drafts[i] = &draft{Draft: d, id: social.StatusID(ids.New()), outcome: &out[i]}
		out[i].Err = s.prepare(author, &drafts[i].Draft)
	}
	if err := claim(ctx, scope, author.ID, drafts); err != nil {
		return nil, err
	}
	if err := answer(ctx, scope, author.ID, drafts); err != nil {
		return nil, err
	}
	if err := write(ctx, scope, t, author, drafts); err != nil {
		return nil, err
	}
	if err := s.addDrafts(ctx, scope, author, drafts); err != nil {
		return nil, err
	}
	for _, d := range drafts {
		if d.same != nil {
			*d.outcome = *d.same.outcome
		}
	}
	return out, nil
}

// write makes posts of the drafts that are left.
func write(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, author *social.Account, drafts []*draft) error {
	var texts []string
	var open []*draft
	for _, d := range drafts {
		if d.isOpen() {
			texts, open = append(texts, d.Text), append(open, d)
		}
	}
	read, err := readMany(ctx, scope, t, texts)
	if err != nil {
		return err
	}
	for i, d := range open {
		d.text = read[i]
		st := d.post
		st.ID, st.AccountID, st.URI, st.URL = d.id, author.ID, objectURI(t, d.id), t.URL(fmt.Sprintf("/@%s/%d", author.Username, d.id))
		st.Source, st.SpoilerText, st.Visibility, st.Sensitive, st.Language = d.Text, d.SpoilerText, d.Visibility, d.Sensitive, d.Language
		st.IsLocal, st.AuthorID, st.AppID = true, d.AuthorID, d.AppID
		st.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
		st.Body, st.Tags = d.text.body, d.text.tags
		if st.ConversationID == 0 {
			st.ConversationID = d.id
		}
	}
	return nil
}

// addDrafts stores posts with their uploads and pending mentions, and their events.
// Uploads are attached after the rows exist and before anybody is told.
func (s *Service) addDrafts(ctx context.Context, scope *pg.Scope, author *social.Account, drafts []*draft) error {
	var posts []*post
	var pendingIn []social.StatusID
	var pending []string
	var events []*social.Event
	for _, d := range drafts {
		if !d.isOpen() {
			continue
		}
		d.outcome.Status = d.post
		posts = append(posts, &post{Status: d.post, author: author, mentions: d.text.mentions, findable: true, hasMedia: len(d.MediaIDs) > 0})
		for _, handle := range d.text.pending {
			pendingIn, pending = append(pendingIn, d.id), append(pending, handle)
		}
		if d.Visibility == social.Direct && !d.text.remote && len(d.text.pending) == 0 {
			continue // a conversation among the tenant's own people
		}
		events = append(events, &social.Event{
			Kind: social.EventStatusCreated, AccountID: author.ID, StatusID: d.id, ObjectURI: d.post.URI, Visibility: d.Visibility,
		})
	}
	if len(posts) == 0 {
		return nil
	}
	if _, err := s.add(ctx, scope, posts, nil); err != nil {
		return err
	}
	for _, d := range drafts { // files make a post slow by themselves: those who batch leave such posts alone
		if d.outcome.Status == d.post && d.post != nil {
			if err := attach(ctx, scope, d.post, d.MediaIDs); err != nil {
				return err
			}
		}
	}
	batch := pg.NewBatch(scope)
	store.QueuePendingMentions(batch, pendingIn, pending)
	if err := batch.Send(ctx); err != nil {
		return err
	}
	return store.AddEvents(ctx, scope, events...)
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
