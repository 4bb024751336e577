package v1

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Relationships serves how the viewer stands to others, and changes it.
type Relationships struct{ Deps }

// NewRelationships returns the handlers.
func NewRelationships(d Deps) *Relationships { return &Relationships{d} }

// Routes is the table.
func (h *Relationships) Routes() []httpx.Route {
	act := func(name, scope string, change change) httpx.Route {
		return httpx.Route{
			Method: http.MethodPost, Path: "/api/v1/accounts/:id/" + name, Auth: httpx.User, Scopes: []string{scope, "follow"},
			Act: access.Relate, Handler: h.change(change),
		}
	}
	// Parting and protecting oneself works for whoever may publish nothing new, too.
	part := func(name, scope string, change change) httpx.Route {
		r := act(name, scope, change)
		r.WorksUntil = tenant.Restricted
		return r
	}
	read := func(path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{Method: http.MethodGet, Path: path, Auth: httpx.User, Scopes: []string{"read:follows"}, Act: access.Read, Handler: handler}
	}
	return []httpx.Route{
		read("/api/v1/accounts/relationships", h.list),
		read("/api/v1/accounts/familiar_followers", h.familiar),
		act("follow", "write:follows", h.follow),
		part("unfollow", "write:follows", h.unfollow),
		part("remove_from_followers", "write:follows", h.removeFollower),
		part("block", "write:blocks", h.block),
		part("unblock", "write:blocks", h.unblock),
		part("mute", "write:mutes", h.mute),
		part("unmute", "write:mutes", h.unmute),
		{
			Method: http.MethodPost, Path: "/api/v1/accounts/:id/note", Auth: httpx.User, Scopes: []string{"write:accounts"},
			Act: access.Draft, Handler: h.change(h.note),
		},
	}
}

func (h *Relationships) list(c echo.Context) error {
	var in struct {
		IDs textIDs `json:"id"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var out entity.Array[*entity.Relationship]
	err := h.Do(c, func(ctx context.Context, r *Call) (err error) {
		out, err = h.Render.Relationships(ctx, r.Scope, r.Viewer, accountIDs(in.IDs))
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (h *Relationships) familiar(c echo.Context) error {
	var in struct {
		IDs textIDs `json:"id"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	targets := accountIDs(in.IDs)
	out := make(entity.Array[entity.FamiliarFollowers], len(targets))
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		found, err := store.FamiliarFollowers(ctx, r.Scope, r.Viewer, targets)
		if err != nil {
			return err
		}
		var all []social.AccountID
		for _, list := range found {
			all = append(all, list...)
		}
		accounts, err := store.AccountsByIDs(ctx, r.Scope, all)
		if err != nil {
			return err
		}
		for i, id := range targets {
			out[i] = entity.FamiliarFollowers{ID: entity.ID(id)}
			for _, follower := range found[id] {
				if a := accounts[follower]; a != nil {
					out[i].Accounts = append(out[i].Accounts, h.Render.Account(r.Tenant, a))
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// change is one act of the viewer towards a target.
type change func(ctx context.Context, r *Call, in *relationInput, actor, target *social.Account) error

// relationInput is what the acts read, each its part.
type relationInput struct {
	Reblogs       *bool     `json:"reblogs"`
	Notify        *bool     `json:"notify"`
	Languages     *[]string `json:"languages"`
	Notifications *bool     `json:"notifications"`
	Duration      int64     `json:"duration"` // seconds; 0 is for ever
	Comment       string    `json:"comment"`
}

// Validate implements httpx.Validator.
func (in *relationInput) Validate() error {
	const century = 100 * 365 * 24 * 60 * 60
	if in.Duration < 0 || in.Duration > century {
		return fault.New(fault.Invalid, "Validation failed: Duration must be a number of seconds that is zero or more")
	}
	return nil
}

// change makes a handler of an act: it loads both sides and answers with the
// relationship as it is afterwards.
func (h *Relationships) change(act change) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := httpx.PathID[social.AccountID](c, "id")
		if err != nil {
			return err
		}
		var in relationInput
		if err := httpx.Bind(c, &in); err != nil {
			return err
		}
		return h.sendRelationship(c, id, func(ctx context.Context, r *Call) error {
			sides, err := store.AccountsByIDs(ctx, r.Scope, []social.AccountID{r.Viewer, id})
			if err != nil {
				return err
			}
			actor, target := sides[r.Viewer], sides[id]
			if actor == nil || target == nil {
				return httpx.ErrNotFound
			}
			return act(ctx, r, &in, actor, target)
		})
	}
}

// sendRelationship does something and answers with how the viewer then stands to
// an account.
func (d Deps) sendRelationship(c echo.Context, id social.AccountID, act func(ctx context.Context, r *Call) error) error {
	var out entity.Array[*entity.Relationship]
	err := d.Do(c, func(ctx context.Context, r *Call) error {
		if err := act(ctx, r); err != nil {
			return err
		}
		var err error
		out, err = d.Render.Relationships(ctx, r.Scope, r.Viewer, []social.AccountID{id})
		return err
	})
	if err != nil {
		return err
	}
	if len(out) == 0 {
		return httpx.ErrNotFound
	}
	return c.JSON(http.StatusOK, out[0])
}

// follow keeps the options of a follow that is there unless the app names new ones.
func (h *Relationships) follow(ctx context.Context, r *Call, in *relationInput, actor, target *social.Account) error {
	options := relate.FollowOptions{ShowBoosts: true}
	before, err := store.FollowBetween(ctx, r.Scope, actor.ID, target.ID)
	switch {
	case err == nil:
		options.ShowBoosts, options.Notify, options.Languages = before.ShowBoosts, before.Notify, before.Languages
	case !fault.IsNotFound(err):
		return err
	}
	if in.Reblogs != nil {
		options.ShowBoosts = *in.Reblogs
	}
	if in.Notify != nil {
		options.Notify = *in.Notify
	}
	if in.Languages != nil {
		options.Languages = *in.Languages
	}
	_, err = h.Relate.Follow(ctx, r.Scope, r.Tenant, actor, target, options)
	return err
}

func (h *Relationships) unfollow(ctx context.Context, r *Call, _ *relationInput, actor, target *social.Account) error {
	return h.Relate.Unfollow(ctx, r.Scope, actor, target)
}

func (h *Relationships) removeFollower(ctx context.Context, r *Call, _ *relationInput, actor, target *social.Account) error {
	return h.Relate.RemoveFollower(ctx, r.Scope, actor, target.ID)
}

func (h *Relationships) block(ctx context.Context, r *Call, _ *relationInput, actor, target *social.Account) error {
	return h.Relate.Block(ctx, r.Scope, r.Tenant, actor, target, "")
}

func (h *Relationships) unblock(ctx context.Context, r *Call, _ *relationInput, actor, target *social.Account) error {
	return h.Relate.Unblock(ctx, r.Scope, actor, target)
}

func (h *Relationships) mute(ctx context.Context, r *Call, in *relationInput, actor, target *social.Account) error {
	hide := in.Notifications == nil || *in.Notifications
	return h.Relate.Mute(ctx, r.Scope, actor, target, hide, time.Duration(in.Duration)*time.Second)
}

func (h *Relationships) unmute(ctx context.Context, r *Call, _ *relationInput, actor, target *social.Account) error {
	return h.Relate.Unmute(ctx, r.Scope, actor, target)
}

func (h *Relationships) note(ctx context.Context, r *Call, in *relationInput, actor, target *social.Account) error {
	return h.Relate.SetNote(ctx, r.Scope, actor, target, in.Comment)
}
