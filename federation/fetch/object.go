package fetch

import (
	"context"
	"fmt"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// Object is a post as its own server shows it to us, with its author.
type Object struct {
	Note   vocab.Note
	Author *social.Account
}

// Object reads a post and its author. The post was served under its own id, on its
// author's host (SECURITY.md rule 3). Of an activity that is served at the address
// the object is read instead, from where it lives.
func (f *Fetcher) Object(ctx context.Context, t *tenant.Tenant, uri string) (*Object, error) {
	if err := f.refuse(t, uri); err != nil {
		return nil, err
	}
	ctx = withBudget(ctx, searchRequests, requestDeadline*2)
	doc, err := f.document(ctx, t, uri)
	if err != nil {
		return nil, err
	}
	if activity := vocab.ReadActivity(doc); vocab.IsActivity(activity.Type) && activity.Object.ID != "" {
		if doc, err = f.document(ctx, t, activity.Object.ID); err != nil {
			return nil, err
		}
	}
	return f.post(ctx, t, doc)
}

// post finds the author of an authentic document.
func (f *Fetcher) post(ctx context.Context, t *tenant.Tenant, doc vocab.Doc) (*Object, error) {
	note := vocab.ReadNote(doc)
	switch {
	case note.Type == vocab.TypeTombstone:
		return nil, errGone
	case !vocab.IsPost(note.Type) || note.ID == "" || note.AttributedTo == "" || note.IsVote():
		return nil, fmt.Errorf("read a %.40q at %s: %w", note.Type, note.ID, errNoPost)
	case !vocab.SameHost(note.ID, note.AttributedTo):
		return nil, fmt.Errorf("read %s, attributed to %s: %w", note.ID, note.AttributedTo, errID)
	}
	author, err := f.Actor(ctx, t, note.AttributedTo)
	if err != nil {
		return nil, fmt.Errorf("read the author of %s: %w", note.ID, err)
	}
	return &Object{Note: note, Author: author}, nil
}

// Status returns the post with an id: from the database where it is known, else as
// its own server shows it. A post that is looked up enters no timeline and notifies
// nobody. Whether a person may see it, the caller asks internal/social/status.
func (f *Fetcher) Status(ctx context.Context, t *tenant.Tenant, uri string) (*social.Status, error) {
	if err := f.refuse(t, uri); err != nil {
		return nil, err
	}
	st, err := f.knownStatus(ctx, t, uri)
	if err == nil || !fault.IsNotFound(err) || f.isOwn(t, uri) {
		return st, err
	}
	object, err := f.Object(ctx, t, uri)
	if err != nil {
		return nil, err
	}
	return f.StoreQuietly(ctx, t, object)
}

func (f *Fetcher) knownStatus(ctx context.Context, t *tenant.Tenant, uri string) (st *social.Status, err error) {
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		st, err = store.StatusByURI(ctx, scope, uri)
		return err
	})
	return st, err
}

// StoreQuietly stores a post that was looked up.
func (f *Fetcher) StoreQuietly(ctx context.Context, t *tenant.Tenant, o *Object) (*social.Status, error) {
	note, err := convert.RemoteNote(o.Note, o.Author)
	if err != nil {
		return nil, err
	}
	var st *social.Status
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		named, err := store.AccountsByURIs(ctx, scope, note.MentionURIs)
		if err != nil {
			return err
		}
		in := Incoming(note, o.Author)
		in.Quiet = true
		if f.servers.Of(t.ID, vocab.HostOf(note.URI)).RejectMedia || f.servers.Of(t.ID, o.Author.Domain).RejectMedia {
			in.Media, in.Emojis = nil, nil
		}
		for _, uri := range note.MentionURIs {
			if a := named[uri]; a != nil {
				in.MentionAccountIDs = append(in.MentionAccountIDs, a.ID)
			}
		}
		st, _, err = f.statuses.Receive(ctx, scope, in)
		return err
	})
	return st, err
}

// Incoming is a converted post in the words of the rules, without its mentions.
func Incoming(n convert.Note, author *social.Account) status.Incoming {
	return status.Incoming{
		Author: author, URI: n.URI, URL: n.URL, Body: n.Body, SpoilerText: n.SpoilerText, Sensitive: n.Sensitive,
		Visibility: n.Visibility, Language: n.Language, InReplyToURI: n.InReplyToURI, QuoteURI: n.QuoteURI,
		Published: n.Published, Edited: n.Edited, Tags: n.Tags, Emojis: n.Emojis, Media: n.Media,
	}
}
