// Package brand holds what a company says about itself: name, words, picture, colour,
// whom to ask, its rules, and its long texts.
//
// The console changes them here, and nothing else does. Whatever changes is recorded in
// the audit log in the same transaction, and package registry is told, because pages and
// instance documents read the short things from its memory. The texts are plain: package
// htmlsafe makes pages of them. It must not know HTTP.
package brand

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// How long things may be, in characters.
const (
	MaxName  = 100
	MaxShort = 500
	MaxLong  = 2000
	MaxText  = 20_000 // of about, privacy and terms
	MaxRules = 30
	MaxRule  = 500
	MaxHint  = 1000
)

// Loader reads the table of tenants again; *registry.Registry does.
type Loader interface {
	Load(ctx context.Context) error
}

// Service changes brands.
type Service struct {
	db      *pg.DB
	tenants Loader
	now     func() time.Time
}

// New returns a Service.
func New(db *pg.DB, tenants Loader) *Service {
	return &Service{db: db, tenants: tenants, now: time.Now}
}

var (
	errClosed  = fault.New(fault.Conflict, "Nothing can be changed while the company is not active.")
	errShort   = fault.Newf(fault.Invalid, "A short description has at most %d characters.", MaxShort)
	errMail    = fault.New(fault.Invalid, "This is no mail address. It looks like hello@example.com.")
	errAccount = fault.New(fault.Invalid, "The account to ask is one of the company's own.")
)

// Words are the short things.
type Words struct {
	Name             string
	ShortDescription string
	Description      string
	ContactMail      string
	ContactAccountID social.AccountID // 0: none
	Colour           string           // "#rrggbb" or ""
}

// SetWords changes the short things. What is wrong is fault.Invalid, and nothing is stored.
func (s *Service) SetWords(ctx context.Context, by audit.Actor, t *tenant.Tenant, w Words) error {
	w.ShortDescription = strings.TrimSpace(htmlsafe.Clean(w.ShortDescription))
	if utf8.RuneCountInString(w.ShortDescription) > MaxShort {
		return errShort
	}
	if w.ContactMail = strings.TrimSpace(w.ContactMail); w.ContactMail != "" && !looksLikeMail(w.ContactMail) {
		return errMail
	}
	if err := s.checkContact(ctx, t.ID, w.ContactAccountID); err != nil {
		return err
	}
	entry := audit.Entry{Actor: by, Action: "brand.words", Detail: changed(t, w)}
	return s.change(ctx, t, entry, func(tx *pg.PlatformTx, b *store.Brand, _ []*store.Rule) error {
		b.ShortDescription, b.ContactAccountID = w.ShortDescription, w.ContactAccountID
		if err := store.SaveBrand(ctx, tx, t.ID, b); err != nil {
			return err
		}
		return registry.WriteProfile(ctx, tx, t.ID, registry.Profile{
			Name: htmlsafe.Clean(w.Name), Description: htmlsafe.Clean(w.Description), ContactMail: w.ContactMail,
			BrandColour: w.Colour, AuthorizedFetch: t.AuthorizedFetch,
		})
	})
}

// changed names what differs; the words themselves stand on public pages.
func changed(t *tenant.Tenant, w Words) map[string]string {
	out := map[string]string{}
	for name, pair := range map[string][2]string{
		"name": {t.Name, strings.TrimSpace(w.Name)}, "contact_mail": {t.ContactMail, w.ContactMail}, "colour": {t.BrandColour, w.Colour},
		"contact_account": {ids.Format(t.ContactAccountID), ids.Format(int64(w.ContactAccountID))},
	} {
		if pair[0] != pair[1] {
			out[name], out[name+"_before"] = pair[1], pair[0]
		}
	}
	for name, differs := range map[string]bool{
		"description": t.Description != strings.TrimSpace(w.Description), "short_description": t.ShortDescription != w.ShortDescription,
	} {
		if differs {
			out[name] = "changed"
		}
	}
	return out
}

// looksLikeMail is no proof: it finds slips of the hand.
func looksLikeMail(s string) bool {
	user, host, ok := strings.Cut(s, "@")
	return ok && user != "" && strings.Contains(strings.Trim(host, "."), ".") && !strings.ContainsAny(s, " \t\r\n,;<>\"\\") && !strings.Contains(host, "@")
}

