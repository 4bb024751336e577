package status

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Incoming is a remote post. The caller has proved that it is the author's and has
// sanitised every text.
type Incoming struct {
	Author            *social.Account
	URI               string
	URL               string
	Body              string // sanitised HTML
	SpoilerText       string // plain text
	Sensitive         bool
	Visibility        social.Visibility
	Language          string
	InReplyToURI      string
	QuoteURI          string
	Published         time.Time
	Edited            *time.Time
	Tags              []string
	Emojis            []social.Emoji
	MentionAccountIDs []social.AccountID
	Media             []social.Media
	// Quiet marks a post that was looked up rather than delivered: it enters no
	// home timeline and notifies nobody.
	Quiet bool
}

// Received is what became of an Incoming: a status, or why there is none.
type Received struct {
	Status  *social.Status
	Created bool  // false: it was here already
	Err     error // fault.Gone: deleted by its author; fault.Forbidden: answers what its author may not see
}

var (
	errGone      = fault.New(fault.Gone, "This post was deleted by its author.")
	errForbidden = fault.New(fault.Forbidden, "This action is not allowed")
)

// Receive stores one remote post; see ReceiveMany.
func (s *Service) Receive(ctx context.Context, scope *pg.Scope, in Incoming) (*social.Status, bool, error) {
	out, err := s.ReceiveMany(ctx, scope, []Incoming{in})
	if err != nil {
		return nil, false, err
	}
	return out[0].Status, out[0].Created, out[0].Err
}

// ReceiveMany stores remote posts with a handful of statements however many they
// are, and answers for each. A URI that is here already is returned as it is; one
// that its author deleted is refused for ever. Posts of one call may answer one
// another. An error means that nothing was stored: the caller tries one by one.
func (s *Service) ReceiveMany(ctx context.Context, scope *pg.Scope, list []Incoming) ([]Received, error) {
	if len(list) == 0 {
		return nil, nil
	}
	look, err := lookAround(ctx, scope, list)
	if err != nil {
		return nil, fmt.Errorf("look around %d posts: %w", len(list), err)
	}
	out := make([]Received, len(list))
	fresh := make(map[string]*post)
	var posts []*post
	for i, in := range list {
		switch {
		case look.existing[in.URI] != nil:
			out[i].Status = look.existing[in.URI]
		case look.buried[in.URI]:
			out[i].Err = errGone
		case look.isForbidden(in):
			out[i].Err = errForbidden
		case fresh[in.URI] != nil:
			out[i].Status = fresh[in.URI].Status
		default:
			p := in.post(look.ids[i])
			fresh[in.URI] = p
			posts = append(posts, p)
			out[i] = Received{Status: p.Status, Created: true}
		}
	}
	if len(posts) == 0 {
		return out, nil
	}
	added, err := s.add(ctx, scope, posts, link(posts, fresh, look))
	if err != nil {
		return nil, err
	}
	return out, settle(ctx, scope, out, posts, added)
}

// settle puts in the row that another transaction stored while this one looked.
func settle(ctx context.Context, scope *pg.Scope, out []Received, posts []*post, added map[social.StatusID]bool) error {
	var late []string
	for _, p := range posts {
		if !added[p.ID] {
			late = append(late, p.URI)
		}
	}
	if len(late) == 0 {
		return nil
	}
	rows, err := store.StatusesByURIs(ctx, scope, late)
	if err != nil {
		return err
	}
	for i := range out {
		st := out[i].Status
		if st == nil || !out[i].Created || added[st.ID] {
			continue
		}
		there := rows[st.URI]
		if there == nil { // the id was taken a moment ago by another post
			return fault.New(fault.Unavailable, "This post could not be stored just now.")
		}
		out[i] = Received{Status: there}
	}
	return nil
}

func (in *Incoming) post(id social.StatusID) *post {
	created := publishedAt(in.Published)
	visibility := in.Visibility
	if in.Author.SilencedAt != nil && visibility == social.Public {
		visibility = social.Unlisted
	}
	st := &social.Status{
		ID: id, AccountID: in.Author.ID, URI: in.URI, URL: in.URL, Body: in.Body, SpoilerText: in.SpoilerText,
		Visibility: visibility, Sensitive: in.Sensitive || in.SpoilerText != "", Language: in.Language,
		InReplyToURI: in.InReplyToURI, ConversationID: id, QuoteURI: in.QuoteURI, Tags: uniqueTags(in.Tags), Emojis: in.Emojis,
		CreatedAt: created, EditedAt: in.Edited,
	}
	mentions := in.MentionAccountIDs
	if len(mentions) > maxReceivedMentions {
		mentions = mentions[:maxReceivedMentions]
	}
	return &post{
		Status: st, author: in.Author, mentions: mentions, media: in.Media, quiet: in.Quiet, hasMedia: len(in.Media) > 0,
		// People find what names them by its mention; of the rest only what wants to be found costs an index row.
		findable: (in.Author.Indexable && visibility == social.Public) || len(mentions) > 0,
	}
}

// maxReceivedMentions is larger than maxMentions: others allow more.
const maxReceivedMentions = 256

// publishedAt is the time of a remote post: not in the future, and now if none was given.
func publishedAt(at time.Time) time.Time {
	now := time.Now()
	if at.IsZero() || at.After(now) || at.Year() < 1970 {
		at = now
	}
	return at.UTC().Truncate(time.Millisecond)
}

// newID makes the id of a remote post from its time. Most servers publish whole
// seconds; spreading them over the second keeps posts of a busy one from colliding.
func newID(published time.Time) social.StatusID {
	at := publishedAt(published)
	if at.Nanosecond() == 0 {
		at = at.Add(time.Duration(rand.IntN(1000)) * time.Millisecond)
	}
	return social.StatusID(ids.At(at))
}
