package console

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// threadOf reads which conversation an address names.
func threadOf(c echo.Context) (desk.Key, error) {
	account, ok := ids.Parse(c.Param("account"))
	conversation, also := ids.Parse(c.Param("conversation"))
	if !ok || !also {
		return desk.Key{}, web.ErrNotFound
	}
	return desk.Key{AccountID: social.AccountID(account), ConversationID: social.StatusID(conversation)}, nil
}

// typed is what somebody has typed into the forms of a conversation, and what was wrong
// with it: nothing of it is ever lost.
type typed struct {
	status  int // of the answer; 0: 200
	reply   *InboxReply
	once    string           // names the answer that a second click sends again
	media   []social.MediaID // pictures of the answer, with what each shows
	alts    map[social.MediaID]string
	note    InboxNote
	reason  string
	problem string // with the reason
}

// inboxThread is GET /tenants/:id/inbox/:account/:conversation.
func (h *Handlers) inboxThread(c echo.Context, v *visitor) error { return h.showThread(c, v, typed{}) }

func (h *Handlers) showThread(c echo.Context, v *visitor, in typed) error {
	k, err := threadOf(c)
	if err != nil {
		return err
	}
	var t *desk.Thread
	var held answerHeld
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if t, err = h.desk.Thread(ctx, scope, v.person.ID, k); err != nil {
			return err
		}
		if answers(t.Role) {
			if held, err = h.heldFor(ctx, scope, v, t, in); err != nil {
				return err
			}
		}
		return h.desk.See(ctx, scope, t)
	})
	if err != nil {
		return err
	}
	if q := inboxQueryOf(c); t.ConversationID != k.ConversationID && c.Request().Method != http.MethodPost {
		return c.Redirect(http.StatusSeeOther, q.at(h.threadURL(v.tenant, t.Key())))
	}
	view, err := h.inboxView(c, v, t.Key())
	if err != nil {
		return err
	}
	if view.Thread, err = h.threadView(c, v, t, held, in); err != nil {
		return err
	}
	web.Secure(c, assets.PolicyLive)
	return web.HTML(c, max(in.status, http.StatusOK), writer(RenderInbox, view))
}

func (h *Handlers) threadView(c echo.Context, v *visitor, t *desk.Thread, held answerHeld, in typed) (*InboxThread, error) {
	names, err := h.personNames(c.Request().Context(), personsOf(t))
	if err != nil {
		return nil, err
	}
	q, own := inboxQueryOf(c), h.threadURL(v.tenant, t.Key())
	out := &InboxThread{
		Key: threadKey(t.Key()), Name: "Somebody whose account is gone", State: InboxState(t.State), Account: "@" + t.Account.Username, BackURL: q.at(h.inboxURL(v.tenant)),
		Token: access.CSRF(v.session), Seen: desk.Version(t.DeskThread), Earlier: t.Earlier, IsMine: t.AssigneeID == v.person.ID, Note: in.note,
	}
	if t.From != nil {
		out.Name, out.Handle, out.Profile = nameOf(t.From), t.From.Handle().String(), t.From.URL
		out.Face = h.faceOf(v, t.From, out.Name)
	}
	if t.Earlier > 0 {
		out.EarlierURL = inboxQuery{state: "all", account: ids.Format(int64(t.AccountID)), with: ids.Format(int64(t.FromID))}.at(h.inboxURL(v.tenant))
	}
	if t.WaitingSince != nil {
		out.Wait = waitWords(time.Since(*t.WaitingSince))
	}
	if t.AssigneeID != 0 {
		p := names[t.AssigneeID]
		out.Assignee = &p
	}
	for _, e := range t.Entries {
		out.Entries = append(out.Entries, h.entryView(v, t, e, names))
	}
	switch {
	case !answers(t.Role):
		out.Why = "You look on: your role for " + out.Account + " is viewer. Ask one of its owners if you want to answer."
		return out, nil
	case !h.inboxIsOpen(v):
		out.Why = "Nothing can be sent while the company is not active."
		return out, nil
	}
	out.AssignURL, out.StateURL, out.NoteURL, out.WriteURL = q.at(own+"/assign"), q.at(own+"/state"), q.at(own+"/note"), own+"/writing"
	out.Assignees = assignees(v, t, names)
	h.replyView(v, q, t, held, names, in, out)
	return out, nil
}

