package console

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/store"
	"rookery/tenant/people"
)

// mostLive is of how many conversations an open page learns that their state has changed.
const mostLive = 50

// liveInbox is what an open page of the room listens for.
type liveInbox struct {
	since time.Time
	key   desk.Key // zero: no conversation is open
}

func liveInboxOf(c echo.Context) liveInbox {
	out := liveInbox{since: time.Now()}
	if n, err := strconv.ParseInt(c.QueryParam("since"), 10, 64); err == nil && n > 0 && n < farthest {
		out.since = time.UnixMicro(n)
	}
	account, ok := ids.Parse(c.QueryParam("of"))
	conversation, also := ids.Parse(c.QueryParam("thread"))
	if ok && also {
		out.key = desk.Key{AccountID: social.AccountID(account), ConversationID: social.StatusID(conversation)}
	}
	return out
}

// inboxEvents is GET …/inbox/events: what changes on an open page of the room.
func (h *Handlers) inboxEvents(c echo.Context, v *visitor) error {
	live := liveInboxOf(c)
	return h.stream(c, listener{person: v.person.ID}, func(known string) (string, []byte, bool) { return h.inboxNews(c, v, live, known) })
}

// inboxNews is the event of what has changed. Session, membership and roles are asked anew
// each time: who lost them hears nothing more.
func (h *Handlers) inboxNews(c echo.Context, v *visitor, live liveInbox, known string) (now string, event []byte, ok bool) {
	session, err := h.in.Session(c)
	if err != nil || session.Person != v.person.ID {
		return known, nil, false
	}
	var pulse *desk.Pulse
	var list *desk.List
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if v.role, err = people.MembershipOf(ctx, scope, v.person.ID); err != nil {
			return err
		}
		if pulse, err = h.desk.Pulse(ctx, scope, v.person.ID, live.key, live.since); err != nil {
			return err
		}
		if now = inboxPrint(pulse, v.person.ID); now == known {
			return nil
		}
		list, err = h.desk.List(ctx, scope, v.person.ID, desk.Filter{Limit: mostLive})
		return err
	})
	if err != nil {
		return known, nil, false
	}
	if now == known {
		return known, nil, true
	}
	event = h.framed(c, "inbox", now, func(w io.Writer) error {
		view, err := h.newsView(c, v, live, pulse, list)
		if err != nil {
			return err
		}
		return RenderInboxNews(w, view)
	})
	return now, event, event != nil
}

// inboxPrint is alike for pages that look alike.
func inboxPrint(p *desk.Pulse, person social.PersonID) string {
	out := fmt.Sprintf("%d.%d.%d", p.Open, p.Fresh, p.Changed.UnixMicro())
	if t := p.Thread; t != nil {
		out += fmt.Sprintf(".%s.%s.%d.%d", desk.Version(t), t.State, t.AssigneeID, desk.WriterOf(t, person))
	}
	return out
}

func (h *Handlers) newsView(c echo.Context, v *visitor, live liveInbox, p *desk.Pulse, list *desk.List) (InboxNews, error) {
	q := inboxQueryOf(c)
	out := InboxNews{Open: list.Open, Fresh: p.Fresh, ListURL: q.at(h.inboxURL(v.tenant)), HasThread: p.Thread != nil}
	for _, line := range list.Lines {
		out.States = append(out.States, InboxLine{Key: threadKey(line.Key()), State: InboxState(line.State)})
	}
	t := p.Thread
	if t == nil {
		return out, nil
	}
	out.ThreadURL = q.at(h.threadURL(v.tenant, t.Key()))
	out.More = whatIsNew(t, live.since)
	writer := desk.WriterOf(t, v.person.ID)
	if writer == 0 {
		return out, nil
	}
	names, err := h.personNames(c.Request().Context(), []social.PersonID{writer})
	out.Here = names[writer].Name
	return out, err
}

// whatIsNew says what has come into a conversation since a page of it was opened.
func whatIsNew(t *store.DeskThread, since time.Time) string {
	switch {
	case t.LastAnswerAt != nil && t.LastAnswerAt.After(since):
		return "A colleague has answered."
	case t.LastIncomingAt.After(since):
		return "There is a new message."
	}
	return ""
}
