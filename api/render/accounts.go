package render

import (
	"context"
	"fmt"

	"rookery/api/entity"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/people"
)

// Account shows a profile. Of a suspended account nothing is left but its name.
func (r *Renderer) Account(t *tenant.Tenant, a *social.Account) *entity.Account {
	out := &entity.Account{
		ID: entity.ID(a.ID), Username: a.Username, Acct: a.Handle().Acct(), URI: a.URI, URL: firstOf(a.URL, a.URI),
		Locked: a.Locked, Bot: a.IsBot(), Group: a.IsGroup(),
		CreatedAt: entity.Midnight(a.CreatedAt), Memorial: a.Memorial,
		// Limited is about strangers: the tenant's own people are never hidden from one another.
		Limited: a.SilencedAt != nil && !a.IsLocal(),
	}
	if a.SuspendedAt != nil {
		out.Suspended, out.Discoverable, out.HideCollections = true, new(bool), new(bool)
		out.Avatar, out.Header = r.addresses.Missing("avatar"), r.addresses.Missing("header")
		out.AvatarStatic, out.HeaderStatic = out.Avatar, out.Header
		return out
	}
	discoverable, hideCollections := a.Discoverable, a.HideCollections
	out.DisplayName, out.Note = a.DisplayName, a.Note
	out.Discoverable, out.Indexable, out.HideCollections = &discoverable, a.Indexable, &hideCollections
	out.NoIndex = a.IsLocal() && !a.Indexable
	out.Avatar, out.Header = r.addresses.Avatar(t.ID, a), r.addresses.Header(t.ID, a)
	out.AvatarStatic, out.HeaderStatic = out.Avatar, out.Header
	out.AvatarDescription, out.HeaderDescription = a.AvatarAlt, a.HeaderAlt
	out.LastStatusAt = entity.OptionalDate(a.LastStatusAt)
	out.StatusesCount, out.FollowersCount, out.FollowingCount = a.StatusesCount, a.FollowersCount, a.FollowingCount
	out.Emojis = emojis(a.Emojis)
	out.Fields = fields(a.Fields, func(f social.Field) string { return f.Value })
	return out
}

func fields(list []social.Field, value func(social.Field) string) entity.Array[entity.Field] {
	if len(list) == 0 {
		return nil // written as [], and faster than an empty list
	}
	out := make(entity.Array[entity.Field], len(list))
	for i, f := range list {
		out[i] = entity.Field{Name: f.Name, Value: value(f), VerifiedAt: entity.OptionalTime(f.VerifiedAt)}
	}
	return out
}

// Accounts shows profiles in their order.
func (r *Renderer) Accounts(t *tenant.Tenant, list []*social.Account) entity.Array[*entity.Account] {
	out := make(entity.Array[*entity.Account], len(list))
	for i, a := range list {
		out[i] = r.Account(t, a)
	}
	return out
}

// AccountsByIDs loads profiles and shows them in the order of the ids. Those that
// do not exist are left out.
func (r *Renderer) AccountsByIDs(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, ids []social.AccountID) (entity.Array[*entity.Account], error) {
	out := make(entity.Array[*entity.Account], 0, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	found, err := store.AccountsByIDs(ctx, scope, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d accounts: %w", len(ids), err)
	}
	for _, id := range ids {
		if a := found[id]; a != nil {
			out = append(out, r.Account(t, a))
		}
	}
	return out, nil
}

// everyone is the id of Mastodon's role without rights. Roles of an operator say
// what a token may do; none gives a right of Mastodon's moderation API, so that
// apps show no menus that lead nowhere.
const everyone = -99

// Credential shows a profile to its own people, in the role of the one who asks, with
// how many ask to follow it.
func (r *Renderer) Credential(t *tenant.Tenant, a *social.Account, requests int, role people.Role) *entity.CredentialAccount {
	profile := r.Account(t, a)
	return &entity.CredentialAccount{
		Account: *profile,
		Source: entity.Source{
			Privacy: string(visibility(a.DefaultVisibility)), Sensitive: a.DefaultSensitive, Language: optional(a.DefaultLanguage),
			Note: a.NoteSource, Fields: fields(a.Fields, func(f social.Field) string { return f.Source }),
			FollowRequestsCount: requests, HideCollections: profile.HideCollections,
			Discoverable: profile.Discoverable, Indexable: a.Indexable,
		},
		Role: entity.Role{ID: everyone, Name: string(role), Permissions: "0"},
	}
}

// visibility is what a local account posts with when it has chosen nothing.
func visibility(v social.Visibility) social.Visibility {
	if v == "" {
		return social.Public
	}
	return v
}

// Preferences shows what apps copy at login. What is about reading is the app's
// own business here.
func (r *Renderer) Preferences(a *social.Account) *entity.Preferences {
	return &entity.Preferences{
		DefaultVisibility: string(visibility(a.DefaultVisibility)), DefaultSensitive: a.DefaultSensitive,
		DefaultLanguage: optional(a.DefaultLanguage), ExpandMedia: "default",
	}
}
