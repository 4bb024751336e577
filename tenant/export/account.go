package export

import (
	"context"
	"encoding/json"
	"path"
	"time"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/store"
)

// The parts of an archive of one account: as Mastodon's archives are, so that what reads
// those reads these. Lists are in tables.go.

// actorFile is the account as other servers see it, with its pictures beside it.
func actorFile(_ context.Context, w *writer) (bool, error) {
	names := map[string]string{w.actor.Account.AvatarKey: w.pictureFile("avatar"), w.actor.Account.HeaderKey: w.pictureFile("header")}
	picture := func(key string) convert.Picture {
		return convert.Picture{URL: names[key], MIME: w.actor.PictureTypes[key]}
	}
	doc, err := vocab.Write(convert.ActorDocument(w.tenant, convert.ActorOf(w.actor.Account, w.actor.Key, picture)))
	if err != nil {
		return false, err
	}
	return w.whole(w.ownFile("actor.json"), doc)
}

// pictureFile is the name of avatar or header in the account's folder.
func (w *writer) pictureFile(which string) string {
	key := w.actor.Account.AvatarKey
	if which == "header" {
		key = w.actor.Account.HeaderKey
	}
	return pictureName(which, key, w.actor.PictureTypes[key])
}

func avatar(ctx context.Context, w *writer) (bool, error) {
	return w.ownPicture(ctx, "avatar", w.actor.Account.AvatarKey)
}
func header(ctx context.Context, w *writer) (bool, error) {
	return w.ownPicture(ctx, "header", w.actor.Account.HeaderKey)
}

func (w *writer) ownPicture(ctx context.Context, which, key string) (bool, error) {
	if key == "" {
		return true, nil
	}
	return w.stored(ctx, w.ownFile(w.pictureFile(which)), key)
}

// outbox has every post and boost of the account, whoever may see it, as the activities
// that brought them into the world. Files are named where they stand in the archive.
func outbox(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{
		name: w.ownFile("outbox.json"), join: ",\n", head: `{"@context":"https://www.w3.org/ns/activitystreams","id":"outbox.json","type":"OrderedCollection","orderedItems":[` + "\n",
		tail: "\n" + `],"totalItems":%d}` + "\n", count: true,
		page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
			statuses, err := store.ExportStatuses(ctx, scope, w.actor.Account.ID, after, rowsAtOnce)
			if err != nil {
				return nil, err
			}
			full, err := store.FullStatuses(ctx, scope, statuses)
			if err != nil {
				return nil, err
			}
			byID := make(map[social.StatusID]*store.FullStatus, len(full))
			for _, f := range full {
				byID[f.Status.ID] = f
			}
			out := make([]row, len(statuses))
			for i, st := range statuses {
				out[i].key = int64(st.ID)
				if f := byID[st.ID]; f != nil { // else it repeats what is gone
					if out[i].text, err = w.happening(f); err != nil {
						return nil, err
					}
				}
			}
			return out, nil
		},
	})
}

// happening is the activity of a post or a boost.
func (w *writer) happening(f *store.FullStatus) ([]byte, error) {
	if f.Original != nil {
		return vocab.Write(convert.AnnounceDocument(f.Status, f.Author, f.Original.URI, f.OriginalAuthor.URI))
	}
	post := convert.Post{Status: f.Status, Author: f.Author, Mentions: f.Mentions, Media: f.Media}
	note := convert.NoteDocument(w.tenant, post, func(m *social.Media) string { return mediaFile(m.Key, m.MIME) })
	return vocab.Write(vocab.NewCreate(convert.CreateURI(w.tenant, f.Status), note))
}

func mediaFile(key, mime string) string { return path.Join("media", key+media.Extension(mime)) }

// pictures writes the files of the account's posts, one after the other.
func pictures(ctx context.Context, w *writer) (bool, error) {
	if len(w.Queue) > 0 {
		next := w.Queue[0]
		done, err := w.stored(ctx, w.ownFile(mediaFile(next.Key, next.MIME)), next.Key)
		if done {
			w.Queue = w.Queue[1:]
			w.Done++
		}
		return false, err
	}
	var page []*social.Status
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		if page, err = store.ExportStatuses(ctx, scope, w.actor.Account.ID, w.After, postsOfFile); err != nil || len(page) == 0 {
			return err
		}
		list := make([]social.StatusID, len(page))
		for i, st := range page {
			list[i] = st.ID
		}
		files, err := store.MediaOfStatuses(ctx, scope, list)
		for _, id := range list {
			for _, m := range files[id] {
				if m.Key != "" {
					w.Queue = append(w.Queue, queued{m.Key, m.MIME})
				}
			}
		}
		return err
	})
	if len(page) > 0 {
		w.After = int64(page[len(page)-1].ID)
	}
	return err == nil && len(page) < postsOfFile && len(w.Queue) == 0, err
}

// uris writes a collection of addresses of posts.
func (w *writer) uris(ctx context.Context, name string, read func(context.Context, *pg.Scope, social.AccountID, int64, int) ([]*store.Pointer, error)) (bool, error) {
	return w.lines(ctx, list{
		name: w.ownFile(name), join: ",\n", head: `{"@context":"https://www.w3.org/ns/activitystreams","id":"` + name + `","type":"OrderedCollection","orderedItems":[` + "\n",
		tail: "\n]}\n",
		page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
			found, err := read(ctx, scope, w.actor.Account.ID, after, rowsAtOnce)
			out := make([]row, len(found))
			for i, p := range found {
				if err == nil {
					out[i].key = p.Key
					out[i].text, err = json.Marshal(p.URI)
				}
			}
			return out, err
		},
	})
}

func bookmarksJSON(ctx context.Context, w *writer) (bool, error) {
	return w.uris(ctx, "bookmarks.json", store.ExportBookmarks)
}

func likes(ctx context.Context, w *writer) (bool, error) {
	return w.uris(ctx, "likes.json", store.ExportFavourites)
}

// deskRow is a conversation that the team answers: its state, not its messages.
type deskRow struct {
	Conversation  string            `json:"conversation"`
	State         social.DeskState  `json:"state"`
	From          string            `json:"from"`
	Visibility    social.Visibility `json:"visibility"`
	OpenedAt      time.Time         `json:"opened_at"`
	LastIncoming  time.Time         `json:"last_incoming_at"`
	FirstAnswerAt *time.Time        `json:"first_answer_at"`
	AnsweredBy    string            `json:"answered_by"`
	LastAnswerAt  *time.Time        `json:"last_answer_at"`
	Assignee      string            `json:"assignee"`
}

func desk(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: w.ownFile("conversations.jsonl"), page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		rows, err := store.ExportDesk(ctx, scope, w.actor.Account.ID, after, rowsAtOnce)
		if err != nil {
			return nil, err
		}
		from := make([]social.AccountID, len(rows))
		for i, d := range rows {
			from[i] = d.FromID
		}
		known, err := store.AccountsByIDs(ctx, scope, from)
		return each(rows, err, func(d *store.DeskThread) (int64, any) {
			out := deskRow{
				Conversation: ids.Format(int64(d.ConversationID)), State: d.State, Visibility: d.LastVisibility, OpenedAt: d.OpenedAt, LastIncoming: d.LastIncomingAt,
				FirstAnswerAt: d.FirstAnswerAt, AnsweredBy: ids.Format(int64(d.AnsweredBy)), LastAnswerAt: d.LastAnswerAt, Assignee: ids.Format(int64(d.AssigneeID)),
			}
			if a := known[d.FromID]; a != nil {
				out.From = a.URI
			}
			return int64(d.ConversationID), out
		})
	}})
}
