package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// The lists of an account as Mastodon's page "Import and export" writes and reads them: in
// the archive of a company, and one by one for the people of the account.

// Names that Mastodon guesses from what a file is: by how they begin.
const (
	followingFile = "following_accounts.csv"
	followersFile = "followers.csv"
	blocksFile    = "blocked_accounts.csv"
	mutesFile     = "muted_accounts.csv"
	domainsFile   = "blocked_domains.csv"
	bookmarksFile = "bookmarks.csv"
)

// domainsAtOnce is as many as the store returns at once.
const domainsAtOnce = 100

// table is how one of the lists is written.
type table struct {
	name, head string
	atOnce     int
	page       func(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, of social.AccountID, after int64) ([]row, error)
}

var (
	following = ties(store.TieFollowing, followingFile, "Account address,Show boosts,Notify on new posts,Languages\n", func(address string, t *store.Tie) []string {
		return []string{address, yes(t.ShowBoosts), yes(t.Notify), strings.Join(t.Languages, ", ")}
	})
	followers = ties(store.TieFollowers, followersFile, "Account address\n", addressAlone)
	blocks    = ties(store.TieBlocks, blocksFile, "", addressAlone)
	mutes     = ties(store.TieMutes, mutesFile, "Account address,Hide notifications\n", func(address string, t *store.Tie) []string {
		return []string{address, yes(t.HideNotifications)}
	})
	blockedDomains = table{name: domainsFile, head: "#domain\n", atOnce: domainsAtOnce, page: domainsPage}
	bookmarks      = table{name: bookmarksFile, atOnce: rowsAtOnce, page: bookmarksPage}

	tables = []table{following, followers, blocks, mutes, blockedDomains, bookmarks}
)

// write is the stage of the archive that writes the list.
func (l table) write(ctx context.Context, w *writer) (bool, error) {
	return w.lines(ctx, list{name: w.ownFile(l.name), head: l.head, atOnce: l.atOnce, page: func(ctx context.Context, scope *pg.Scope, after int64) ([]row, error) {
		return l.page(ctx, scope, w.tenant, w.actor.Account.ID, after)
	}})
}

// Table is a list of one account that is read a page at a time. Between two pages nothing
// is open: whoever downloads slowly holds up nobody.
type Table struct {
	table   table
	tenant  *tenant.Tenant
	account social.AccountID
	after   int64
	begun   bool
}

// TableNames are the files that OpenTable knows.
func TableNames() []string {
	names := make([]string, len(tables))
	for i, l := range tables {
		names[i] = l.name
	}
	return names
}

// OpenTable begins a list of a local account of the tenant; false for a name that is none.
func OpenTable(t *tenant.Tenant, account social.AccountID, name string) (*Table, bool) {
	for _, l := range tables {
		if l.name == name {
			return &Table{table: l, tenant: t, account: account}, true
		}
	}
	return nil, false
}

// Next returns the next lines of the file, and whether more may follow; fault.NotFound when
// the account is gone.
func (x *Table) Next(ctx context.Context, scope *pg.Scope) (text []byte, more bool, err error) {
	rows, err := x.table.page(ctx, scope, x.tenant, x.account, x.after)
	if err != nil {
		return nil, false, err
	}
	// Last: what a deleted account had goes after it is marked, so the page was whole.
	if _, err := store.AccountByID(ctx, scope, x.account); err != nil {
		return nil, false, err
	}
	if !x.begun {
		text, x.begun = []byte(x.table.head), true
	}
	for _, r := range rows {
		text, x.after = append(text, r.text...), max(x.after, r.key)
	}
	return text, len(rows) >= x.table.atOnce, nil
}

// cells is a line of CSV. No cell is marked against spreadsheets that look for formulas: what
// imports these files would take the mark for a part of the address. Names of accounts
// elsewhere may begin with "=", but have no quote, comma, colon or bar (convert.isUsername),
// without which no formula calls or sends anything.
func cells(list ...string) ([]byte, error) {
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	if err := out.Write(list); err != nil {
		return nil, err
	}
	out.Flush()
	return buf.Bytes(), out.Error()
}

// lined makes a line of each of the rows that a query returned.
func lined[T any](found []*T, err error, line func(*T) (key int64, text []string)) ([]row, error) {
	if err != nil {
		return nil, err
	}
	out := make([]row, len(found))
	for i, f := range found {
		key, text := line(f)
		out[i].key = key
		if out[i].text, err = cells(text...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ties is a list of accounts.
func ties(kind store.TieKind, name, head string, line func(address string, t *store.Tie) []string) table {
	page := func(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, of social.AccountID, after int64) ([]row, error) {
		found, err := store.Ties(ctx, scope, kind, of, after, rowsAtOnce)
		return lined(found, err, func(tie *store.Tie) (int64, []string) { return tie.Key, line(addressOf(t, tie), tie) })
	}
	return table{name: name, head: head, atOnce: rowsAtOnce, page: page}
}

func addressAlone(address string, _ *store.Tie) []string { return []string{address} }

// addressOf is how lists name an account.
func addressOf(t *tenant.Tenant, tie *store.Tie) string {
	if tie.Domain == "" {
		return tie.Username + "@" + t.HandleDomain
	}
	return tie.Username + "@" + tie.Domain
}

func yes(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

// domainsPage reads the oldest first, as the other lists: a lower bound asks the store for
// that, and no block has an id as low as 1.
func domainsPage(ctx context.Context, scope *pg.Scope, _ *tenant.Tenant, of social.AccountID, after int64) ([]row, error) {
	found, err := store.DomainBlocksOf(ctx, scope, of, store.Page{MinID: max(after, 1), Limit: domainsAtOnce})
	slices.Reverse(found)
	return lined(found, err, func(b *store.DomainBlock) (int64, []string) { return b.ID, []string{b.Domain} })
}

func bookmarksPage(ctx context.Context, scope *pg.Scope, _ *tenant.Tenant, of social.AccountID, after int64) ([]row, error) {
	found, err := store.ExportBookmarks(ctx, scope, of, after, rowsAtOnce)
	return lined(found, err, func(p *store.Pointer) (int64, []string) { return p.Key, []string{p.URI} })
}
