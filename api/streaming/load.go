package streaming

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"rookery/api/entity"
	"rookery/api/render"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
)

// loader turns ids into what each viewer may read.
type loader struct {
	db     *pg.DB
	render *render.Renderer
}

// view is one event for all who hear it: the same for everybody, or for each
// account its own. Who is in neither hears nothing.
type view struct {
	everybody *message
	each      map[social.AccountID]*message
}

func (v view) to(account social.AccountID) *message {
	if v.everybody != nil {
		return v.everybody
	}
	return v.each[account]
}

// views makes the view of each event, with a number of queries that does not grow
// with the number of listeners (notifications aside: each has a listener of its own).
func (l *loader) views(ctx context.Context, t *tenant.Tenant, works []work) ([]view, error) {
	out := make([]view, len(works))
	q := collect(works)
	for i, w := range works {
		if w.Kind == stream.Delete {
			out[i].everybody = newMessage(w.Kind, []byte(ids.Format(int64(w.StatusID))))
		}
	}
	if len(q.sights) == 0 && len(q.notifications) == 0 {
		return out, nil
	}
	err := l.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		posts, err := l.posts(ctx, scope, t, q.sights)
		if err != nil {
			return err
		}
		told, err := l.told(ctx, scope, t, q.notifications)
		if err != nil {
			return err
		}
		for i, w := range works {
			switch w.Kind {
			case stream.Update, stream.StatusUpdate:
				out[i].each, err = posts[w.StatusID].messages(w.Kind)
			case stream.Notification:
				out[i].each, err = notificationMessage(told[w.NotificationID])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// questions are what a batch of events makes one ask.
type questions struct {
	sights        []store.Sight
	notifications []social.NotificationID
}

func collect(works []work) questions {
	var q questions
	asked := make(map[store.Sight]bool)
	for _, w := range works {
		switch w.Kind {
		case stream.Notification:
			q.notifications = append(q.notifications, w.NotificationID)
		case stream.Update, stream.StatusUpdate:
			for _, t := range w.targets {
				s := store.Sight{Viewer: t.conn.viewer.Account, StatusID: w.StatusID}
				if !asked[s] {
					asked[s] = true
					q.sights = append(q.sights, s)
				}
			}
		}
	}
	return q
}

// post is a status as everybody sees it, and those who may.
type post struct {
	shown     *entity.Status
	listeners []*store.Listener
}

// posts loads the statuses and who may be shown them.
func (l *loader) posts(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, sights []store.Sight) (map[social.StatusID]*post, error) {
	listeners, err := store.Audience(ctx, scope, sights)
	if err != nil || len(listeners) == 0 {
		return nil, err
	}
	out := make(map[social.StatusID]*post)
	for _, who := range listeners {
		if out[who.StatusID] == nil {
			out[who.StatusID] = &post{}
		}
		out[who.StatusID].listeners = append(out[who.StatusID].listeners, who)
	}
	found, err := store.StatusesByIDs(ctx, scope, keysOfPosts(out))
	if err != nil {
		return nil, err
	}
	// Each post is shown to one of those who may see it; what differs for the others
	// is put in later. The same account is taken wherever it may see, so that there
	// is mostly one round.
	rounds := make(map[social.AccountID][]*social.Status)
	for id, p := range out {
		if found[id] != nil {
			first := slices.MinFunc(p.listeners, func(a, b *store.Listener) int { return cmp.Compare(a.Viewer, b.Viewer) })
			rounds[first.Viewer] = append(rounds[first.Viewer], found[id])
		}
	}
	for viewer, list := range rounds {
		shown, err := l.render.Statuses(ctx, scope, t, viewer, list)
		if err != nil {
			return nil, fmt.Errorf("render %d statuses for streams: %w", len(list), err)
		}
		for _, s := range shown {
			out[social.StatusID(s.ID)].shown = s
		}
	}
	return out, nil
}

func keysOfPosts(m map[social.StatusID]*post) []social.StatusID {
	out := make([]social.StatusID, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	return out
}

// marks is what differs between viewers of one status.
type marks struct{ favourited, boosted, bookmarked, pinned, muted bool }

// messages writes a status once for all viewers with the same marks, which for a new
// post is everybody.
func (p *post) messages(kind stream.Kind) (map[social.AccountID]*message, error) {
	if p == nil || p.shown == nil {
		return nil, nil
	}
	out := make(map[social.AccountID]*message, len(p.listeners))
	written := make(map[marks]*message)
	for _, who := range p.listeners {
		m := marks{who.Favourited, who.Boosted, who.Bookmarked, who.Pinned, who.Muted}
		if written[m] == nil {
			payload, err := json.Marshal(m.on(p.shown))
			if err != nil {
				return nil, fmt.Errorf("write status %d: %w", who.StatusID, err)
			}
			written[m] = newMessage(kind, payload)
		}
		out[who.Viewer] = written[m]
	}
	return out, nil
}

// on returns the status with the marks. Those of a boost are its original's, which
// alone can be pinned.
func (m marks) on(s *entity.Status) *entity.Status {
	out := *s
	out.Favourited, out.Reblogged, out.Bookmarked, out.Muted, out.Pinned = m.favourited, m.boosted, m.bookmarked, m.muted, m.pinned
	if s.Reblog != nil {
		out.Reblog, out.Pinned = m.on(s.Reblog), false
	}
	return &out
}

// told loads notifications, each for the account that it is for.
func (l *loader) told(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, list []social.NotificationID) (map[social.NotificationID]notice, error) {
	rows, err := store.NotificationsByIDs(ctx, scope, list)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	byAccount := make(map[social.AccountID][]*social.Notification)
	for _, n := range rows {
		byAccount[n.AccountID] = append(byAccount[n.AccountID], n)
	}
	out := make(map[social.NotificationID]notice, len(rows))
	for account, mine := range byAccount {
		shown, err := l.render.Notifications(ctx, scope, t, account, mine)
		if err != nil {
			return nil, fmt.Errorf("render %d notifications for streams: %w", len(mine), err)
		}
		for _, n := range shown {
			out[social.NotificationID(n.ID)] = notice{account, n}
		}
	}
	return out, nil
}

// notice is a notification with the account that is told.
type notice struct {
	to    social.AccountID
	shown *entity.Notification
}

func notificationMessage(n notice) (map[social.AccountID]*message, error) {
	if n.shown == nil {
		return nil, nil
	}
	payload, err := json.Marshal(n.shown)
	if err != nil {
		return nil, fmt.Errorf("write notification %s: %w", n.shown.ID, err)
	}
	return map[social.AccountID]*message{n.to: newMessage(stream.Notification, payload)}, nil
}

// ended returns which of the tokens no longer count.
func (l *loader) ended(ctx context.Context, id tenant.ID, tokens []int64) ([]int64, error) {
	var live []int64
	err := l.db.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		live, err = store.LiveTokens(ctx, scope, tokens)
		return err
	})
	return slices.DeleteFunc(tokens, func(t int64) bool { return slices.Contains(live, t) }), err
}
