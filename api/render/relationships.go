package render

import (
	"context"
	"fmt"

	"rookery/api/entity"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// Relationship shows how a viewer stands to an account.
func (r *Renderer) Relationship(rel *social.Relationship) *entity.Relationship {
	return &entity.Relationship{
		ID: entity.ID(rel.TargetID), Following: rel.Following, ShowingReblogs: rel.ShowingBoosts, Notifying: rel.Notifying,
		Languages: rel.Languages, FollowedBy: rel.FollowedBy, Blocking: rel.Blocking, BlockedBy: rel.BlockedBy,
		Muting: rel.Muting, MutingNotifications: rel.MutingNotifications, MutingExpiresAt: entity.OptionalTime(rel.MutingExpiresAt),
		Requested: rel.Requested, RequestedBy: rel.RequestedBy, DomainBlocking: rel.DomainBlocking, Note: rel.Note,
	}
}

// Relationships loads how a viewer stands to the accounts and shows it in the
// order of the ids. Accounts that do not exist are left out.
func (r *Renderer) Relationships(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.AccountID) (entity.Array[*entity.Relationship], error) {
	out := make(entity.Array[*entity.Relationship], 0, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	found, err := store.Relationships(ctx, scope, viewer, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d relationships: %w", len(ids), err)
	}
	for _, id := range ids {
		if rel := found[id]; rel != nil {
			out = append(out, r.Relationship(rel))
		}
	}
	return out, nil
}
