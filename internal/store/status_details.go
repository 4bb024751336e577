package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// StatusDetails is what stands around statuses when they are shown.
type StatusDetails struct {
	Originals map[social.StatusID]*social.Status // boosted ones that the viewer may see
	Accounts  map[social.AccountID]*social.Account
	Media     map[social.StatusID][]*social.Media
	Mentions  map[social.StatusID][]*social.Mention
	Flags     map[social.StatusID]*StatusFlags
	Apps      map[social.AppID]*App
}

var seenStatuses = `SELECT` + statusColumns + statusFrom + ` AND s.id = ANY(@ids) AND ` + visibleTo("s")

// VisibleStatusesByIDs returns those of the statuses that the viewer (0: anybody)
// may see, in no order. Zero ids are ignored.
func VisibleStatusesByIDs(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.StatusID) ([]*social.Status, error) {
	wanted := make([]int64, 0, len(ids))
	for _, id := range ids {
		if id != 0 {
			wanted = append(wanted, int64(id))
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	return pg.Many[social.Status](ctx, scope, seenStatuses, pgx.NamedArgs{"viewer": viewer, "ids": wanted})
}

// The authors and apps of boosted posts are not known when the batch is written,
// so the database looks them up. ARRAY(…) is evaluated once, which keeps the index.
const (
	detailAccounts = `SELECT` + accountColumns + accountFrom + ` AND a.id = ANY(@accounts::bigint[] || ARRAY(
       SELECT o.account_id FROM statuses o WHERE o.tenant_id = @tenant_id AND o.id = ANY(@boosted::bigint[])))`
	detailApps = appColumns + ` AND id = ANY(@apps::bigint[] || ARRAY(
       SELECT o.app_id FROM statuses o WHERE o.tenant_id = @tenant_id AND o.id = ANY(@boosted::bigint[]) AND o.app_id <> 0))`
)

// DetailsOf loads what is needed to show statuses to a viewer (0: anybody), and
// further accounts, in one round trip. It does not ask whether the viewer may see
// the statuses themselves.
func DetailsOf(ctx context.Context, scope *pg.Scope, viewer social.AccountID, list []*social.Status, further []social.AccountID) (*StatusDetails, error) {
	q := detailQuestions(list, further)
	var (
		originals []*social.Status
		accounts  []*social.Account
		media     []*social.Media
		mentions  []*social.Mention
		flags     []*StatusFlags
		apps      []*App
	)
	b := pg.NewBatch(scope)
	if len(q.boosted) > 0 {
		pg.QueueMany(b, seenStatuses, pgx.NamedArgs{"viewer": viewer, "ids": q.boosted}, &originals)
	}
	if len(q.accounts) > 0 {
		if len(q.boosted) > 0 {
			pg.QueueMany(b, detailAccounts, pgx.NamedArgs{"accounts": q.accounts, "boosted": q.boosted}, &accounts)
		} else {
			pg.QueueMany(b, accountsByIDs, pgx.NamedArgs{"ids": q.accounts}, &accounts)
		}
	}
	if len(q.posts) > 0 {
		pg.QueueMany(b, mediaOfStatuses, pgx.NamedArgs{"ids": q.posts}, &media)
		pg.QueueMany(b, mentionsByStatuses, pgx.NamedArgs{"ids": q.posts}, &mentions)
		if viewer != 0 {
			pg.QueueMany(b, flagsByStatuses, pgx.NamedArgs{"viewer": viewer, "ids": q.posts}, &flags)
		}
	}
	if len(q.apps) > 0 || len(q.boosted) > 0 {
		pg.QueueMany(b, detailApps, pgx.NamedArgs{"apps": q.apps, "boosted": q.boosted}, &apps)
	}
	if err := b.Send(ctx); err != nil {
		return nil, err
	}
	return &StatusDetails{
		Originals: keyed(originals, func(s *social.Status) social.StatusID { return s.ID }),
		Accounts:  byAccountID(accounts),
		Media:     grouped(media, func(m *social.Media) social.StatusID { return m.StatusID }),
		Mentions:  grouped(mentions, func(m *social.Mention) social.StatusID { return m.StatusID }),
		Flags:     keyed(flags, func(f *StatusFlags) social.StatusID { return f.StatusID }),
		Apps:      keyed(apps, func(a *App) social.AppID { return a.ID }),
	}, nil
}

// detailIDs are the ids that DetailsOf asks for, as pgx encodes them fastest.
type detailIDs struct{ posts, boosted, accounts, apps []int64 }

func detailQuestions(list []*social.Status, further []social.AccountID) detailIDs {
	q := detailIDs{boosted: []int64{}, apps: []int64{}}
	q.accounts = numbers(further)
	for _, s := range list {
		q.accounts = append(q.accounts, int64(s.AccountID))
		if s.AppID != 0 {
			q.apps = append(q.apps, int64(s.AppID))
		}
		// A boost has no files, mentions or likes of its own.
		post := s.ID
		if s.BoostOfID != 0 {
			post = s.BoostOfID
			q.boosted = append(q.boosted, int64(post))
		}
		q.posts = append(q.posts, int64(post))
	}
	return q
}

func keyed[K comparable, V any](rows []*V, key func(*V) K) map[K]*V {
	m := make(map[K]*V, len(rows))
	for _, row := range rows {
		m[key(row)] = row
	}
	return m
}

func grouped[K comparable, V any](rows []*V, key func(*V) K) map[K][]*V {
	m := make(map[K][]*V)
	for _, row := range rows {
		m[key(row)] = append(m[key(row)], row)
	}
	return m
}
