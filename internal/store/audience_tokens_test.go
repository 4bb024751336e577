package store_test

import (
	"context"
	"slices"
	"testing"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
)

func TestLiveTokens(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	token := func(h *fixture.Home, account social.AccountID) (id int64) {
		h.Do(t, func(ctx context.Context, s *pg.Scope) error {
			app, _, err := access.RegisterApp(ctx, s, access.NewApp{Name: "x", RedirectURIs: []string{access.OOB}})
			if err != nil {
				return err
			}
			issued, err := access.CreateToken(ctx, s, account, h.Person, access.Scopes{"read"}, app)
			if err == nil {
				id = issued.TokenID
			}
			return err
		})
		return id
	}
	live, foreign, ended := token(w.A, w.A.Account.ID), token(w.B, w.B.Account.ID), token(w.A, w.A.Account.ID)
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return store.DeleteToken(ctx, s, ended) })
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		got, err := store.LiveTokens(ctx, s, []int64{live, foreign, ended, 1})
		if err == nil && !slices.Equal(got, []int64{live}) {
			t.Errorf("live are %v, want %d", got, live)
		}
		return err
	})
}
