package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	"rookery/tenant"
	"rookery/tenant/people"
)

const inboxPage = 30

// registerInbox puts the room of conversations on the console.
func (h *Handlers) registerInbox(e *echo.Echo, show, post, upload func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Inbox
			return next(c, v)
		}))
	}
	const room, one = "/tenants/:id/inbox", "/tenants/:id/inbox/:account/:conversation"
	show(room, in(h.inbox))
	e.GET(h.Base+room+"/events", h.streamed(in(h.inboxEvents)))
	show(room+"/replies", in(h.savedReplies))
	post(room+"/replies", in(h.saveReply))
	show(room+"/replies/:reply", in(h.savedReplies))
	post(room+"/replies/:reply", in(h.saveReply))
	post(room+"/replies/:reply/delete", in(h.deleteReply))
	show(one, in(h.inboxThread))
	upload(one+"/answer", in(h.answerThread))
	post(one+"/decline", in(h.declineAnswer))
	post(one+"/note", in(h.noteThread))
	post(one+"/assign", in(h.assignThread))
	post(one+"/state", in(h.moveThread))
	post(one+"/writing", in(h.writeThread))
}

func (h *Handlers) inboxURL(t *tenant.Tenant) string { return h.roomURL(t) + "/inbox" }

func (h *Handlers) threadURL(t *tenant.Tenant, k desk.Key) string {
	return h.inboxURL(t) + "/" + ids.Format(int64(k.AccountID)) + "/" + ids.Format(int64(k.ConversationID))
}

// inboxQuery is what of the list somebody wants to see; it travels in every link of the room.
type inboxQuery struct {
	state   string // "" is open
	account string
	who     string
	with    string // somebody elsewhere: their conversations alone
	unread  bool
}

var inboxStates = []struct{ value, text string }{{"", "Open"}, {"waiting", "Waiting"}, {"done", "Done"}, {"all", "All"}}

func inboxQueryOf(c echo.Context) inboxQuery {
	q := inboxQuery{state: c.QueryParam("state"), account: c.QueryParam("account"), who: c.QueryParam("who"), with: c.QueryParam("with"), unread: c.QueryParam("unread") != ""}
	if !slices.ContainsFunc(inboxStates, func(s struct{ value, text string }) bool { return s.value == q.state }) {
		q.state = ""
	}
	return q
}

func (q inboxQuery) isNarrow() bool {
	return q.account != "" || q.who != "" || q.with != "" || q.unread
}

// at is an address with what is asked for, and more.
func (q inboxQuery) at(address string, more ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	for name, value := range map[string]string{"state": q.state, "account": q.account, "who": q.who, "with": q.with} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.unread {
		values.Set("unread", "1")
	}
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

// filter is the query for the rules. What is no number or no state narrows nothing.
func (q inboxQuery) filter(v *visitor) desk.Filter {
	f := desk.Filter{State: social.DeskOpen, Unread: q.unread, Limit: inboxPage}
	switch q.state {
	case "all":
		f.State = ""
	case "waiting", "done":
		f.State = social.DeskState(q.state)
	}
	if id, ok := ids.Parse(q.account); ok {
		f.Account = social.AccountID(id)
	}
	if id, ok := ids.Parse(q.with); ok {
		f.From = social.AccountID(id)
	}
	switch id, ok := ids.Parse(q.who); {
	case q.who == "me":
		f.Assignee = v.person.ID
	case q.who == "nobody":
		f.Unassigned = true
	case ok:
		f.Assignee = social.PersonID(id)
	}
	return f
}

// cursorOf reads where a page begins: "microseconds-conversation-account".
func cursorOf(text string) store.DeskCursor {
	parts := strings.Split(text, "-")
	if len(parts) != 3 {
		return store.DeskCursor{}
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	conversation, ok := ids.Parse(parts[1])
	account, also := ids.Parse(parts[2])
	if err != nil || at <= 0 || at > farthest || !ok || !also {
		return store.DeskCursor{}
	}
	return store.DeskCursor{At: time.UnixMicro(at), ConversationID: social.StatusID(conversation), AccountID: social.AccountID(account)}
}

// farthest is the last moment that a cursor may name, in microseconds: the year 9999.
const farthest = 253_370_764_800_000_000

func cursorText(c store.DeskCursor) string {
	return strconv.FormatInt(c.At.UnixMicro(), 10) + "-" + ids.Format(int64(c.ConversationID)) + "-" + ids.Format(int64(c.AccountID))
}

// inbox is GET /tenants/:id/inbox: the list.
func (h *Handlers) inbox(c echo.Context, v *visitor) error {
	view, err := h.inboxView(c, v, desk.Key{})
	if err != nil {
		return err
	}
	web.Secure(c, assets.PolicyLive)
	return web.HTML(c, http.StatusOK, writer(RenderInbox, view))
}

// inboxView is the room with its list; current is the conversation that is open.
func (h *Handlers) inboxView(c echo.Context, v *visitor, current desk.Key) (InboxView, error) {
	q := inboxQueryOf(c)
	f := q.filter(v)
	f.After = cursorOf(c.QueryParam("after"))
	var l *desk.List
	var colleagues []social.PersonID
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if l, err = h.desk.List(ctx, scope, v.person.ID, f); err != nil {
			return err
		}
		colleagues, err = store.ColleaguesOf(ctx, scope, desk.IDs(l.Accounts), maxListed)
		return err
	})
	if err != nil {
		return InboxView{}, err
	}
	names, err := h.personNames(c.Request().Context(), append(assigneesOf(l.Lines), colleagues...))
	if err != nil {
		return InboxView{}, err
	}
	v.openThreads = l.Open
	view := InboxView{Shell: h.shell(v), Open: l.Open, HasVoice: len(l.Accounts) > 0, Filter: h.inboxFilter(v, q, l, colleagues, names)}
	for _, s := range inboxStates {
		other := q
		other.state = s.value
		segment := InboxSegment{Text: s.text, URL: other.at(h.inboxURL(v.tenant)), IsCurrent: s.value == q.state}
		if s.value == "" {
			segment.Count = l.Open
		}
		view.Segments = append(view.Segments, segment)
	}
	for _, line := range l.Lines {
		view.Lines = append(view.Lines, h.inboxLineView(v, q, l, line, names, current))
	}
	if l.More {
		view.MoreURL = q.at(h.inboxURL(v.tenant), "after", cursorText(desk.Cursor(l.Lines[len(l.Lines)-1], f.State)))
	}
	view.Times = InboxTimes{Week: medianWords(l.Times.WeekSeconds, l.Times.Week), Month: medianWords(l.Times.MonthSeconds, l.Times.Month)}
	if slices.ContainsFunc(l.Accounts, func(a people.AccountRole) bool { return answers(a.Role) }) {
		view.RepliesURL = h.inboxURL(v.tenant) + "/replies"
	}
	more := []string{"since", strconv.FormatInt(time.Now().UnixMicro(), 10)}
	if current.AccountID != 0 {
		more = append(more, "of", ids.Format(int64(current.AccountID)), "thread", ids.Format(int64(current.ConversationID)))
	}
	view.Live = q.at(h.inboxURL(v.tenant)+"/events", more...)
	return view, nil
}

