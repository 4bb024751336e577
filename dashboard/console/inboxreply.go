package console

import (
	"strconv"
	"time"

	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/social/status"
	"rookery/tenant/access"
)

// replyView is the form for an answer: what was typed, else an answer that waits for the
// person's approval, else an empty one that names whoever is answered.
func (h *Handlers) replyView(v *visitor, q inboxQuery, t *desk.Thread, held answerHeld, names map[social.PersonID]Person, in typed, out *InboxThread) {
	own := h.threadURL(v.tenant, t.Key())
	mayPost := access.Allow(t.Role, access.Post) == nil
	r := in.reply
	if r == nil {
		r = &InboxReply{Reach: string(t.LastVisibility), Language: languageOf(t)}
		if t.From != nil {
			r.Text = t.From.Handle().String() + " "
		}
	}
	if r.Key == "" {
		r.Key = ids.Secret(16)
	}
	for _, p := range t.Plans {
		isHere := mayPost && p.State == social.PlanWaiting && (r.PlanID == ids.Format(int64(p.ID)) || r.PlanID == "" && in.reply == nil)
		if !isHere {
			out.Plans = append(out.Plans, h.inboxPlan(v, p, names, mayPost))
			continue
		}
		if in.reply == nil {
			r.Text, r.Warning, r.Reach, r.Language, r.Sensitive = p.Text, p.SpoilerText, string(p.Visibility), p.Language, p.Sensitive
			r.Files = h.planFiles(v, held.ofPlans[p.ID])
		}
		r.PlanID, r.PlanSeen, r.PlanBy, r.PlanAt = ids.Format(int64(p.ID)), strconv.FormatInt(p.UpdatedAt.UnixMicro(), 10), names[p.AuthorID], p.CreatedAt
		r.DeclineURL, r.Reason, r.ReasonBad = q.at(own+"/decline"), in.reason, in.problem
	}
	r.Action, r.To, r.IsDraft = q.at(own+"/answer"), out.Name, !mayPost
	r.MessageIs = inboxReach(t.LastVisibility).Text
	for _, reach := range inboxReaches {
		choice := InboxReachChoice{InboxReach: reach, IsCurrent: reach.Value == r.Reach, IsWider: desk.IsWider(social.Visibility(reach.Value), t.LastVisibility)}
		r.Reaches = append(r.Reaches, choice)
		r.IsTooWide = r.IsTooWide || choice.IsCurrent && choice.IsWider
	}
	if in.reply != nil {
		r.Files = h.typedFiles(v, held, in)
	}
	r.HasRoom, r.Languages = len(r.Files) < status.MaxMedia, answerLanguages(r.Language)
	r.Most = h.Posts.MaxChars()
	r.Left = r.Most - htmlsafe.Length(r.Text) - htmlsafe.Length(r.Warning)
	for _, s := range held.saved {
		r.Saved = append(r.Saved, InboxChoice{Value: ids.Format(s.ID), Text: s.Title})
	}
	switch r.Problem {
	case "answered":
		r.Who = lastAnswerer(v, t, names)
	case "writing":
		r.Who = names[t.WritingBy].Name
	}
	out.Reply = r
}

func (h *Handlers) inboxPlan(v *visitor, p *social.Plan, names map[social.PersonID]Person, mayPost bool) InboxPlan {
	out := InboxPlan{By: names[p.AuthorID], At: p.CreatedAt, Text: p.Text}
	if mayPost || p.AuthorID == v.person.ID {
		out.URL = h.planURL(v.tenant, p.ID)
	}
	if p.State == social.PlanScheduled && p.HasTime() {
		out.When = *p.ScheduledAt
	}
	return out
}

// lastAnswerer is who of us has spoken last; "" is an app that says nobody.
func lastAnswerer(v *visitor, t *desk.Thread, names map[social.PersonID]Person) string {
	for i := len(t.Entries) - 1; i >= 0; i-- {
		if m := t.Entries[i].Message; m != nil && m.AccountID == t.AccountID && m.AuthorID != 0 {
			return youOr(v, m.AuthorID, names)
		}
	}
	return ""
}

// planSeen reads which version of a waiting answer somebody had before them.
func planSeen(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > farthest {
		return time.UnixMicro(1) // no version: nothing fits it
	}
	return time.UnixMicro(n)
}
