package desk

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// Limits of saved replies.
const (
	MostReplies = 200
	MostTitle   = 60
	MostReply   = 2000
)

// NamePlace stands in a saved reply for the name of whoever is answered.
const NamePlace = "{name}"

var (
	errNoReplies = fault.New(fault.Forbidden, "Saved replies belong to those who may publish as an account of this company. Ask an owner if you need them.")
	errTitle     = fault.Newf(fault.Invalid, "A saved reply needs a title of at most %d characters.", MostTitle)
	errReply     = fault.Newf(fault.Invalid, "A saved reply needs a text of at most %d characters.", MostReply)
	errReplies   = fault.Newf(fault.Invalid, "There are %d saved replies already. Delete one that nobody uses.", MostReplies)
)

// Replies returns the tenant's saved replies to somebody who may do an action as one of its
// accounts: draft, to use them; post, to change them.
func (s *Service) Replies(ctx context.Context, scope *pg.Scope, person social.PersonID, action access.Action) ([]*store.SavedReply, error) {
	if err := mayAnywhere(ctx, scope, person, action); err != nil {
		return nil, err
	}
	return store.SavedReplies(ctx, scope, MostReplies)
}

func mayAnywhere(ctx context.Context, scope *pg.Scope, person social.PersonID, action access.Action) error {
	mine, err := Readable(ctx, scope, person)
	if err != nil {
		return err
	}
	for _, a := range mine {
		if access.Allow(a.Role, action) == nil {
			return nil
		}
	}
	return errNoReplies
}

// Saved returns the words of a saved reply for whoever is answered in a thread.
func (s *Service) Saved(ctx context.Context, scope *pg.Scope, person social.PersonID, k Key, id int64) (string, error) {
	p, err := find(ctx, scope, person, k, access.Draft, store.DeskThreadByKey)
	if err != nil {
		return "", err
	}
	r, err := store.SavedReplyByID(ctx, scope, id)
	if err != nil {
		return "", err
	}
	found, err := store.AccountsByIDs(ctx, scope, []social.AccountID{p.thread.FromID})
	name := ""
	if a := found[p.thread.FromID]; a != nil {
		if name = htmlsafe.Name(a.DisplayName); name == "" {
			name = a.Username
		}
	}
	// A name that looks like a mention would call somebody.
	name = strings.NewReplacer("@", "", "#", "").Replace(name)
	return strings.ReplaceAll(r.Text, NamePlace, name), err
}

// SaveReply adds a saved reply (id 0), where the plan has them, or changes one.
func (s *Service) SaveReply(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, r store.SavedReply) error {
	if r.ID == 0 {
		if err := entitled.ToUse(t, tenant.Inbox); err != nil {
			return err
		}
	}
	r.Title, r.Text = strings.TrimSpace(htmlsafe.Clean(r.Title)), strings.TrimSpace(htmlsafe.Clean(r.Text))
	switch {
	case r.Title == "" || utf8.RuneCountInString(r.Title) > MostTitle:
		return errTitle
	case r.Text == "" || utf8.RuneCountInString(r.Text) > MostReply:
		return errReply
	}
	if err := mayAnywhere(ctx, scope, by.Person, access.Post); err != nil {
		return err
	}
	action, err := "reply.change", error(nil)
	if r.ID == 0 {
		action, r.ID = "reply.add", ids.New()
		if err = store.AddSavedReply(ctx, scope, r, MostReplies); fault.IsNotFound(err) {
			return errReplies
		}
	} else {
		err = store.UpdateSavedReply(ctx, scope, r)
	}
	if err != nil {
		return fmt.Errorf("save a reply: %w", err)
	}
	return recordReply(ctx, scope, by, action, r.ID, r.Title)
}

// DeleteReply removes a saved reply.
func (s *Service) DeleteReply(ctx context.Context, scope *pg.Scope, by plan.By, id int64) error {
	if err := mayAnywhere(ctx, scope, by.Person, access.Post); err != nil {
		return err
	}
	r, err := store.SavedReplyByID(ctx, scope, id)
	if err != nil {
		return err
	}
	if err := store.DeleteSavedReply(ctx, scope, id); err != nil {
		return fmt.Errorf("delete a saved reply: %w", err)
	}
	return recordReply(ctx, scope, by, "reply.delete", id, r.Title)
}

func recordReply(ctx context.Context, scope *pg.Scope, by plan.By, action string, id int64, title string) error {
	return audit.Append(ctx, scope, audit.Entry{
		Actor: by.Actor, Action: action, Target: "reply:" + ids.Format(id), Detail: map[string]string{"title": title},
	})
}
