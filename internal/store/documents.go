package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// What the documents that we serve to other servers are made of, read together.

// LocalActor is a local account with what its document shows beside it.
type LocalActor struct {
	Account      *social.Account
	Key          social.PublicKey  // that its requests are verified with
	PictureTypes map[string]string // media types of avatar and header, by key
}

const localAccountByID = `SELECT` + accountColumns + accountFrom + ` AND a.id = @id AND a.domain = ''`

const rsaPublicKey = `SELECT number, public_pem FROM account_keys WHERE tenant_id = @tenant_id AND account_id = @id AND kind = 'rsa'`

const pictureTypes = `
SELECT f.key, b.mime
FROM   accounts a
JOIN   files f ON f.tenant_id = @tenant_id AND f.key IN (a.avatar_key, a.header_key) AND f.rendition = 'original'
JOIN   blobs b ON b.tenant_id = @tenant_id AND b.sha256 = f.sha256
WHERE  a.tenant_id = @tenant_id AND a.id = @id`

// LocalActorByID returns a local account with its key and pictures in one round
// trip, or fault.NotFound.
func LocalActorByID(ctx context.Context, scope *pg.Scope, id social.AccountID) (*LocalActor, error) {
	type picture struct{ Key, MIME string }
	type key struct {
		Number    int
		PublicPEM string
	}
	var accounts []*social.Account
	var keys []*key
	var pictures []*picture
	args := pgx.NamedArgs{"id": id}
	b := pg.NewBatch(scope)
	pg.QueueMany(b, localAccountByID, args, &accounts)
	pg.QueueMany(b, rsaPublicKey, args, &keys)
	pg.QueueMany(b, pictureTypes, args, &pictures)
	if err := b.Send(ctx); err != nil {
		return nil, err
	}
	if len(accounts) == 0 || len(keys) == 0 {
		return nil, errNotFound
	}
	out := &LocalActor{
		Account: accounts[0], Key: social.PublicKey{ID: accounts[0].KeyID(keys[0].Number), PEM: keys[0].PublicPEM}, PictureTypes: make(map[string]string, len(pictures)),
	}
	for _, p := range pictures {
		out.PictureTypes[p.Key] = p.MIME
	}
	return out, nil
}

// FullStatus is a status with everything that its document shows.
type FullStatus struct {
	Status   *social.Status
	Author   *social.Account
	Mentions []*social.Mention
	Media    []*social.Media
	// Original and its author are set for a boost.
	Original       *social.Status
	OriginalAuthor *social.Account
}

// FullStatuses completes statuses, in their order, with as few queries as one takes.
// Those whose author or original is missing are left out.
func FullStatuses(ctx context.Context, scope *pg.Scope, list []*social.Status) ([]*FullStatus, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var ids, boosted []social.StatusID
	var authors []social.AccountID
	for _, st := range list {
		ids, authors = append(ids, st.ID), append(authors, st.AccountID)
		if st.BoostOfID != 0 {
			boosted = append(boosted, st.BoostOfID)
		}
	}
	originals := map[social.StatusID]*social.Status{}
	var err error
	if len(boosted) > 0 {
		if originals, err = StatusesByIDs(ctx, scope, boosted); err != nil {
			return nil, err
		}
	}
	for _, o := range originals {
		authors = append(authors, o.AccountID)
	}
	slices.Sort(authors)
	accounts, err := AccountsByIDs(ctx, scope, slices.Compact(authors))
	if err != nil {
		return nil, err
	}
	mentions, err := MentionsByStatuses(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	media, err := MediaOfStatuses(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*FullStatus, 0, len(list))
	for _, st := range list {
		full := &FullStatus{Status: st, Author: accounts[st.AccountID], Mentions: mentions[st.ID], Media: media[st.ID]}
		if o := originals[st.BoostOfID]; o != nil {
			full.Original, full.OriginalAuthor = o, accounts[o.AccountID]
		}
		if full.Author == nil || (st.BoostOfID != 0 && full.OriginalAuthor == nil) {
			continue
		}
		out = append(out, full)
	}
	return out, nil
}

// An outbox shows what anybody may see, boosts of what anybody may see included.
var openStatuses = paged(`
SELECT` + statusColumns + statusFrom + `
       AND s.account_id = @account_id AND s.visibility IN ('public', 'unlisted') AND s.id < @max_id AND s.id > @since_id
       AND (s.boost_of_id IS NULL OR EXISTS (SELECT FROM statuses o WHERE o.tenant_id = @tenant_id AND o.id = s.boost_of_id
                                            AND o.visibility IN ('public', 'unlisted') OFFSET 0))
ORDER  BY s.id /*order*/ LIMIT @limit`)

// OpenStatusesOf returns the posts and boosts of an account that anybody may see, the latest first.
func OpenStatusesOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*social.Status, error) {
	return manyPaged[social.Status](ctx, scope, openStatuses, page, pgx.NamedArgs{"account_id": account})
}

const featuredStatuses = `
SELECT` + statusColumns + `
FROM   pins p
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = p.status_id` + statusStatsJoin + `
WHERE  p.tenant_id = @tenant_id AND p.account_id = @account_id AND s.visibility IN ('public', 'unlisted') AND s.boost_of_id IS NULL
ORDER  BY p.id DESC
LIMIT  100`

// FeaturedStatuses returns the pinned posts of an account that anybody may see, the latest pin first.
func FeaturedStatuses(ctx context.Context, scope *pg.Scope, account social.AccountID) ([]*social.Status, error) {
	return pg.Many[social.Status](ctx, scope, featuredStatuses, pgx.NamedArgs{"account_id": account})
}

// Usage is the numbers of one tenant, for NodeInfo.
type Usage struct {
	Users          int
	ActiveMonth    int
	ActiveHalfyear int
	Posts          int
}

const usage = `
SELECT count(*) AS users,
       count(*) FILTER (WHERE st.last_status_at > now() - interval '30 days') AS active_month,
       count(*) FILTER (WHERE st.last_status_at > now() - interval '180 days') AS active_halfyear,
       COALESCE(sum(st.statuses_count), 0)::bigint AS posts
FROM   accounts a
LEFT   JOIN account_stats st ON st.tenant_id = a.tenant_id AND st.account_id = a.id
WHERE  a.tenant_id = @tenant_id AND a.domain = '' AND a.suspended_at IS NULL`

// UsageOf counts a tenant's own accounts and posts.
func UsageOf(ctx context.Context, db *pg.DB, t tenant.ID) (*Usage, error) {
	return pg.ReadOne[Usage](ctx, db, t, usage, pgx.NamedArgs{})
}

// PublishedStatuses returns those of the posts that exist, by id, as their events bring
// them to others.
func PublishedStatuses(ctx context.Context, scope *pg.Scope, ids []social.StatusID) (map[social.StatusID]*FullStatus, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := pg.Many[social.Status](ctx, scope, statusesByIDs, pgx.NamedArgs{"ids": numbers(ids)})
	if err != nil {
		return nil, err
	}
	list, err := FullStatuses(ctx, scope, rows)
	m := make(map[social.StatusID]*FullStatus, len(list))
	for _, full := range list {
		m[full.Status.ID] = full
	}
	return m, err
}

const wasHandle = `SELECT EXISTS (SELECT FROM handles WHERE tenant_id = @tenant_id AND username_lower = lower(@username))`

// WasHandle reports whether a name belongs or belonged to a local account, also one
// that was deleted.
func WasHandle(ctx context.Context, scope *pg.Scope, username string) (bool, error) {
	return pg.Value[bool](ctx, scope, wasHandle, pgx.NamedArgs{"username": username})
}
