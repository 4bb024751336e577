package export

import (
	"cmp"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	rowsAtOnce  = 200     // of a list
	pieceAtOnce = 1 << 20 // bytes of a stored file
	postsOfFile = 50      // whose files are looked up together
)

// place is where a writer stands: everything that another one needs to go on.
type place struct {
	Zip     archive `json:"zip"`
	Stage   int     `json:"stage"`             // of stages, or of accountStages while there is an account
	Account string  `json:"account,omitempty"` // folder of the one that is being written; "" outside
	// ID is the account's, or that of the last one that is done: a name may change meanwhile.
	ID      social.AccountID `json:"account_id,omitzero"`
	After   int64            `json:"after,omitzero"`  // the last row of the open list
	Rows    int64            `json:"rows,omitzero"`   // of the open list so far
	From    int64            `json:"from,omitzero"`   // of the open file: bytes that are in it
	Queue   []queued         `json:"queue,omitempty"` // files of the page of posts up to After
	Done    int64            `json:"done"`
	Total   int64            `json:"total"`
	Left    []left           `json:"left,omitempty"` // what went while it was written
	IsWhole bool             `json:"is_whole,omitempty"`
}

// left is what is missing in the archive, and why.
type left struct {
	File string `json:"file"` // or a folder, of which what comes later is missing
	Why  string `json:"why"`
}

const (
	mostLeft     = 1000 // are named
	whyDeleted   = "The account was deleted while the archive was written."
	whyFileIsOut = "The file was deleted while the archive was written."
)

// errDeleted says that the account that is being written is gone.
var errDeleted = errors.New("the account was deleted")

// queued is a file that is to be written.
type queued struct {
	Key  string `json:"key"`
	MIME string `json:"mime"`
}

// writer writes an archive of a tenant, a piece at a time. Each piece reads what it needs
// in statements of its own: no transaction is open for longer than one page.
type writer struct {
	place
	db     *pg.DB
	tenant *tenant.Tenant
	actor  *store.LocalActor // of place.Account
}

// stage writes one part of the archive. It returns true when there is nothing more of it.
type stage func(context.Context, *writer) (done bool, err error)

// The parts, in their order. A place is a number of theirs, and an archive may be half written
// when a new version starts: what is new goes to the end.
var (
	before        = []stage{readme, company, companyPicture, servers, domainBlocks, domainAllows, persons}
	accountStages = []stage{actorFile, avatar, header, outbox, pictures, following.write, followers.write, blocks.write, mutes.write, bookmarks.write, bookmarksJSON, likes, desk, blockedDomains.write}
	after         = []stage{notes, replies, plans, auditLog, leftOut}
)

// piece does the next piece of the work.
func (w *writer) piece(ctx context.Context) error {
	if w.Zip.Modified == 0 {
		if err := w.start(ctx); err != nil {
			return err
		}
	}
	switch {
	case w.Account != "":
		return w.ofAccount(ctx)
	case w.Stage < len(before):
		return w.next(ctx, before[w.Stage])
	case w.Stage == len(before):
		return w.nextAccount(ctx)
	case w.Stage-len(before)-1 < len(after):
		return w.next(ctx, after[w.Stage-len(before)-1])
	}
	w.IsWhole = true
	return nil
}

func (w *writer) start(ctx context.Context) error {
	w.Zip.Modified = time.Now().Unix()
	return w.read(ctx, func(scope *pg.Scope) (err error) {
		w.Total, err = store.ExportTotal(ctx, scope)
		return err
	})
}

// next goes on with a stage of the whole company.
func (w *writer) next(ctx context.Context, s stage) error {
	done, err := s(ctx, w)
	if done {
		w.Stage++
		w.After, w.Rows, w.From = 0, 0, 0
	}
	return err
}

// nextAccount goes on to the account after the last one, or leaves them behind.
func (w *writer) nextAccount(ctx context.Context) error {
	return w.read(ctx, func(scope *pg.Scope) error {
		a, err := store.NextLocalAccount(ctx, scope, w.ID)
		if fault.IsNotFound(err) {
			w.Stage++
			return nil
		}
		if err != nil {
			return err
		}
		w.Account, w.ID, w.Stage = a.Username, a.ID, 0
		return nil
	})
}

// ofAccount goes on with the account that is being written. One that was deleted meanwhile
// ends here: files of it that are whole stay, the one that is not is left out.
func (w *writer) ofAccount(ctx context.Context) error {
	if w.actor == nil {
		err := w.read(ctx, func(scope *pg.Scope) (err error) {
			w.actor, err = store.LocalActorByID(ctx, scope, w.ID)
			return err
		})
		if fault.IsNotFound(err) {
			return w.leaveDeleted()
		}
		if err != nil {
			return fmt.Errorf("find account %s: %w", w.Account, err)
		}
	}
	err := w.next(ctx, accountStages[w.Stage])
	if errors.Is(err, errDeleted) {
		return w.leaveDeleted()
	}
	if err != nil {
		return fmt.Errorf("write account %s: %w", w.Account, err)
	}
	if w.Stage == len(accountStages) {
		return w.leaveAccount()
	}
	return nil
}