func (s *Service) checkContact(ctx context.Context, id tenant.ID, account social.AccountID) error {
	if account == 0 {
		return nil
	}
	return s.db.Read(ctx, id, func(scope *pg.Scope) error {
		a, err := store.AccountByID(ctx, scope, account)
		if fault.IsNotFound(err) || err == nil && !a.IsLocal() {
			return errAccount
		}
		return err
	})
}

// SetThumbnail changes the picture, which is stored already; "" takes it away. The file
// that nobody names any more goes by itself.
func (s *Service) SetThumbnail(ctx context.Context, by audit.Actor, t *tenant.Tenant, key, blurhash string) error {
	action := "brand.picture"
	if key == "" {
		action = "brand.picture_removed"
	}
	return s.change(ctx, t, audit.Entry{Actor: by, Action: action}, func(tx *pg.PlatformTx, b *store.Brand, _ []*store.Rule) error {
		b.ThumbnailKey, b.ThumbnailBlurhash = key, blurhash
		return store.SaveBrand(ctx, tx, t.ID, b)
	})
}

// Text names one of the long texts.
type Text string

// The long texts.
const (
	About   Text = "about"
	Privacy Text = "privacy"
	Terms   Text = "terms"
)

// Of returns a text of a brand, and when it was written.
func (x Text) Of(b *store.Brand) (text string, at time.Time) {
	switch x {
	case About:
		return b.About, b.AboutAt
	case Privacy:
		return b.Privacy, b.PrivacyAt
	default:
		return b.Terms, b.TermsAt
	}
}

var errText = fault.Newf(fault.Invalid, "A text has at most %d characters.", MaxText)

// SetTexts changes long texts. One that is empty is taken away, one that is not in the map
// stays; the time of each is when its words last changed.
func (s *Service) SetTexts(ctx context.Context, by audit.Actor, t *tenant.Tenant, texts map[Text]string) error {
	for which, text := range texts {
		texts[which] = strings.TrimSpace(htmlsafe.Clean(text))
		if utf8.RuneCountInString(texts[which]) > MaxText {
			return errText
		}
	}
	entry := audit.Entry{Actor: by, Action: "brand.texts", Detail: map[string]string{}}
	return s.change(ctx, t, entry, func(tx *pg.PlatformTx, b *store.Brand, _ []*store.Rule) error {
		for which, text := range texts {
			before, _ := which.Of(b)
			if before == text {
				continue
			}
			entry.Detail[string(which)] = fmt.Sprintf("%d characters, before %d", utf8.RuneCountInString(text), utf8.RuneCountInString(before))
			at := s.now()
			if text == "" {
				at = time.Time{}
			}
			switch which {
			case About:
				b.About, b.AboutAt = text, at
			case Privacy:
				b.Privacy, b.PrivacyAt = text, at
			case Terms:
				b.Terms, b.TermsAt = text, at
			}
		}
		return store.SaveBrand(ctx, tx, t.ID, b)
	})
}

// change runs fn with what stands now, alone among those that change this tenant's words.
func (s *Service) change(ctx context.Context, t *tenant.Tenant, entry audit.Entry, fn func(*pg.PlatformTx, *store.Brand, []*store.Rule) error) error {
	if t.State != tenant.Active {
		return errClosed
	}
	entry.Target = "tenant:" + t.ID.String()
	err := s.db.Platform(ctx, "change what a tenant says about itself", func(tx *pg.PlatformTx) error {
		b, rules, err := store.LockBrand(ctx, tx, t.ID)
		if err != nil {
			return err
		}
		if err := fn(tx, b, rules); err != nil {
			return err
		}
		if err := audit.AppendFor(ctx, tx, t.ID, entry); err != nil {
			return err
		}
		return registry.TellChanged(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("change the brand of tenant %d: %w", t.ID, err)
	}
	return s.tenants.Load(ctx)
}

// Paragraphs is a long text as a page shows it: paragraphs, line breaks and links.
func Paragraphs(text string) string { return htmlsafe.Render(text, htmlsafe.Options{}) }

// find is where a rule stands.
func find(rules []*store.Rule, id int64) int {
	return slices.IndexFunc(rules, func(r *store.Rule) bool { return r.ID == id })
}
