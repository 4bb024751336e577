package account

import (
	"context"
	"fmt"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// Limits of a profile, announced in the instance document. Characters, not bytes.
const (
	MaxDisplayName = 30
	MaxNote        = 500
	MaxFields      = 4
	MaxFieldText   = 255
	MaxAlt         = 1500
)

// Changes of a profile: nil leaves a value as it is.
type Changes struct {
	DisplayName       *string
	Note              *string // plain text
	Fields            *[]social.Field
	ActorType         *string
	Locked            *bool
	Discoverable      *bool
	Indexable         *bool
	HideCollections   *bool
	AvatarKey         *string // name of a stored file; "" removes it
	AvatarAlt         *string
	HeaderKey         *string
	HeaderAlt         *string
	DefaultVisibility *social.Visibility
	DefaultSensitive  *bool
	DefaultLanguage   *string
}

// Update changes a local account's profile and tells its followers.
func (s *Service) Update(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.AccountID, ch Changes) (*social.Account, error) {
	if err := entitled.ToPublish(t); err != nil {
		return nil, err
	}
	// All columns are written back: two changes at once must not undo each other.
	a, err := store.LockAccount(ctx, scope, id)
	if err != nil {
		return nil, fmt.Errorf("update account: %w", err)
	}
	if err := ch.validate(); err != nil {
		return nil, err
	}
	ch.apply(a, t)
	if err := store.UpdateLocalAccount(ctx, scope, a); err != nil {
		return nil, fmt.Errorf("store profile: %w", err)
	}
	if err := index(ctx, scope, a); err != nil {
		return nil, err
	}
	event := &social.Event{Kind: social.EventAccountUpdated, AccountID: a.ID}
	if err := store.AddEvent(ctx, scope, event); err != nil {
		return nil, fmt.Errorf("announce profile: %w", err)
	}
	return a, nil
}

func (ch Changes) validate() error {
	if ch.DisplayName != nil && htmlsafe.Length(*ch.DisplayName) > MaxDisplayName {
		return fault.Newf(fault.Invalid, "Validation failed: Display name is too long (maximum is %d characters)", MaxDisplayName)
	}
	if ch.Note != nil && htmlsafe.Length(*ch.Note) > MaxNote {
		return fault.Newf(fault.Invalid, "Validation failed: Note is too long (maximum is %d characters)", MaxNote)
	}
	if ch.DefaultVisibility != nil && !ch.DefaultVisibility.Valid() {
		return fault.New(fault.Invalid, "Validation failed: Default privacy is not one of public, unlisted, private, direct")
	}
	for _, alt := range []*string{ch.AvatarAlt, ch.HeaderAlt} {
		if alt != nil && htmlsafe.Length(*alt) > MaxAlt {
			return fault.Newf(fault.Invalid, "Validation failed: A picture's description is too long (maximum is %d characters)", MaxAlt)
		}
	}
	if ch.Fields == nil {
		return nil
	}
	if len(*ch.Fields) > MaxFields {
		return fault.Newf(fault.Invalid, "Validation failed: Fields are too many (maximum is %d)", MaxFields)
	}
	for _, f := range *ch.Fields {
		if htmlsafe.Length(f.Name) > MaxFieldText || htmlsafe.Length(f.Source) > MaxFieldText {
			return fault.Newf(fault.Invalid, "Validation failed: A field is too long (maximum is %d characters)", MaxFieldText)
		}
	}
	return nil
}

func (ch Changes) apply(a *social.Account, t *tenant.Tenant) {
	if ch.DisplayName != nil {
		a.DisplayName = htmlsafe.Name(*ch.DisplayName)
	}
	if ch.Note != nil {
		a.NoteSource = htmlsafe.Clean(*ch.Note)
		a.Note = htmlsafe.Render(a.NoteSource, htmlsafe.Options{TagURL: t.URL("/tags/"), Me: true})
	}
	if ch.Fields != nil {
		a.Fields = renderFields(*ch.Fields, a.Fields, t)
	}
	set(&a.ActorType, ch.ActorType)
	set(&a.Locked, ch.Locked)
	set(&a.Discoverable, ch.Discoverable)
	set(&a.Indexable, ch.Indexable)
	set(&a.HideCollections, ch.HideCollections)
	set(&a.AvatarKey, ch.AvatarKey)
	set(&a.AvatarAlt, ch.AvatarAlt)
	set(&a.HeaderKey, ch.HeaderKey)
	set(&a.HeaderAlt, ch.HeaderAlt)
	set(&a.DefaultVisibility, ch.DefaultVisibility)
	set(&a.DefaultSensitive, ch.DefaultSensitive)
	set(&a.DefaultLanguage, ch.DefaultLanguage)
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

// AsBot is the type that an account becomes when somebody says whether a program writes for
// it; nil leaves it. Apps say no with every save, which must not make a person of an
// organisation.
func AsBot(now string, bot bool) *string {
	next := "Service"
	switch {
	case bot:
	case now == next:
		next = "Person"
	default:
		return nil
	}
	return &next
}

// renderFields turns what was typed into HTML. A field that did not change keeps its verification.
func renderFields(typed, before []social.Field, t *tenant.Tenant) []social.Field {
	out := make([]social.Field, 0, len(typed))
	for _, f := range typed {
		f.Name, f.Source = htmlsafe.Clean(f.Name), htmlsafe.Clean(f.Source)
		if f.Name == "" && f.Source == "" {
			continue
		}
		f.Value = htmlsafe.Render(f.Source, htmlsafe.Options{TagURL: t.URL("/tags/"), Inline: true, Me: true})
		f.VerifiedAt = nil
		for _, old := range before {
			if old.Name == f.Name && old.Source == f.Source {
				f.VerifiedAt = old.VerifiedAt
			}
		}
		out = append(out, f)
	}
	return out
}