// leaveDeleted goes on to the next account, and notes what there is not of this one.
func (w *writer) leaveDeleted() error {
	w.leaveOut(w.ownFile("")+"/", whyDeleted)
	if w.Zip.Open != nil {
		w.leaveOut(w.Zip.Open.Name, whyDeleted)
		if err := w.Zip.drop(); err != nil {
			return err
		}
	}
	return w.leaveAccount()
}

func (w *writer) leaveOut(file, why string) {
	if len(w.Left) < mostLeft {
		w.Left = append(w.Left, left{file, why})
	}
}

// leftOut names what went while the archive was written.
func leftOut(_ context.Context, w *writer) (bool, error) {
	if len(w.Left) == 0 {
		return true, nil
	}
	body, err := json.MarshalIndent(w.Left, "", "  ")
	if err != nil {
		return false, err
	}
	return w.whole("left_out.json", append(body, '\n'))
}

func (w *writer) leaveAccount() error {
	w.Account, w.Stage, w.actor = "", len(before), nil
	w.After, w.Rows, w.From, w.Queue = 0, 0, 0, nil
	return nil
}

func (w *writer) read(ctx context.Context, fn func(*pg.Scope) error) error {
	return w.db.Read(ctx, w.tenant.ID, fn)
}

// ownFile is the name of a file of the current account.
func (w *writer) ownFile(name string) string { return path.Join("accounts", w.Account, name) }

// row is a line of a list and the key after which the next page begins.
type row struct {
	key  int64
	text []byte
}

// list is a file that is written from pages of rows.
type list struct {
	name             string
	head, tail, join string
	atOnce           int  // rows of a page; 0: rowsAtOnce
	count            bool // the tail is a format that takes the number of rows
	page             func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error)
}

// lines writes the next page of a list.
func (w *writer) lines(ctx context.Context, l list) (bool, error) {
	if w.Zip.Open == nil {
		w.Zip.begin(l.name, flate.DefaultCompression)
		if err := w.Zip.write([]byte(l.head)); err != nil {
			return false, err
		}
	}
	var rows []row
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		if rows, err = l.page(ctx, scope, w.After); err != nil || w.Account == "" {
			return err
		}
		// Last: posts of a deleted account go after it is marked, so the page was whole.
		if _, err = store.AccountByID(ctx, scope, w.actor.Account.ID); fault.IsNotFound(err) {
			return errDeleted
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write %s: %w", l.name, err)
	}
	var text []byte
	for _, r := range rows {
		w.After = max(w.After, r.key)
		if r.text == nil {
			continue // it is not for the archive
		}
		if w.Rows > 0 {
			text = append(text, l.join...)
		}
		text = append(text, r.text...)
		w.Rows++
		w.Done++
	}
	if err := w.Zip.write(text); err != nil {
		return false, err
	}
	if len(rows) >= cmp.Or(l.atOnce, rowsAtOnce) {
		return false, nil
	}
	tail := l.tail
	if l.count {
		tail = fmt.Sprintf(l.tail, w.Rows)
	}
	if err := w.Zip.write([]byte(tail)); err != nil {
		return false, err
	}
	return true, w.Zip.end()
}

// whole writes a small file at once.
func (w *writer) whole(name string, body []byte) (bool, error) {
	w.Zip.begin(name, flate.DefaultCompression)
	if err := w.Zip.write(body); err != nil {
		return false, err
	}
	return true, w.Zip.end()
}

// stored writes the next piece of a stored file. One whose bytes are gone is left out, also
// when they go while it is written.
func (w *writer) stored(ctx context.Context, name, key string) (bool, error) {
	var piece *store.FilePiece
	err := w.read(ctx, func(scope *pg.Scope) (err error) {
		piece, err = store.FilePieceAt(ctx, scope, key, w.From, pieceAtOnce)
		return err
	})
	if fault.IsNotFound(err) {
		w.From = 0
		if w.Zip.Open == nil {
			return true, nil
		}
		w.leaveOut(name, whyFileIsOut)
		return true, w.Zip.drop()
	}
	if err != nil {
		return false, fmt.Errorf("read file %s: %w", key, err)
	}
	if w.Zip.Open == nil {
		w.Zip.begin(name, flate.NoCompression)
	}
	if err := w.Zip.write(piece.Bytes); err != nil {
		return false, err
	}
	w.From += int64(len(piece.Bytes))
	if w.From < piece.Size && len(piece.Bytes) > 0 {
		return false, nil
	}
	w.From = 0
	return true, w.Zip.end()
}

// asLine is a value as a line of JSON.
func asLine(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	return append(line, '\n'), err
}
