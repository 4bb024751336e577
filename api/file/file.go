// Package file serves uploaded files on the media host.
//
// That host has no session, no API and no pages: whatever users upload is alone on
// its origin (SECURITY.md rule 17). Names are random, types come from what our own
// encoder wrote, and the answers are inert. Only cmd mounts it. It must not decide
// who may see a file: whoever knows the name may, as everywhere on the fediverse.
package file

import (
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/imaging"
	"rookery/internal/pg"
	"rookery/internal/social/media"
	"rookery/internal/store"
	"rookery/tenant"
)

// Handler serves files.
type Handler struct {
	db     *pg.DB
	served func(of tenant.ID, bytes int64)
}

// New returns an http.Handler for the media host. Served hears what went out of each
// tenant's files; nil: nobody counts.
func New(db *pg.DB, onError echo.HTTPErrorHandler, served func(of tenant.ID, bytes int64)) http.Handler {
	h := &Handler{db: db, served: served}
	e := echo.New()
	e.HTTPErrorHandler = onError
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/:tenant/:key/:name", h.serve)
		e.Add(method, "/missing/:name", h.missing)
	}
	return e
}

var errNoFile = fault.New(fault.NotFound, "There is no such file.")

func (h *Handler) serve(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("tenant"), 10, 64)
	rendition, ok := media.SplitName(c.Param("name"))
	if err != nil || id <= 0 || !ok || len(c.Param("key")) > 64 {
		return errNoFile
	}
	f, err := store.FileByKey(c.Request().Context(), h.db, tenant.ID(id), c.Param("key"), rendition)
	if err != nil {
		return err
	}
	err = write(c, f.MIME, hex.EncodeToString(f.SHA256), f.Bytes)
	if h.served != nil {
		h.served(tenant.ID(id), c.Response().Size)
	}
	return err
}

func (h *Handler) missing(c echo.Context) error {
	var r imaging.Rendition
	switch c.Param("name") {
	case "avatar.png":
		r = imaging.MissingAvatar()
	case "header.png":
		r = imaging.MissingHeader()
	default:
		return errNoFile
	}
	return write(c, r.MIME, hex.EncodeToString(r.Sha256[:]), r.Bytes)
}

// write answers with bytes that never change under their name.
func write(c echo.Context, mime, hash string, body []byte) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+hash[:32]+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*") // web apps read images into canvases
	if c.Request().Header.Get("If-None-Match") == h.Get("ETag") {
		return c.NoContent(http.StatusNotModified)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if c.Request().Method == http.MethodHead {
		h.Set("Content-Type", mime)
		return c.NoContent(http.StatusOK)
	}
	return c.Blob(http.StatusOK, mime, body)
}
