package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Version names the state of all rows that a rendering is made from: Postgres' own
// mark of the transaction that wrote each of them (xmin). No statement can change a row
// without moving it, so that nobody has to remember to. Within the transaction that
// makes a change it proves nothing: compare versions in reading scopes only.
type Version string

func versionOf(xmin uint32) []byte { return binary.BigEndian.AppendUint32(nil, xmin) }

// Outline is what a page of statuses needs to be read anew each time: which statuses,
// in which versions, the counters and what the viewer did with them. The wide rest is
// loaded by LoadUnseen, for versions that the reader has not seen.
type Outline struct {
	Page      []*StatusOutline                     // in the list's order
	Originals map[social.StatusID]*StatusOutline   // boosted by the page's; not asked yet: may the viewer see them
	Accounts  map[social.AccountID]*AccountOutline // the authors, and those asked for
}

// StatusOutline is a status without its content.
type StatusOutline struct {
	ID             social.StatusID
	Place          int64 // in the list
	Version        Version
	AccountID      social.AccountID
	BoostOfID      social.StatusID // 0: not a boost
	ConversationID social.StatusID

	RepliesCount, BoostsCount, FavouritesCount int

	StatusFlags
}

// AccountOutline is an account without its profile.
type AccountOutline struct {
	ID        social.AccountID
	Version   Version
	Suspended bool

	StatusesCount, FollowersCount, FollowingCount int

	LastStatusAt *time.Time
}

// factKind says what a row of the outline's query is about.
type factKind int16

const (
	factPlace factKind = iota
	factListed
	factOriginal
	factCounts
	factFile
	factMention
	factAccount
	factActivity
	factFavourited
	factBoosted
	factBookmarked
	factPinned
	factMuted
)

// fact is one row of the outline's query.
type fact struct {
	kind    factKind
	id      int64
	version uint32
	a, b, c int64
	at      pgtype.Timestamptz
}

func scanFact(row pgx.CollectableRow) (f fact, err error) {
	err = row.Scan((*int16)(&f.kind), &f.id, &f.version, &f.a, &f.b, &f.c, &f.at)
	return f, err
}

// outlineHead and outlineTail stand around a list. Each table is asked once for all ids
// of the page: twenty look-ups by one index scan cost a fraction of twenty subqueries.
// Only where an index by somebody stands beside one by post does each post ask for
// itself: given a list, the planner rather reads all that this somebody ever did.
const outlineHead = `
WITH page AS MATERIALIZED (`

const outlineTail = `),
listed AS MATERIALIZED (
    SELECT s.id, s.xmin AS version, s.account_id, s.conversation_id, COALESCE(s.boost_of_id, 0) AS boost_of_id
    FROM   statuses s WHERE s.tenant_id = @tenant_id AND s.id = ANY(ARRAY(SELECT id FROM page))
), original AS MATERIALIZED (
    SELECT s.id, s.xmin AS version, s.account_id, s.conversation_id
    FROM   statuses s WHERE s.tenant_id = @tenant_id AND s.id = ANY(ARRAY(SELECT boost_of_id FROM listed WHERE boost_of_id <> 0))
), post AS MATERIALIZED (
    SELECT id, account_id, conversation_id FROM listed UNION ALL SELECT id, account_id, conversation_id FROM original
)
SELECT 0::smallint, id, '0'::xid, place, 0::bigint, 0::bigint, NULL::timestamptz FROM page
UNION ALL SELECT 1::smallint, id, version, account_id, conversation_id, boost_of_id, NULL FROM listed
UNION ALL SELECT 2::smallint, id, version, account_id, conversation_id, 0, NULL FROM original
UNION ALL SELECT 3::smallint, x.status_id, '0'::xid, x.replies_count, x.boosts_count, x.favourites_count, NULL
          FROM status_stats x WHERE x.tenant_id = @tenant_id AND x.status_id = ANY(ARRAY(SELECT id FROM post))
UNION ALL SELECT 4::smallint, x.status_id, x.xmin, x.id, 0, 0, NULL
          FROM media x WHERE x.tenant_id = @tenant_id AND x.status_id = ANY(ARRAY(SELECT id FROM post))
UNION ALL SELECT 5::smallint, x.status_id, a.xmin, x.account_id, 0, 0, NULL
          FROM (SELECT DISTINCT id FROM post) p
          CROSS JOIN LATERAL (SELECT m.status_id, m.account_id FROM status_mentions m WHERE m.tenant_id = @tenant_id AND m.status_id = p.id OFFSET 0) x
          CROSS JOIN LATERAL (SELECT r.xmin FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = x.account_id LIMIT 1) a
UNION ALL SELECT 6::smallint, a.id, a.xmin, (a.suspended_at IS NOT NULL)::integer, 0, 0, NULL
          FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = ANY(ARRAY(SELECT account_id FROM post) || @further::bigint[]) AND a.deleted_at IS NULL
UNION ALL SELECT 7::smallint, x.account_id, '0'::xid, x.statuses_count, x.followers_count, x.following_count, x.last_status_at
          FROM account_stats x WHERE x.tenant_id = @tenant_id AND x.account_id = ANY(ARRAY(SELECT account_id FROM post) || @further::bigint[])`

