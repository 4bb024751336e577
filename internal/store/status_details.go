package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// StatusDetails is the wide part of what is shown of statuses.
type StatusDetails struct {
	Statuses map[social.StatusID]*social.Status
	Accounts map[social.AccountID]*social.Account
	Media    map[social.StatusID][]*social.Media
	Mentions map[social.StatusID][]*social.Mention
	Apps     map[social.AppID]*App
	Visible  []social.StatusID // those of the originals that the viewer may see
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

const appsOfStatuses = appColumns + ` AND id = ANY(ARRAY(
       SELECT s.app_id` + givenStatuses + ` WHERE s.app_id <> 0))`

// Unseen is what the reader of an Outline has no copy of.
type Unseen struct {
	Statuses  []social.StatusID
	Accounts  []social.AccountID
	Originals []social.StatusID // whose sight is to be asked for
}

// LoadUnseen loads what an Outline leaves out, in one round trip, for the viewer
// (0: anybody). It asks whether the originals may be seen, not about anything else.
func LoadUnseen(ctx context.Context, scope *pg.Scope, viewer social.AccountID, u Unseen) (*StatusDetails, error) {
	var (
		statuses []*social.Status
		accounts []*social.Account
		media    []*social.Media
		mentions []*social.Mention
		apps     []*App
		visible  []social.StatusID
	)
	b := pg.NewBatch(scope)
	if len(u.Statuses) > 0 {
		args := pgx.NamedArgs{"ids": numbers(u.Statuses)}
		pg.QueueMany(b, statusesByIDs, args, &statuses)
		pg.QueueMany(b, mediaOfStatuses, args, &media)
		pg.QueueMany(b, mentionsByStatuses, args, &mentions)
		pg.QueueMany(b, appsOfStatuses, args, &apps)
	}
	if len(u.Accounts) > 0 {
		pg.QueueMany(b, accountsByIDs, pgx.NamedArgs{"ids": numbers(u.Accounts)}, &accounts)
	}
	if len(u.Originals) > 0 {
		pg.QueueValues(b, visibleStatuses, pgx.NamedArgs{"viewer": viewer, "ids": numbers(u.Originals)}, &visible)
	}
	if err := b.Send(ctx); err != nil {
		return nil, err
	}
	return &StatusDetails{
		Statuses: keyed(statuses, func(s *social.Status) social.StatusID { return s.ID }),
		Accounts: byAccountID(accounts),
		Media:    grouped(media, func(m *social.Media) social.StatusID { return m.StatusID }),
		Mentions: grouped(mentions, func(m *social.Mention) social.StatusID { return m.StatusID }),
		Apps:     keyed(apps, func(a *App) social.AppID { return a.ID }),
		Visible:  visible,
	}, nil
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
