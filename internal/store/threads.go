package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// ThreadLink is what a reply must know of its parent, and a parent of replies
// that came before it.
type ThreadLink struct {
	ID                 social.StatusID
	URI                string
	AccountID          social.AccountID
	InReplyToAccountID social.AccountID
	InReplyToURI       string
	ConversationID     social.StatusID
	Visibility         social.Visibility
	IsLocal            bool
}

const threadLinkColumns = `
SELECT s.id, s.uri, s.account_id, COALESCE(s.in_reply_to_account_id, 0) AS in_reply_to_account_id, s.in_reply_to_uri, s.conversation_id,
       s.visibility, s.is_local
FROM   unnest(@uris::text[]) AS given (uri)`

// The lock is the one that the foreign key would take a moment later: a parent
// cannot vanish between this look-up and the reply's insertion.
const threadParents = threadLinkColumns + `
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r
                     WHERE  r.tenant_id = @tenant_id AND r.uri = given.uri AND r.boost_of_id IS NULL LIMIT 1 FOR KEY SHARE) AS s`

const threadOrphans = threadLinkColumns + `
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r
                     WHERE  r.tenant_id = @tenant_id AND r.in_reply_to_id IS NULL AND r.in_reply_to_uri <> '' AND r.in_reply_to_uri = given.uri
                     ORDER  BY r.id LIMIT 1000) AS s`

// QueueThreadParents looks up the statuses with the given URIs that can be answered.
func QueueThreadParents(b *pg.Batch, uris []string, dest *[]*ThreadLink) {
	uris = slices.Compact(slices.Sorted(slices.Values(uris))) // locks are taken in one order
	pg.QueueMany(b, threadParents, pgx.NamedArgs{"uris": uris}, dest)
}

// QueueThreadOrphans looks up the replies that wait for a parent with one of the URIs.
func QueueThreadOrphans(b *pg.Batch, uris []string, dest *[]*ThreadLink) {
	pg.QueueMany(b, threadOrphans, pgx.NamedArgs{"uris": uris}, dest)
}

// Adoption links a waiting reply to its parent.
type Adoption struct {
	ID              social.StatusID
	ParentID        social.StatusID
	ParentAccountID social.AccountID
	From, To        social.StatusID // the conversation before and after
	Open            bool            // the reply counts
}

const adoptOrphans = `
UPDATE statuses s SET in_reply_to_id = n.parent_id, in_reply_to_account_id = n.parent_account_id
FROM   unnest(@ids::bigint[], @parents::bigint[], @accounts::bigint[]) AS n (id, parent_id, parent_account_id)
WHERE  s.tenant_id = @tenant_id AND s.id = n.id AND s.in_reply_to_id IS NULL`

const joinConversations = `
UPDATE statuses s SET conversation_id = n.new_id
FROM   unnest(@old_ids::bigint[], @new_ids::bigint[]) AS n (old_id, new_id)
WHERE  s.tenant_id = @tenant_id AND s.conversation_id = n.old_id`

// A muted part keeps the whole thread muted.
const joinConversationMutes = `
INSERT INTO conversation_mutes (tenant_id, account_id, conversation_id)
SELECT @tenant_id, m.account_id, n.new_id
FROM   unnest(@old_ids::bigint[], @new_ids::bigint[]) AS n (old_id, new_id)
JOIN   conversation_mutes m ON m.tenant_id = @tenant_id AND m.conversation_id = n.old_id
ON CONFLICT DO NOTHING`

// QueueAdoptions links waiting replies to parents that have arrived.
func QueueAdoptions(b *pg.Batch, list []Adoption) {
	if len(list) == 0 {
		return
	}
	b.Exec(adoptOrphans, pgx.NamedArgs{
		"ids":      column(list, func(a Adoption) int64 { return int64(a.ID) }),
		"parents":  column(list, func(a Adoption) int64 { return int64(a.ParentID) }),
		"accounts": column(list, func(a Adoption) int64 { return int64(a.ParentAccountID) }),
	})
	conversations := pgx.NamedArgs{
		"old_ids": column(list, func(a Adoption) int64 { return int64(a.From) }),
		"new_ids": column(list, func(a Adoption) int64 { return int64(a.To) }),
	}
	b.Exec(joinConversations, conversations)
	b.Exec(joinConversationMutes, conversations)
	queueDeskJoins(b, conversations)
}