const outlineFlags = `
UNION ALL SELECT 8::smallint, x.status_id, '0'::xid, 0, 0, 0, NULL
          FROM post CROSS JOIN LATERAL (SELECT y.status_id FROM favourites y WHERE y.tenant_id = @tenant_id AND y.account_id = @viewer AND y.status_id = post.id LIMIT 1) x
UNION ALL SELECT 9::smallint, x.boost_of_id, '0'::xid, 0, 0, 0, NULL
          FROM post CROSS JOIN LATERAL (SELECT y.boost_of_id FROM statuses y WHERE y.tenant_id = @tenant_id AND y.account_id = @viewer AND y.boost_of_id = post.id LIMIT 1) x
UNION ALL SELECT 10::smallint, x.status_id, '0'::xid, 0, 0, 0, NULL
          FROM post CROSS JOIN LATERAL (SELECT y.status_id FROM bookmarks y WHERE y.tenant_id = @tenant_id AND y.account_id = @viewer AND y.status_id = post.id LIMIT 1) x
UNION ALL SELECT 11::smallint, x.status_id, '0'::xid, 0, 0, 0, NULL
          FROM pins x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.status_id = ANY(ARRAY(SELECT id FROM post))
UNION ALL SELECT 12::smallint, x.conversation_id, '0'::xid, 0, 0, 0, NULL
          FROM conversation_mutes x
          WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.conversation_id = ANY(ARRAY(SELECT conversation_id FROM post))`

// outlineSQL is the outline of a list for a viewer and for anybody.
type outlineSQL struct{ viewer, anybody string }

func outlined(list string) outlineSQL {
	return outlineSQL{viewer: outlineHead + list + outlineTail + outlineFlags, anybody: outlineHead + list + outlineTail}
}

// outlines are the lists that are found by key whatever the arguments are: they become
// part of the outline's query, which keeps one plan. Other lists are read first.
var outlines = map[string]outlineSQL{
	givenList:       outlined(givenList),
	seenList:        outlined(seenList),
	homeList.newest: outlined(homeList.newest),
	homeList.oldest: outlined(homeList.oldest),
}