// personsOf are all persons that a page of a conversation names.
func personsOf(t *desk.Thread) []social.PersonID {
	list := []social.PersonID{t.AssigneeID, t.AnsweredBy, t.WritingBy}
	for _, e := range t.Entries {
		if e.Note != nil {
			list = append(list, e.Note.PersonID)
		} else if e.Message.AccountID == t.AccountID {
			list = append(list, e.Message.AuthorID, e.Message.DecidedBy, e.Message.EditorID)
		}
	}
	for _, p := range t.Plans {
		list = append(list, p.AuthorID)
	}
	for _, o := range t.Operators {
		list = append(list, o.Person)
	}
	return list
}

func assignees(v *visitor, t *desk.Thread, names map[social.PersonID]Person) []InboxChoice {
	var out []InboxChoice
	for _, o := range t.Operators {
		if !answers(o.Role) {
			continue
		}
		choice := InboxChoice{Value: ids.Format(int64(o.Person)), Text: names[o.Person].Name, IsCurrent: o.Person == t.AssigneeID}
		if o.Person == v.person.ID {
			choice.Text = "You"
			out = append([]InboxChoice{choice}, out...)
			continue
		}
		out = append(out, choice)
	}
	return append(out, InboxChoice{Value: "0", Text: "Nobody", IsCurrent: t.AssigneeID == 0})
}

func nameOf(a *social.Account) string {
	if name := htmlsafe.Name(a.DisplayName); name != "" {
		return name
	}
	return a.Username
}

func (h *Handlers) entryView(v *visitor, t *desk.Thread, e desk.Entry, names map[social.PersonID]Person) InboxEntry {
	if n := e.Note; n != nil {
		return InboxEntry{IsNote: true, Name: youOr(v, n.PersonID, names), Text: n.Text, At: n.CreatedAt}
	}
	m := e.Message
	out := InboxEntry{
		IsOurs: m.AccountID == t.AccountID, Name: "Somebody whose account is gone", At: m.CreatedAt, Reach: inboxReach(m.Visibility), Warning: m.SpoilerText,
		Body: assets.SafeHTML(m.Body), URL: m.URL, // sanitised when it was stored
	}
	if a := t.Authors[m.AccountID]; a != nil {
		out.Name = nameOf(a)
		out.Face = h.faceOf(v, a, out.Name)
	}
	for _, f := range t.Media[m.ID] {
		file := InboxFile{URL: h.Media.URL(v.tenant.ID, f), Alt: f.Description, IsImage: f.Kind == social.MediaImage && f.Key != ""}
		if file.IsImage {
			file.PreviewURL, file.Width, file.Height = h.Media.PreviewURL(v.tenant.ID, f), max(f.SmallWidth, 1), max(f.SmallHeight, 1)
		}
		out.Files = append(out.Files, file)
	}
	if out.IsOurs {
		out.By = behind(v, t, m, names)
	}
	return out
}

func youOr(v *visitor, id social.PersonID, names map[social.PersonID]Person) string {
	if id == v.person.ID {
		return "You"
	}
	return names[id].Name
}

// behind says who of us wrote a message and who let it out, which nobody outside learns.
func behind(v *visitor, t *desk.Thread, m *store.Sent, names map[social.PersonID]Person) string {
	if m.AuthorID == 0 {
		return ""
	}
	you := func(id social.PersonID) string {
		if id == v.person.ID {
			return "you"
		}
		return names[id].Name
	}
	out := "Written by " + you(m.AuthorID)
	if m.DecidedBy != 0 {
		out += ", approved by " + you(m.DecidedBy)
	}
	if t.FirstAnswerAt != nil && isFirstAnswer(t, m) {
		out += " · first answer after " + waitWords(max(t.FirstAnswerAt.Sub(t.OpenedAt), time.Minute))
	}
	return out
}

// isFirstAnswer: the first of ours that came after the thread was opened.
func isFirstAnswer(t *desk.Thread, m *store.Sent) bool {
	for _, e := range t.Entries {
		if x := e.Message; x != nil && x.AccountID == t.AccountID && !x.CreatedAt.Before(t.OpenedAt.Truncate(time.Millisecond)) {
			return x.ID == m.ID
		}
	}
	return false
}

// answers reports whether somebody with a role takes part in conversations, and does not
// only look on.
func answers(role people.Role) bool { return access.Allow(role, access.Draft) == nil }