// step is a post on the walk through a thread, with the one that it answers.
type step struct {
	ID, Parent social.StatusID
}

// The walks carry ids alone: with the path of each post, a thread of thousands that
// answer one another took 65 MB of disk to sort. UNION drops a row that came before, which
// ends the walk in a circle: two servers can claim that their posts answer each other.
const threadAbove = `
WITH RECURSIVE up AS (
    SELECT s.id, s.in_reply_to_id
    FROM   statuses s
    WHERE  s.tenant_id = @tenant_id AND s.id = @id
  UNION
    SELECT s.id, s.in_reply_to_id
    FROM   up JOIN statuses s ON s.tenant_id = @tenant_id AND s.id = up.in_reply_to_id
)
SELECT id, COALESCE(in_reply_to_id, 0) AS parent FROM up LIMIT @limit`

// ThreadAncestors returns the posts above a status that the viewer may see, the topmost first.
func ThreadAncestors(ctx context.Context, scope *pg.Scope, viewer social.AccountID, id social.StatusID, limit int) ([]*social.Status, error) {
	steps, err := pg.Many[step](ctx, scope, threadAbove, pgx.NamedArgs{"id": id, "limit": limit + 1})
	if err != nil {
		return nil, err
	}
	parents := make(map[social.StatusID]social.StatusID, len(steps))
	for _, s := range steps {
		parents[s.ID] = s.Parent
	}
	var above []social.StatusID
	for at := parents[id]; at != id; {
		next, known := parents[at]
		if !known {
			break // the top, the limit, or a circle
		}
		above = append(above, at)
		delete(parents, at)
		at = next
	}
	slices.Reverse(above)
	return threadPosts(ctx, scope, viewer, above)
}

// The walk stops after @limit posts: a recursive query yields its rows as they are
// found and LIMIT ends it. A post answers one other, so that the walk can come back
// to where it began and to nowhere else.
const threadBelow = `
WITH RECURSIVE down AS (
    SELECT s.id, s.in_reply_to_id, 1 AS depth
    FROM   statuses s
    WHERE  s.tenant_id = @tenant_id AND s.in_reply_to_id = @id AND s.id <> @id
  UNION ALL
    SELECT s.id, s.in_reply_to_id, down.depth + 1
    FROM   down JOIN statuses s ON s.tenant_id = @tenant_id AND s.in_reply_to_id = down.id
    WHERE  down.depth < @depth AND s.id <> @id
)
SELECT id, in_reply_to_id AS parent FROM down LIMIT @limit`

// ThreadDescendants returns the posts below a status that the viewer may see, each
// followed by its own replies.
func ThreadDescendants(ctx context.Context, scope *pg.Scope, viewer social.AccountID, id social.StatusID, depth, limit int) ([]*social.Status, error) {
	steps, err := pg.Many[step](ctx, scope, threadBelow, pgx.NamedArgs{"id": id, "depth": depth, "limit": limit})
	if err != nil {
		return nil, err
	}
	return threadPosts(ctx, scope, viewer, depthFirst(id, steps))
}

// depthFirst puts the posts below a root into the order in which a thread is read:
// answers to one post by age, each followed by its own.
func depthFirst(root social.StatusID, steps []*step) []social.StatusID {
	answers := make(map[social.StatusID][]social.StatusID)
	for _, s := range steps {
		answers[s.Parent] = append(answers[s.Parent], s.ID)
	}
	var out []social.StatusID
	push := func(stack []social.StatusID, parent social.StatusID) []social.StatusID {
		list := answers[parent]
		slices.Sort(list)
		slices.Reverse(list) // the oldest is taken first
		return append(stack, list...)
	}
	for stack := push(nil, root); len(stack) > 0; {
		next := stack[len(stack)-1]
		out = append(out, next)
		stack = push(stack[:len(stack)-1], next)
	}
	return out
}

var postsOfThread = `SELECT` + statusColumns + givenStatuses + statusStatsJoin + `
WHERE  ` + visibleTo("s") + ` AND ` + hiddenFrom("s.account_id")

// threadPosts loads those of the posts that the viewer may see, in their order.
func threadPosts(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.StatusID) ([]*social.Status, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := pg.Many[social.Status](ctx, scope, postsOfThread, pgx.NamedArgs{"viewer": viewer, "ids": numbers(ids)})
	if err != nil {
		return nil, err
	}
	place := make(map[social.StatusID]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(found, func(a, b *social.Status) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	return found, nil
}