func assigneesOf(lines []*store.DeskLine) []social.PersonID {
	var out []social.PersonID
	for _, l := range lines {
		out = append(out, l.AssigneeID)
	}
	return out
}

// personNames returns what persons are called; who does not exist any more has left.
func (h *Handlers) personNames(ctx context.Context, list []social.PersonID) (map[social.PersonID]Person, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(id social.PersonID) bool { return id == 0 })
	slices.Sort(list)
	list = slices.Compact(list)
	found, err := h.People.ByIDs(ctx, list)
	out := make(map[social.PersonID]Person, len(list))
	for _, id := range list {
		p := Person{ID: ids.Format(int64(id)), Name: goneName}
		if known := found[id]; known != nil {
			if p.Name = known.Name; p.Name == "" {
				p.Name = known.Email
			}
		}
		out[id] = p
	}
	return out, err
}

func (h *Handlers) inboxFilter(v *visitor, q inboxQuery, l *desk.List, colleagues []social.PersonID, names map[social.PersonID]Person) InboxFilter {
	f := InboxFilter{Action: h.inboxURL(v.tenant), State: q.state, Unread: q.unread, IsOn: q.isNarrow()}
	all := inboxQuery{state: q.state}
	f.ClearURL = all.at(f.Action)
	f.Accounts = []InboxChoice{{Text: "All accounts", IsCurrent: q.account == ""}}
	for _, a := range l.Accounts {
		id := ids.Format(int64(a.Account.ID))
		f.Accounts = append(f.Accounts, InboxChoice{Value: id, Text: "@" + a.Account.Username, IsCurrent: q.account == id})
	}
	f.People = []InboxChoice{{Text: "Anybody", IsCurrent: q.who == ""}, {Value: "me", Text: "You", IsCurrent: q.who == "me"}, {Value: "nobody", Text: "Nobody", IsCurrent: q.who == "nobody"}}
	for _, id := range colleagues {
		if value := ids.Format(int64(id)); id != v.person.ID {
			f.People = append(f.People, InboxChoice{Value: value, Text: names[id].Name, IsCurrent: q.who == value})
		}
	}
	return f
}

func (h *Handlers) inboxLineView(v *visitor, q inboxQuery, l *desk.List, d *store.DeskLine, names map[social.PersonID]Person, current desk.Key) InboxLine {
	out := InboxLine{
		Key: threadKey(d.Key()), URL: q.at(h.threadURL(v.tenant, d.Key())), Name: d.FromUsername, At: d.UpdatedAt, Text: inboxLine(d.LastBody, d.LastSpoiler),
		IsOurs: d.LastIsOurs, IsUnread: d.IsUnread() && d.State == social.DeskOpen, Reach: inboxReach(d.LastVisibility), State: InboxState(d.State),
		IsMine: d.AssigneeID == v.person.ID, IsCurrent: d.Key() == current,
	}
	if name := htmlsafe.Name(d.FromDisplayName); name != "" {
		out.Name = name
	}
	if out.Name == "" {
		out.Name = "Somebody whose account is gone"
	}
	out.Face = h.faceOf(v, &social.Account{ID: d.FromID, AvatarURL: d.FromAvatarURL, AvatarKey: d.FromAvatarKey}, out.Name)
	if d.WaitingSince != nil {
		out.At, out.Waited = *d.WaitingSince, waitWords(time.Since(*d.WaitingSince))
	}
	if d.AssigneeID != 0 {
		p := names[d.AssigneeID]
		out.Assignee = &p
	}
	for _, a := range l.Accounts {
		if a.Account.ID == d.AccountID {
			out.Account = a.Account.Username
		}
	}
	return out
}

func threadKey(k desk.Key) string {
	return ids.Format(int64(k.AccountID)) + "-" + ids.Format(int64(k.ConversationID))
}

// faceOf is the picture of whoever wrote. Pictures of other servers are not loaded: it
// would tell them who reads.
func (h *Handlers) faceOf(v *visitor, a *social.Account, name string) assets.Avatar {
	out := assets.Avatar{Name: name, Seed: ids.Format(int64(a.ID))}
	if a.AvatarKey != "" {
		out.URL = h.Media.Avatar(v.tenant.ID, a)
	}
	return out
}
