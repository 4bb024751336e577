package v1

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// ScheduledStatuses serves posts that are planned: what waits for its time, and to whoever
// wrote it, what waits for approval.
type ScheduledStatuses struct {
	StatusDeps
	plans *plan.Service
}

// NewScheduledStatuses returns the handlers.
func NewScheduledStatuses(d StatusDeps) *ScheduledStatuses {
	return &ScheduledStatuses{d, plan.New(d.Statuses)}
}

// Routes is the table. Who may only draft changes what waits; the rules tell whose.
func (h *ScheduledStatuses) Routes() []httpx.Route {
	route := func(method, path, scope string, act access.Action, limit string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{Method: method, Path: path, Auth: httpx.User, Scopes: []string{scope}, Act: act, Limit: limit, Handler: handler}
	}
	const one = "/api/v1/scheduled_statuses/:id"
	remove := route(http.MethodDelete, one, "write:statuses", access.Draft, "delete", h.remove)
	remove.WorksUntil = tenant.Restricted
	return []httpx.Route{
		route(http.MethodGet, "/api/v1/scheduled_statuses", "read:statuses", access.Read, "", h.list),
		route(http.MethodGet, one, "read:statuses", access.Read, "", h.show),
		route("PUT|PATCH", one, "write:statuses", access.Draft, "", h.change),
		remove,
	}
}

var errWhen = fault.New(fault.Invalid, "Validation failed: Scheduled at is not a date. Write it as 2030-12-31T10:00:00Z.")

// timeOf reads a date as apps write it (ISO 8601). Without a zone it is UTC.
func timeOf(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.UTC().Truncate(time.Microsecond)
			return &at, nil
		}
	}
	return nil, errWhen
}

func actor(c echo.Context) plan.By {
	viewer := httpx.Viewer(c)
	return plan.ByApp(viewer.Person, viewer.App, c.RealIP())
}

