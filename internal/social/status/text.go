package status

import (
	"context"
	"maps"
	"slices"
	"strings"

	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// written is what a typed text says.
type written struct {
	body     string // HTML
	tags     []string
	mentions []social.AccountID
	remote   bool     // somebody elsewhere is mentioned
	pending  []string // user@host of handles that nobody here knows yet
}

// maxMentions bounds what one post may ask of others. More handles stay text.
const maxMentions = 50

// read turns a typed text into HTML and finds whom it mentions, with one look-up.
func read(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, text string) (*written, error) {
	all, err := readMany(ctx, scope, t, []string{text})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// readMany is read for several texts, with one look-up for all.
func readMany(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, texts []string) ([]*written, error) {
	found := make([]htmlsafe.Entities, len(texts))
	var handles []social.Handle
	seen := make(map[social.Handle]bool)
	for i, text := range texts {
		found[i] = htmlsafe.Scan(text)
		for _, h := range mentionedHandles(t, found[i].Mentions) {
			if !seen[h] {
				seen[h] = true
				handles = append(handles, h)
			}
		}
	}
	accounts, err := store.AccountsByHandles(ctx, scope, handles)
	if err != nil {
		return nil, err
	}
	known, err := mentionable(ctx, scope, handles, accounts)
	if err != nil {
		return nil, err
	}
	out := make([]*written, len(texts))
	for i, text := range texts {
		out[i] = render(t, text, found[i], known)
	}
	return out, nil
}

// mentionable are those accounts that may be mentioned, by handle. A name that a local
// account had before still means that account, unless another goes by it.
func mentionable(ctx context.Context, scope *pg.Scope, handles []social.Handle, accounts []*social.Account) (map[social.Handle]*social.Account, error) {
	known := make(map[social.Handle]*social.Account, len(accounts))
	for _, a := range accounts {
		known[social.Handle{User: strings.ToLower(a.Username), Host: a.Domain}] = a
	}
	var old []string
	for _, h := range handles {
		if h.Host == "" && known[h] == nil {
			old = append(old, h.User)
		}
	}
	if len(old) > 0 {
		renamed, err := store.AccountsByFormerNames(ctx, scope, old)
		if err != nil {
			return nil, err
		}
		for name, a := range renamed {
			known[social.Handle{User: name}] = a
		}
	}
	maps.DeleteFunc(known, func(_ social.Handle, a *social.Account) bool { return a.SuspendedAt != nil })
	return known, nil
}

func render(t *tenant.Tenant, text string, found htmlsafe.Entities, known map[social.Handle]*social.Account) *written {
	w := &written{tags: uniqueTags(found.Hashtags)}
	links := make(map[string]string)
	seen := make(map[social.Handle]bool)
	for _, m := range found.Mentions {
		h := lookupHandle(t, m)
		a := known[h]
		if a != nil {
			links[m.Key()] = accountPage(a)
		}
		if seen[h] || len(seen) == maxMentions {
			continue
		}
		seen[h] = true
		switch {
		case a != nil && slices.Contains(w.mentions, a.ID): // by an old name too
		case a != nil:
			w.mentions = append(w.mentions, a.ID)
			w.remote = w.remote || !a.IsLocal()
		case h.Host != "":
			w.pending = append(w.pending, h.Acct())
		}
	}
	w.body = htmlsafe.Render(text, htmlsafe.Options{Mentions: links, TagURL: t.URL("/tags/")})
	return w
}

// lookupHandle is the handle as accounts are stored: the tenant's own hosts are "".
func lookupHandle(t *tenant.Tenant, m htmlsafe.Handle) social.Handle {
	h := social.Handle{User: strings.ToLower(m.User), Host: strings.ToLower(m.Host)}
	if h.Host == strings.ToLower(t.Host) || h.Host == strings.ToLower(t.HandleDomain) {
		h.Host = ""
	}
	return h
}

func mentionedHandles(t *tenant.Tenant, found []htmlsafe.Handle) []social.Handle {
	var out []social.Handle
	seen := make(map[social.Handle]bool)
	for _, m := range found {
		h := lookupHandle(t, m)
		if !seen[h] && len(out) < maxMentions {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

func accountPage(a *social.Account) string {
	if a.URL != "" {
		return a.URL
	}
	return a.URI
}

// maxTags bounds how many tags of a post count.
const maxTags = 64

// uniqueTags keeps the first spelling of each tag.
func uniqueTags(tags []string) []string {
	var out []string
	seen := make(map[string]bool)
	for _, tag := range tags {
		key := htmlsafe.NormaliseTag(tag)
		if key == "" || seen[key] || len(out) == maxTags {
			continue
		}
		seen[key] = true
		out = append(out, tag)
	}
	return out
}
