package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// How often an account may take another name: each one stays its for ever.
const (
	MaxRenames  = 3
	RenamesDays = 30
)

var errSameName = fault.New(fault.Invalid, "That is its handle already. Type another one.")

// Rename gives a local account another name on the tenant's handle domain. The account is
// the same for everybody: its URI says nothing of the name (FEDERATION.md 1.16), so that
// followers stay. Its old names go on leading to it and are given to no other account; it
// may take one of them back. Followers' servers are told. The caller has proved who wants it.
func Rename(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.AccountID, username string) (*social.Account, error) {
	if err := entitled.ToPublish(t); err != nil {
		return nil, err
	}
	if err := ValidateUsername(username); err != nil {
		return nil, err
	}
	a, err := lockOurs(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	if a.Username == username {
		return nil, errSameName
	}
	done, err := store.RenamesSince(ctx, scope, a.ID, time.Now().AddDate(0, 0, -RenamesDays))
	if err != nil {
		return nil, fmt.Errorf("count the names of account %d: %w", a.ID, err)
	}
	if done >= MaxRenames {
		return nil, fault.Newf(fault.TooMany, "A handle can change %d times in %d days, and this one has. Wait some days.", MaxRenames, RenamesDays)
	}
	if err := take(ctx, scope, t, a, username); err != nil {
		return nil, err
	}
	a.Username, a.URL = username, t.URL("/@"+username)
	if err := store.RenameAccount(ctx, scope, a, MaxRenames); err != nil {
		return nil, fmt.Errorf("rename account %d: %w", a.ID, err)
	}
	if err := index(ctx, scope, a); err != nil {
		return nil, err
	}
	if err := store.AddEvent(ctx, scope, &social.Event{Kind: social.EventAccountUpdated, AccountID: a.ID}); err != nil {
		return nil, fmt.Errorf("announce the name of account %d: %w", a.ID, err)
	}
	return a, nil
}

// take makes a name the account's, unless it is or was another's.
func take(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, a *social.Account, username string) error {
	taken, err := store.TakeHandle(ctx, scope, a.ID, username, t.HandleDomain)
	if err != nil {
		return fmt.Errorf("claim handle: %w", err)
	}
	if !taken {
		return errNameUsed(username, t)
	}
	return nil
}

// FormerNames are the names that a local account had before, the latest first.
func FormerNames(ctx context.Context, scope *pg.Scope, a *social.Account) ([]string, error) {
	rows, err := store.FormerHandles(ctx, scope, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the former names of account %d: %w", a.ID, err)
	}
	var out []string
	for _, h := range rows {
		if !strings.EqualFold(h, a.Username) {
			out = append(out, h)
		}
	}
	return out, nil
}
