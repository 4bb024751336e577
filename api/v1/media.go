package v1

import (
	"context"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Media takes files in and describes them until they are posted.
type Media struct{ Deps }

// NewMedia returns the handlers.
func NewMedia(d Deps) *Media { return &Media{d} }

// Routes is the table.
func (h *Media) Routes() []httpx.Route {
	route := func(method string, act access.Action, limit string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{
			Method: method, Path: "/api/v1/media/:id", Auth: httpx.User, Scopes: []string{"write:media"}, Act: act,
			Limit: limit, Handler: handler,
		}
	}
	remove := route(http.MethodDelete, access.Draft, "delete", h.remove)
	remove.WorksUntil = tenant.Restricted
	return []httpx.Route{
		h.UploadRoute("/api/v1/media"),
		route(http.MethodGet, access.Read, "", h.show),
		route("PUT|PATCH", access.Draft, "", h.describe),
		remove,
	}
}

// imageLimit is the largest image (16 MB, as the instance document says), and
// something for the rest of the form.
const imageLimit = 16<<20 + 64<<10

// UploadRoute is the route for uploads under a path: versions 1 and 2 differ for
// films alone, which are taken by neither.
func (h *Media) UploadRoute(path string) httpx.Route {
	return httpx.Route{
		Method: http.MethodPost, Path: path, Auth: httpx.User, Scopes: []string{"write:media"}, Act: access.Draft,
		Limit: "media", BodyLimit: imageLimit, Handler: h.upload,
	}
}

type uploadInput struct {
	File        *multipart.FileHeader `json:"file"`
	Description string                `json:"description"`
	Focus       focusInput            `json:"focus"`
}

// focusInput is "x,y".
type focusInput string

var errFocus = fault.New(fault.Invalid, "Validation failed: Focus must be two numbers between -1 and 1")

func (in focusInput) point() (point [2]float64, err error) {
	if in == "" {
		return point, nil
	}
	x, y, _ := strings.Cut(string(in), ",")
	for i, text := range []string{x, y} {
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return point, errFocus
		}
		point[i] = n
	}
	return point, nil
}

func (h *Media) upload(c echo.Context) error {
	var in uploadInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	if in.File == nil {
		return fault.New(fault.Invalid, "Validation failed: File can't be blank")
	}
	focus, err := in.Focus.point()
	if err != nil {
		return err
	}
	data, err := readFile(in.File)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	m, err := h.Media.Add(ctx, home, ViewerID(c), media.Upload{
		Bytes: data, Description: in.Description, FocusX: focus[0], FocusY: focus[1],
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.Render.Media(home, m))
}

// own finds a file of the viewer's that no post has yet: what is posted belongs
// to the post and changes with it.
func (h *Media) own(ctx context.Context, r *Call, id social.MediaID) (*social.Media, error) {
	m, err := store.MediaByID(ctx, r.Scope, r.Viewer, id)
	if err != nil {
		return nil, err
	}
	if m.StatusID != 0 {
		return nil, httpx.ErrNotFound
	}
	return m, nil
}

func (h *Media) show(c echo.Context) error {
	return h.send(c, h.own)
}

type describeInput struct {
	Description *string     `json:"description"`
	Focus       *focusInput `json:"focus"`
}

func (h *Media) describe(c echo.Context) error {
	var in describeInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var focus *[2]float64
	if in.Focus != nil && *in.Focus != "" {
		point, err := in.Focus.point()
		if err != nil {
			return err
		}
		focus = &point
	}
	return h.send(c, func(ctx context.Context, r *Call, id social.MediaID) (*social.Media, error) {
		if _, err := h.own(ctx, r, id); err != nil {
			return nil, err
		}
		if err := plan.Redescribe(ctx, r.Scope, r.Tenant, actor(c), id); err != nil {
			return nil, err
		}
		return h.Media.Describe(ctx, r.Scope, r.Viewer, id, in.Description, focus)
	})
}

func (h *Media) send(c echo.Context, find func(context.Context, *Call, social.MediaID) (*social.Media, error)) error {
	id, err := httpx.PathID[social.MediaID](c, "id")
	if err != nil {
		return err
	}
	var out *entity.MediaAttachment
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		m, err := find(ctx, r, id)
		if err != nil {
			return err
		}
		out = h.Render.Media(r.Tenant, m)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

var errInUse = fault.New(fault.Invalid, "Media attachment is currently used by a status")

func (h *Media) remove(c echo.Context) error {
	id, err := httpx.PathID[social.MediaID](c, "id")
	if err != nil {
		return err
	}
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		m, err := store.MediaByID(ctx, r.Scope, r.Viewer, id)
		if err != nil {
			return err
		}
		if m.StatusID != 0 {
			return errInUse
		}
		err = store.DeleteUnattachedMedia(ctx, r.Scope, r.Viewer, id)
		if fault.IsNotFound(err) {
			return errInUse // by a plan
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}
