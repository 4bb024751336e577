package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const followColumns = `f.id, f.account_id, f.target_id, f.uri, f.state, f.show_boosts, f.notify, f.languages, f.created_at`

// insertFollow keeps the state and the URI of a follow that is there, except that
// a remote follower's new activity replaces its old one: that is what Accept must name.
const insertFollow = `
INSERT INTO follows AS f (tenant_id, id, account_id, target_id, uri, state, show_boosts, notify, languages)
SELECT @tenant_id, @id, @account_id, @target_id, @uri, @state, @show_boosts, @notify, @languages
WHERE  NOT EXISTS (SELECT FROM tombstones t WHERE t.tenant_id = @tenant_id AND t.uri = @uri AND t.account_id IN (0, @account_id))
ON CONFLICT (tenant_id, account_id, target_id) DO UPDATE SET
       show_boosts = EXCLUDED.show_boosts, notify = EXCLUDED.notify, languages = EXCLUDED.languages,
       uri = CASE WHEN @replace_uri THEN EXCLUDED.uri ELSE f.uri END
RETURNING ` + followColumns + `, (xmax = 0) AS added`

// AddedFollow is a follow and whether it is new.
type AddedFollow struct {
	social.Follow
	Added bool
}

// AddFollow stores a follow, or changes the options of the one that is there.
// fault.NotFound: its URI was undone before it came.
func AddFollow(ctx context.Context, scope *pg.Scope, f social.Follow, replaceURI bool) (*AddedFollow, error) {
	return pg.One[AddedFollow](ctx, scope, insertFollow, pgx.NamedArgs{
		"id": f.ID, "account_id": f.AccountID, "target_id": f.TargetID, "uri": f.URI, "state": f.State,
		"show_boosts": f.ShowBoosts, "notify": f.Notify, "languages": textList(f.Languages), "replace_uri": replaceURI,
	})
}

const followBetween = `
SELECT ` + followColumns + `
FROM   follows f
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.target_id = @target_id`

// FollowBetween returns the follow of one account by another, or fault.NotFound.
func FollowBetween(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (*social.Follow, error) {
	return pg.One[social.Follow](ctx, scope, followBetween, pgx.NamedArgs{"account_id": account, "target_id": target})
}

const followByURI = `
SELECT ` + followColumns + `
FROM   follows f
WHERE  f.tenant_id = @tenant_id AND f.uri = @uri AND @uri <> ''
LIMIT  1`

// FollowByURI returns the follow with the id of its activity, or fault.NotFound.
// The caller must compare who asks with who it concerns.
func FollowByURI(ctx context.Context, scope *pg.Scope, uri string) (*social.Follow, error) {
	return pg.One[social.Follow](ctx, scope, followByURI, pgx.NamedArgs{"uri": uri})
}

const acceptFollow = `
UPDATE follows f SET state = 'accepted'
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.target_id = @target_id AND f.state = 'pending'
RETURNING ` + followColumns

// AcceptFollow turns an open request into a follow; fault.NotFound if there is none.
func AcceptFollow(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (*social.Follow, error) {
	return pg.One[social.Follow](ctx, scope, acceptFollow, pgx.NamedArgs{"account_id": account, "target_id": target})
}

const deleteFollow = `
DELETE FROM follows f
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.target_id = @target_id
RETURNING ` + followColumns

// DeleteFollow removes a follow or a request and returns it, or fault.NotFound.
func DeleteFollow(ctx context.Context, scope *pg.Scope, account, target social.AccountID) (*social.Follow, error) {
	return pg.One[social.Follow](ctx, scope, deleteFollow, pgx.NamedArgs{"account_id": account, "target_id": target})
}

// Bell is a local follower who wants to be told of every post of an author.
type Bell struct{ AccountID, TargetID social.AccountID }

const bells = `
SELECT f.account_id, f.target_id
FROM   follows f
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = f.account_id AND a.domain = ''
WHERE  f.tenant_id = @tenant_id AND f.target_id = ANY(@targets) AND f.state = 'accepted' AND f.notify`

// QueueBells looks up who wants to be told of the authors' posts.
func QueueBells(b *pg.Batch, authors []social.AccountID, dest *[]*Bell) {
	pg.QueueMany(b, bells, pgx.NamedArgs{"targets": numbers(authors)}, dest)
}

// The state is part of the text and no argument: requests have an index of their
// own, which a plan for any state could not use.
func followersIn(state social.FollowState) pagedSQL {
	return paged(`
SELECT f.id, f.account_id
FROM   follows f
JOIN   accounts a ON a.tenant_id = f.tenant_id AND a.id = f.account_id
WHERE  f.tenant_id = @tenant_id AND f.target_id = @account_id AND f.state = '` + string(state) + `' AND f.id < @max_id AND f.id > @since_id
       AND a.suspended_at IS NULL
ORDER  BY f.id /*order*/ LIMIT @limit`)
}

var (
	followers      = followersIn(social.FollowAccepted)
	followRequests = followersIn(social.FollowPending)
)

// FollowersOf returns who follows an account, the latest first.
func FollowersOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, followers, page, pgx.NamedArgs{"account_id": account})
}

