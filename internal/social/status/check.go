package status

import (
	"context"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Check refuses what Create would refuse, and fills in the author's defaults, without
// posting: for what is planned. Files are the planner's own matter.
func (s *Service) Check(ctx context.Context, scope *pg.Scope, author *social.Account, d *Draft) error {
	if err := s.prepare(author, d); err != nil {
		return err
	}
	if d.InReplyToID == 0 {
		return nil
	}
	_, err := Visible(ctx, scope, author.ID, d.InReplyToID)
	return err
}
