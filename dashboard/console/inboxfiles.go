package console

import (
	"context"
	"slices"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// answerHeld is what stands ready for an answer: saved replies, and the pictures of those that
// wait or are being written.
type answerHeld struct {
	saved   []*store.SavedReply
	ofPlans map[social.PlanID][]*social.Media
	typed   map[social.MediaID]*social.Media
}

// heldFor reads it, each kind at once.
func (h *Handlers) heldFor(ctx context.Context, scope *pg.Scope, v *visitor, t *desk.Thread, in typed) (held answerHeld, err error) {
	if held.saved, err = h.desk.Replies(ctx, scope, v.person.ID, access.Draft); err != nil {
		return held, err
	}
	if len(in.media) > 0 {
		if held.typed, err = store.LooseMediaByIDs(ctx, scope, t.AccountID, in.media); err != nil {
			return held, err
		}
	}
	if len(t.Plans) == 0 {
		return held, nil
	}
	plans := make([]social.PlanID, len(t.Plans))
	for i, p := range t.Plans {
		plans[i] = p.ID
	}
	held.ofPlans, err = store.MediaOfPlans(ctx, scope, plans)
	return held, err
}

// typedFiles are the pictures of a form that came back, as they were described there.
func (h *Handlers) typedFiles(v *visitor, held answerHeld, in typed) []PublishFile {
	var out []PublishFile
	for _, id := range in.media {
		if m := held.typed[id]; m != nil {
			file := h.planFiles(v, []*social.Media{m})[0]
			file.Alt = in.alts[id]
			out = append(out, file)
		}
	}
	return out
}

// languageOf is the language of the last message that somebody sent us, if we know it: one
// answers in the language one was asked in.
func languageOf(t *desk.Thread) string {
	for i := len(t.Entries) - 1; i >= 0; i-- {
		m := t.Entries[i].Message
		if m != nil && m.AccountID != t.AccountID && slices.ContainsFunc(publishLanguages, func(c Choice) bool { return c.Value == m.Language }) {
			return m.Language
		}
	}
	return ""
}

// answerLanguages are those that can be chosen, with one that a message came in.
func answerLanguages(current string) []Choice {
	if slices.ContainsFunc(publishLanguages, func(c Choice) bool { return c.Value == current }) {
		return publishLanguages
	}
	return append(slices.Clone(publishLanguages), Choice{current, current})
}