// FollowRequestsOf returns who asks to follow an account, the latest first.
func FollowRequestsOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, followRequests, page, pgx.NamedArgs{"account_id": account})
}

var following = paged(`
SELECT f.id, f.target_id AS account_id
FROM   follows f
JOIN   accounts a ON a.tenant_id = f.tenant_id AND a.id = f.target_id
WHERE  f.tenant_id = @tenant_id AND f.account_id = @account_id AND f.state = 'accepted' AND f.id < @max_id AND f.id > @since_id
       AND a.suspended_at IS NULL
ORDER  BY f.id /*order*/ LIMIT @limit`)

// FollowedBy returns whom an account follows, the latest first.
func FollowedBy(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, following, page, pgx.NamedArgs{"account_id": account})
}

const followRequestCount = `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id AND target_id = @account_id AND state = 'pending'`

// CountFollowRequests counts who asks to follow an account.
func CountFollowRequests(ctx context.Context, scope *pg.Scope, account social.AccountID) (int, error) {
	return pg.Value[int](ctx, scope, followRequestCount, pgx.NamedArgs{"account_id": account})
}

// OwnAccount returns an account together with how many ask to follow it, in one round
// trip, or fault.NotFound: what every app asks for at its start.
func OwnAccount(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, int, error) {
	var found []*social.Account
	var requests []int
	b := pg.NewBatch(scope)
	pg.QueueMany(b, accountByID, pgx.NamedArgs{"id": id}, &found)
	pg.QueueValues(b, followRequestCount, pgx.NamedArgs{"account_id": id}, &requests)
	scope.ByKey()
	if err := b.Send(ctx); err != nil {
		return nil, 0, err
	}
	if len(found) == 0 {
		return nil, 0, errNotFound
	}
	return found[0], requests[0], nil
}

// A walk over whom the viewer follows, the latest first, that ends with twenty found.
const familiarFollowers = `
SELECT mine.id AS account_id, t.id AS target_id
FROM   unnest(@targets::bigint[]) AS given (id)
CROSS  JOIN LATERAL (SELECT r.id FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = given.id AND NOT r.hide_collections LIMIT 1) AS t
CROSS  JOIN LATERAL (
    SELECT near.target_id AS id
    FROM   (SELECT m.target_id, m.id FROM follows m
            WHERE  m.tenant_id = @tenant_id AND m.account_id = @viewer AND m.state = 'accepted' ORDER BY m.id DESC LIMIT 1000) AS near
    WHERE  EXISTS (SELECT FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = near.target_id AND x.target_id = t.id
                   AND x.state = 'accepted' OFFSET 0)
           AND EXISTS (SELECT FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = near.target_id AND NOT r.hide_collections
                       AND r.suspended_at IS NULL OFFSET 0)
    ORDER  BY near.id DESC LIMIT 20) AS mine`

// FamiliarFollowers returns, for each target, those of its followers whom the viewer
// follows: at most twenty, among the thousand whom the viewer followed last.
func FamiliarFollowers(ctx context.Context, scope *pg.Scope, viewer social.AccountID, targets []social.AccountID) (map[social.AccountID][]social.AccountID, error) {
	type pair struct{ AccountID, TargetID social.AccountID }
	rows, err := pg.Many[pair](ctx, scope, familiarFollowers, pgx.NamedArgs{"viewer": viewer, "targets": numbers(targets)})
	m := make(map[social.AccountID][]social.AccountID)
	for _, p := range rows {
		m[p.TargetID] = append(m[p.TargetID], p.AccountID)
	}
	return m, err
}