// plan is POST /api/v1/statuses for what is not to be a post at once.
func (h *Statuses) plan(c echo.Context, in statusInput) error {
	at, err := timeOf(in.ScheduledAt)
	if err != nil {
		return err
	}
	words := plan.Words{
		Text: in.Status, SpoilerText: in.SpoilerText, Visibility: in.Visibility, Sensitive: in.Sensitive, Language: in.Language,
		InReplyToID: in.InReplyToID, MediaIDs: in.MediaIDs, ScheduledAt: at,
	}
	var out any
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		made, err := h.plans.Add(ctx, r.Scope, r.Tenant, r.Viewer, actor(c), words, plan.Send, httpx.IdempotencyKey(c))
		if err != nil {
			return err
		}
		if made.Status != nil { // made a publisher a moment ago
			out, err = h.Render.Status(ctx, r.Scope, r.Tenant, r.Viewer, made.Status)
			return err
		}
		out, err = showPlan(ctx, h.Deps, r, made.Plan)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func showPlan(ctx context.Context, d Deps, r *Call, p *social.Plan) (*entity.ScheduledStatus, error) {
	media, err := store.MediaOfPlans(ctx, r.Scope, []social.PlanID{p.ID})
	if err != nil {
		return nil, err
	}
	return d.Render.ScheduledStatus(r.Tenant, p, media[p.ID]), nil
}

func mayPost(c echo.Context) bool { return access.Allow(httpx.Viewer(c).Role, access.Post) == nil }

// visiblePlan is the plan of the path, as far as the viewer may see it.
func visiblePlan(ctx context.Context, c echo.Context, r *Call) (*social.Plan, error) {
	id, err := httpx.PathID[social.PlanID](c, "id")
	if err != nil {
		return nil, err
	}
	p, err := store.PlanByID(ctx, r.Scope, id)
	if err != nil {
		return nil, err
	}
	if p.AccountID != r.Viewer || !plan.CanSee(p, mayPost(c), httpx.Viewer(c).Person) {
		return nil, httpx.ErrNotFound
	}
	return p, nil
}

const (
	usualScheduled = 20
	mostScheduled  = 40
)

func (h *ScheduledStatuses) list(c echo.Context) error {
	page, err := httpx.PageOf(c, usualScheduled, mostScheduled)
	if err != nil {
		return err
	}
	out := entity.Array[entity.ScheduledStatus]{}
	var list []*social.Plan
	err = h.Do(c, func(ctx context.Context, r *Call) (err error) {
		if list, err = listed(ctx, c, r, page); err != nil {
			return err
		}
		ids := make([]social.PlanID, len(list))
		for i, p := range list {
			ids[i] = p.ID
		}
		media, err := store.MediaOfPlans(ctx, r.Scope, ids)
		for _, p := range list {
			out = append(out, *h.Render.ScheduledStatus(r.Tenant, p, media[p.ID]))
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(list) > 0 {
		httpx.SetLink(c, int64(list[0].ID), int64(list[len(list)-1].ID), len(list) == page.Limit)
	}
	return c.JSON(http.StatusOK, out)
}

// listed is a page of what waits for its time; who may only draft also finds there what of
// their own waits for approval, as apps know no other place for it.
func listed(ctx context.Context, c echo.Context, r *Call, page httpx.Page) ([]*social.Plan, error) {
	filter := store.PlanFilter{Accounts: []social.AccountID{r.Viewer}, State: social.PlanScheduled}
	list, err := store.PlansOf(ctx, r.Scope, filter, storePage(page))
	if err != nil || mayPost(c) {
		return list, err
	}
	filter.State, filter.AuthorID = social.PlanWaiting, httpx.Viewer(c).Person
	own, err := store.PlansOf(ctx, r.Scope, filter, storePage(page))
	list = append(list, own...)
	slices.SortFunc(list, func(a, b *social.Plan) int { return int(min(max(b.ID-a.ID, -1), 1)) })
	if n := len(list) - page.Limit; n > 0 && page.Upwards() {
		list = list[n:]
	} else if n > 0 {
		list = list[:page.Limit]
	}
	return list, err
}

func (h *ScheduledStatuses) show(c echo.Context) error {
	var out *entity.ScheduledStatus
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		p, err := visiblePlan(ctx, c, r)
		if err != nil {
			return err
		}
		out, err = showPlan(ctx, h.Deps, r, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// planChange is what an app may say about a plan. Mastodon knows the time alone; with the
// rest an author mends what waits for approval without sending it anew.
type planChange struct {
	ScheduledAt *string            `json:"scheduled_at"`
	Status      *string            `json:"status"`
	SpoilerText *string            `json:"spoiler_text"`
	Visibility  *social.Visibility `json:"visibility"`
	Sensitive   *bool              `json:"sensitive"`
	Language    *string            `json:"language"`
	MediaIDs    *[]social.MediaID  `json:"media_ids"`
}

// words are those of the plan, but for what is changed.
func (in planChange) words(p *social.Plan, media []*social.Media) (plan.Words, error) {
	w := plan.Words{
		Text: or(in.Status, p.Text), SpoilerText: or(in.SpoilerText, p.SpoilerText), Visibility: or(in.Visibility, p.Visibility),
		Sensitive: or(in.Sensitive, p.Sensitive), Language: or(in.Language, p.Language), InReplyToID: p.InReplyToID,
		ScheduledAt: p.ScheduledAt, Zone: p.Zone,
	}
	for _, m := range media {
		w.MediaIDs = append(w.MediaIDs, m.ID)
	}
	w.MediaIDs = or(in.MediaIDs, w.MediaIDs)
	if !languagePattern.MatchString(w.Language) {
		w.Language = p.Language
	}
	if in.ScheduledAt == nil {
		return w, nil
	}
	var err error
	w.ScheduledAt, err = timeOf(*in.ScheduledAt)
	return w, err
}

func or[T any](given *T, usual T) T {
	if given == nil {
		return usual
	}
	return *given
}

func (h *ScheduledStatuses) change(c echo.Context) error {
	var in planChange
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var out *entity.ScheduledStatus
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		p, err := visiblePlan(ctx, c, r)
		if err != nil {
			return err
		}
		media, err := store.MediaOfPlans(ctx, r.Scope, []social.PlanID{p.ID})
		if err != nil {
			return err
		}
		words, err := in.words(p, media[p.ID])
		if err != nil {
			return err
		}
		made, err := h.plans.Change(ctx, r.Scope, r.Tenant, actor(c), p.ID, words, plan.Save, p.UpdatedAt)
		if err != nil {
			return err
		}
		out, err = showPlan(ctx, h.Deps, r, made.Plan)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (h *ScheduledStatuses) remove(c echo.Context) error {
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		p, err := visiblePlan(ctx, c, r)
		if err != nil {
			return err
		}
		return h.plans.Remove(ctx, r.Scope, r.Tenant, actor(c), p.ID)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}
