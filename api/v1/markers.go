package v1

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Markers serves how far the viewer has read.
type Markers struct{ Deps }

// NewMarkers returns the handlers.
func NewMarkers(d Deps) *Markers { return &Markers{d} }

// Routes is the table.
func (h *Markers) Routes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: "/api/v1/markers", Auth: httpx.User, Scopes: []string{"read:statuses"},
			Act: access.Read, Handler: h.show,
		},
		{
			Method: http.MethodPost, Path: "/api/v1/markers", Auth: httpx.User, Scopes: []string{"write:statuses"},
			Act: access.Draft, WorksUntil: tenant.Restricted, Handler: h.move,
		},
	}
}

// markerNames are the timelines that have a marker.
var markerNames = []string{"home", "notifications"}

func (h *Markers) show(c echo.Context) error {
	var in struct {
		Timelines []string `json:"timeline"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var found []*store.Marker
	err := h.Do(c, func(ctx context.Context, r *Call) (err error) {
		known := slices.DeleteFunc(in.Timelines, func(name string) bool { return !slices.Contains(markerNames, name) })
		found, err = store.Markers(ctx, r.Scope, r.Viewer, known)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, markers(found))
}

type markersInput struct {
	Home          *markerInput `json:"home"`
	Notifications *markerInput `json:"notifications"`
}

// markerInput moves a marker. Apps that send the version they saw are told when
// another device was faster.
type markerInput struct {
	LastReadID string `json:"last_read_id"`
	Version    int    `json:"version"`
}

// Validate implements httpx.Validator.
func (in *markersInput) Validate() error {
	for _, m := range []*markerInput{in.Home, in.Notifications} {
		if m == nil {
			continue
		}
		if _, ok := ids.Parse(m.LastReadID); !ok || m.Version < 0 {
			return fault.New(fault.Invalid, "Validation failed: last_read_id must be an id")
		}
	}
	return nil
}

var errStale = fault.New(fault.Conflict, "Conflict during update, please try again")

func (h *Markers) move(c echo.Context) error {
	var in markersInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var out entity.Object[entity.Marker]
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		var moved []*store.Marker
		// In this order, so that two devices at once do not wait for one another.
		for i, m := range []*markerInput{in.Home, in.Notifications} {
			if m == nil {
				continue
			}
			id, _ := ids.Parse(m.LastReadID) // Validate has seen it
			marker, err := store.SetMarker(ctx, r.Scope, r.Viewer, markerNames[i], id, m.Version)
			if fault.IsNotFound(err) {
				return errStale
			}
			if err != nil {
				return err
			}
			moved = append(moved, marker)
		}
		out = markers(moved)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func markers(list []*store.Marker) entity.Object[entity.Marker] {
	out := make(entity.Object[entity.Marker], len(list))
	for _, m := range list {
		out[m.Timeline] = entity.Marker{LastReadID: entity.ID(m.LastReadID), Version: m.Version, UpdatedAt: entity.Time(m.UpdatedAt)}
	}
	return out
}