// OutlineOf outlines a list for a viewer (0: anybody), and further accounts. Statuses
// whose authors are suspended are left out.
func OutlineOf(ctx context.Context, scope *pg.Scope, viewer social.AccountID, l List, further []social.AccountID) (*Outline, error) {
	places := map[int64]int64{} // of a list that was read first
	sql, byKey := outlines[l.sql]
	if !byKey {
		read, err := pg.Rows(ctx, scope, l.sql, l.args, func(row pgx.CollectableRow) (p [2]int64, err error) {
			return p, row.Scan(&p[0], &p[1])
		})
		if err != nil || len(read) == 0 && len(further) == 0 {
			return &Outline{}, err
		}
		found := make([]social.StatusID, len(read))
		for i, p := range read {
			found[i], places[p[0]] = social.StatusID(p[0]), p[1]
		}
		l = GivenList(found)
		sql = outlines[l.sql]
	}
	args := maps.Clone(l.args)
	args["further"] = numbers(further)
	query := sql.anybody
	if viewer != 0 {
		query, args["viewer"] = sql.viewer, viewer
	}
	scope.ByKey()
	facts, err := pg.Rows(ctx, scope, query, args, scanFact)
	if err != nil {
		return nil, err
	}
	return assemble(facts, places), nil
}

// assemble puts the facts together.
func assemble(facts []fact, places map[int64]int64) *Outline {
	g := gathering{statuses: map[int64]*StatusOutline{}, accounts: map[social.AccountID]*AccountOutline{}, parts: map[int64][]byte{}}
	for _, f := range facts {
		g.take(f)
	}
	for id, s := range g.statuses {
		s.Version = Version(g.parts[id])
		s.Muted = g.muted[int64(s.ConversationID)]
	}
	out := &Outline{Accounts: g.accounts, Originals: map[social.StatusID]*StatusOutline{}}
	for _, p := range g.places {
		s := g.statuses[p.id]
		if s == nil || g.accounts[s.AccountID] == nil || g.accounts[s.AccountID].Suspended {
			continue
		}
		s.Place = p.a
		if place, ok := places[p.id]; ok {
			s.Place = place
		}
		out.Page = append(out.Page, s)
		if original := g.statuses[int64(s.BoostOfID)]; original != nil {
			out.Originals[original.ID] = original
		}
	}
	slices.SortFunc(out.Page, func(a, b *StatusOutline) int { return cmp.Compare(b.Place, a.Place) })
	return out
}

type gathering struct {
	places   []fact
	statuses map[int64]*StatusOutline
	accounts map[social.AccountID]*AccountOutline
	parts    map[int64][]byte // of a status's version
	muted    map[int64]bool   // conversations
}

func (g *gathering) take(f fact) {
	switch f.kind {
	case factPlace:
		g.places = append(g.places, f)
	case factListed, factOriginal:
		g.statuses[f.id] = &StatusOutline{
			ID: social.StatusID(f.id), AccountID: social.AccountID(f.a), ConversationID: social.StatusID(f.b), BoostOfID: social.StatusID(f.c),
		}
		g.parts[f.id] = versionOf(f.version)
	case factFile, factMention:
		part := binary.AppendVarint(append(g.parts[f.id], byte(f.kind)), f.a)
		g.parts[f.id] = binary.BigEndian.AppendUint32(part, f.version)
	case factAccount:
		g.accounts[social.AccountID(f.id)] = &AccountOutline{ID: social.AccountID(f.id), Version: Version(versionOf(f.version)), Suspended: f.a != 0}
	case factActivity:
		if a := g.accounts[social.AccountID(f.id)]; a != nil {
			a.StatusesCount, a.FollowersCount, a.FollowingCount = int(f.a), int(f.b), int(f.c)
			if f.at.Valid {
				a.LastStatusAt = &f.at.Time
			}
		}
	case factMuted:
		if g.muted == nil {
			g.muted = map[int64]bool{}
		}
		g.muted[f.id] = true
	default:
		if s := g.statuses[f.id]; s != nil {
			s.note(f)
		}
	}
}

// note takes a fact about counters or the viewer.
func (s *StatusOutline) note(f fact) {
	switch f.kind {
	case factCounts:
		s.RepliesCount, s.BoostsCount, s.FavouritesCount = int(f.a), int(f.b), int(f.c)
	case factFavourited:
		s.Favourited = true
	case factBoosted:
		s.Boosted = true
	case factBookmarked:
		s.Bookmarked = true
	case factPinned:
		s.Pinned = true
	}
}
