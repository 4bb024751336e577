package export

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/store"
)

//go:embed README.md
var readmeText string

// The parts of an archive that belong to no account. Whatever proves who somebody is stays
// out: password hashes, tokens, second factors, private keys.

func readme(_ context.Context, w *writer) (bool, error) {
	text := strings.NewReplacer("{{name}}", w.tenant.Name, "{{host}}", w.tenant.Host, "{{handles}}", w.tenant.HandleDomain,
		"{{when}}", time.Unix(w.Zip.Modified, 0).UTC().Format(time.RFC3339)).Replace(readmeText)
	return w.whole("README.md", []byte(text))
}

type ruleRow struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// company is what the company says about itself.
func company(ctx context.Context, w *writer) (bool, error) {
	t, rules, kept := w.tenant, []ruleRow{}, map[string]int{}
	var brand *store.Brand
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		if brand, err = store.BrandOf(ctx, scope); err != nil {
			return err
		}
		list, err := store.Rules(ctx, scope)
		for _, r := range list {
			rules = append(rules, ruleRow{r.Text, r.Hint})
		}
		if err != nil {
			return err
		}
		clocks, err := store.ClocksOf(ctx, scope)
		for _, c := range clocks {
			kept[c.Class] = c.Days
		}
		return err
	})
	if err != nil {
		return false, err
	}
	body, err := json.MarshalIndent(map[string]any{
		"id": t.ID.String(), "name": t.Name, "host": t.Host, "handle_domain": t.HandleDomain, "url": t.URL("/"), "created_at": t.CreatedAt,
		"description": t.Description, "short_description": t.ShortDescription, "contact_mail": t.ContactMail, "colour": t.BrandColour,
		"picture": pictureName("picture", t.ThumbnailKey, ""), "rules": rules, "about": brand.About, "privacy_policy": brand.Privacy, "terms": brand.Terms,
		"own_retention_days": kept,
	}, "", "  ")
	if err != nil {
		return false, err
	}
	return w.whole("company/company.json", append(body, '\n'))
}

// pictureName is a stored picture's name in its folder; "" for none.
func pictureName(name, key, mime string) string {
	if key == "" {
		return ""
	}
	return name + media.Extension(mime)
}

func companyPicture(ctx context.Context, w *writer) (bool, error) {
	if w.tenant.ThumbnailKey == "" {
		return true, nil
	}
	return w.stored(ctx, "company/picture", w.tenant.ThumbnailKey)
}

// personRow is somebody of the company: who they are and what they may do.
type personRow struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Mail     string            `json:"mail"`
	Language string            `json:"language"`
	Role     string            `json:"role"`
	Since    time.Time         `json:"since"`
	Accounts map[string]string `json:"accounts"` // role on each, by the account's id
}

func persons(ctx context.Context, w *writer) (bool, error) {
	members, grants := []*store.Member{}, []*store.Operator{}
	people := map[social.PersonID]*store.Person{}
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		if members, err = store.Members(ctx, scope, social.PersonID(w.After), rowsAtOnce); err != nil {
			return err
		}
		grants, err = store.OperatorsOfPeople(ctx, scope, idsOf(members))
		return err
	})
	if err != nil {
		return false, err
	}
	err = w.db.Platform(ctx, "export who is in a company", func(p *pg.PlatformTx) error {
		rows, err := store.PersonsByIDs(ctx, p, idsOf(members))
		for _, r := range rows {
			people[r.ID] = r
		}
		return err
	})
	if err != nil {
		return false, err
	}
	return w.lines(ctx, list{name: "company/people.jsonl", page: func(context.Context, *pg.Scope, int64) ([]row, error) {
		out := make([]row, 0, len(members))
		for _, m := range members {
			p := personRow{ID: ids.Format(int64(m.PersonID)), Role: m.Role, Since: m.CreatedAt, Accounts: map[string]string{}}
			if known := people[m.PersonID]; known != nil {
				p.Name, p.Mail, p.Language = known.Name, known.Email, known.Locale
			}
			for _, g := range grants {
				if g.PersonID == m.PersonID {
					p.Accounts[ids.Format(int64(g.AccountID))] = g.Role
				}
			}
			line, err := asLine(p)
			if err != nil {
				return nil, err
			}
			out = append(out, row{int64(m.PersonID), line})
		}
		return out, nil
	}})
}

func idsOf(members []*store.Member) []social.PersonID {
	out := make([]social.PersonID, len(members))
	for i, m := range members {
		out[i] = m.PersonID
	}
	return out
}

// each turns what a query returned into rows of a list.
func each[T any](rows []*T, err error, as func(*T) (int64, any)) ([]row, error) {
	out := make([]row, 0, len(rows))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		key, v := as(r)
		line, err := asLine(v)
		if err != nil {
			return nil, err
		}
		out = append(out, row{key, line})
	}
	return out, nil
}

func notes(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: "company/notes.jsonl", page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		rows, err := store.ExportNotes(ctx, scope, after, rowsAtOnce)
		return each(rows, err, func(n *store.ExportNote) (int64, any) {
			return n.ID, map[string]any{
				"account": ids.Format(int64(n.AccountID)), "conversation": ids.Format(int64(n.ConversationID)), "person": ids.Format(int64(n.PersonID)),
				"text": n.Text, "at": n.CreatedAt,
			}
		})
	}})
}

func replies(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: "company/saved_replies.jsonl", page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		if after > 0 {
			return nil, nil // they are few: all of them came at once
		}
		rows, err := store.SavedReplies(ctx, scope, 10*rowsAtOnce)
		return each(rows, err, func(r *store.SavedReply) (int64, any) { return r.ID, map[string]any{"title": r.Title, "text": r.Text} })
	}})
}

func plans(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: "company/planned_posts.jsonl", page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		rows, err := store.ExportPlans(ctx, scope, after, rowsAtOnce)
		return each(rows, err, func(p *social.Plan) (int64, any) {
			return int64(p.ID), map[string]any{
				"account": ids.Format(int64(p.AccountID)), "author": ids.Format(int64(p.AuthorID)), "state": p.State, "text": p.Text, "content_warning": p.SpoilerText,
				"visibility": p.Visibility, "language": p.Language, "at": p.ScheduledAt, "reason": p.Reason, "decided_by": ids.Format(int64(p.DecidedBy)),
				"decided_at": p.DecidedAt, "post": ids.Format(int64(p.StatusID)), "created_at": p.CreatedAt,
			}
		})
	}})
}

// auditLog has each entry with its number, its seal and the very bytes that were sealed.
func auditLog(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: "company/audit.jsonl", page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		rows, err := store.AuditAfter(ctx, scope, after, rowsAtOnce)
		return each(rows, err, func(e *store.AuditEntry) (int64, any) {
			return e.Seq, struct {
				Seq   int64           `json:"seq"`
				Hash  []byte          `json:"hash"`
				Entry json.RawMessage `json:"entry"`
			}{e.Seq, e.Hash, e.Body}
		})
	}})
}
