package console

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/upkeep"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/export"
)

// recordings is how often parts of an archive that one person reads are recorded.
var recordings = limit.Rule{Name: "export_part", Max: 1, Per: time.Hour}

// archivesListed is how many archives the page shows.
const archivesListed = 10

var errDays = fault.New(fault.Invalid, "Days are a whole number, such as 30.")

// registerData puts what is kept for how long, and taking it along on the console.
func (h *Handlers) registerData(show, post func(string, echo.HandlerFunc), long func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Data
			if err := v.may(access.ManageData); err != nil {
				return err
			}
			return next(c, v)
		}))
	}
	show("/tenants/:id/data", in(h.data))
	show("/tenants/:id/data/clocks/:class", in(h.dataClock))
	post("/tenants/:id/data/clocks/:class", in(h.setDataClock))
	post("/tenants/:id/data/exports", in(h.beginArchive))
	long("/tenants/:id/data/exports/:export", in(h.downloadArchive))
	post("/tenants/:id/data/exports/:export/remove", in(h.removeArchive))
}

func (h *Handlers) dataURL(t *tenant.Tenant) string { return h.roomURL(t) + "/data" }

func (h *Handlers) keeping() upkeep.Keeping {
	return upkeep.Keeping{DB: h.DB, Clocks: h.Clocks, Now: time.Now}
}

// data is GET /tenants/:id/data.
func (h *Handlers) data(c echo.Context, v *visitor) error {
	return h.showData(c, v, http.StatusOK, "")
}

func (h *Handlers) showData(c echo.Context, v *visitor, status int, problem string) error {
	view := DataView{
		Shell: h.shell(v), Token: access.CSRF(v.session), IsOpen: v.mayChange(access.ManageData) == nil, SelfURL: h.dataURL(v.tenant),
		Action: h.dataURL(v.tenant) + "/exports", Kept: int(export.KeptFor / (24 * time.Hour)), Error: problem,
	}
	kept, err := h.keeping().Of(c.Request().Context(), v.tenant.ID)
	if err != nil {
		return err
	}
	for _, k := range kept {
		words := dataWords[k.Class]
		class := DataClass{
			Title: words.title, What: words.what, Rows: int(k.Amount.Rows), Size: assets.Size(k.Amount.Bytes), IsAbout: k.Amount.IsAbout,
			Days: k.Days, IsOwn: k.IsOwn, LastDone: k.LastDone, URL: h.dataURL(v.tenant) + "/clocks/" + string(k.Class),
		}
		if k.Amount.IsAbout {
			class.Rows = roundly(k.Amount.Rows)
		}
		view.Classes = append(view.Classes, class)
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		list, err := store.Exports(ctx, scope, archivesListed)
		for _, e := range list {
			a := h.archiveView(v, e)
			if a.IsRunning {
				view.Action = ""
			}
			view.Archives = append(view.Archives, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, status, writer(RenderData, view))
}

func (h *Handlers) archiveView(v *visitor, e *store.Export) Archive {
	here := h.dataURL(v.tenant) + "/exports/" + ids.Format(e.ID)
	a := Archive{
		IsRunning: e.State == store.ExportRunning, By: e.PersonName, AskedAt: e.AskedAt,
		Done: int(e.Done), Total: int(e.Total), Files: int(e.Files), Size: assets.Size(e.Size),
	}
	state := e.State
	if state == store.ExportReady && (e.ExpiresAt == nil || !time.Now().Before(*e.ExpiresAt)) {
		state = store.ExportExpired
	}
	a.State = archiveWords[state]
	if a.IsReady = state == store.ExportReady; a.IsReady {
		a.Until, a.SHA256, a.URL = *e.ExpiresAt, hex.EncodeToString(e.SHA256), here
	}
	if a.IsReady || a.IsRunning {
		a.Remove = here + "/remove"
	}
	return a
}

// dataClock is GET /tenants/:id/data/clocks/:class: the question, and with days what they mean.
func (h *Handlers) dataClock(c echo.Context, v *visitor) error {
	return h.askClock(c, v, c.QueryParam("days"), http.StatusOK, "")
}

func (h *Handlers) askClock(c echo.Context, v *visitor, typed string, status int, problem string) error {
	name := upkeep.Class(c.Param("class"))
	words, ok := dataWords[name]
	if !ok {
		return web.ErrNotFound
	}
	if err := v.mayChange(access.ManageData); err != nil {
		return err
	}
	limits, err := h.keeping().LimitsOf(c.Request().Context(), v.tenant.ID, name)
	if err != nil {
		return err
	}
	view := DataClockView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: c.Request().URL.Path, CancelURL: h.dataURL(v.tenant), Title: words.title, What: words.what,
		Days: typed, Now: limits.Now, Least: limits.Least, Most: limits.Most, Platform: limits.Platform, Error: problem,
	}
	if typed == "" || problem != "" {
		if typed == "" && limits.Now > 0 {
			view.Days = strconv.Itoa(limits.Now)
		}
		return web.HTML(c, status, writer(RenderDataClock, view))
	}
	days, err := daysIn(typed)
	var goes store.Amount
	if err == nil {
		goes, err = h.keeping().Preview(c.Request().Context(), v.tenant.ID, name, days)
	}
	if fault.CodeOf(err) == fault.Invalid {
		view.Error = fault.TextOf(err)
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderDataClock, view))
	}
	if err != nil {
		return err
	}
	view.IsAsked, view.Chosen, view.Goes, view.IsAbout, view.Words = true, days, int(goes.Rows), goes.IsAbout, words.many
	if goes.IsAbout {
		view.Goes = roundly(goes.Rows)
	}
	if view.Goes == 1 {
		view.Words = words.one
	}
	return web.HTML(c, status, writer(RenderDataClock, view))
}

func daysIn(text string) (int, error) {
	days, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, errDays
	}
	return days, nil
}

// setDataClock is POST /tenants/:id/data/clocks/:class.
func (h *Handlers) setDataClock(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManageData); err != nil {
		return err
	}
	name := upkeep.Class(c.Param("class"))
	if _, ok := dataWords[name]; !ok {
		return web.ErrNotFound
	}
	days, err := daysIn(in.Get("days"))
	if err == nil {
		err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
			return h.keeping().Set(ctx, scope, v.actor(c), name, days)
		})
	}
	if fault.CodeOf(err) == fault.Invalid {
		typed := in.Get("days")
		if typed == "" {
			typed = " "
		}
		return h.askClock(c, v, typed, http.StatusUnprocessableEntity, fault.TextOf(err))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.dataURL(v.tenant))
}

// beginArchive is POST /tenants/:id/data/exports. Whoever is suspended or leaves may take
// everything along.
func (h *Handlers) beginArchive(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		_, err := h.exports().Begin(ctx, scope, v.actor(c))
		return err
	})
	switch fault.CodeOf(err) {
	case fault.Conflict:
		return h.showData(c, v, http.StatusConflict, fault.TextOf(err))
	case fault.TooMany:
		return h.showData(c, v, http.StatusTooManyRequests, fault.TextOf(err))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.dataURL(v.tenant))
}

func (h *Handlers) exports() *export.Service {
	return &export.Service{DB: h.DB, Tenants: h.Tenants, Log: h.Log}
}

// removeArchive is POST /tenants/:id/data/exports/:export/remove: it stops one that is being
// written, and removes one that is ready.
func (h *Handlers) removeArchive(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	id, ok := ids.Parse(c.Param("export"))
	if !ok {
		return web.ErrNotFound
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error { return h.exports().Stop(ctx, scope, v.actor(c), id) })
	if fault.CodeOf(err) == fault.Conflict {
		return h.showData(c, v, http.StatusConflict, fault.TextOf(err))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.dataURL(v.tenant))
}

// downloadArchive is GET /tenants/:id/data/exports/:export, whole or in ranges (RFC 9110
// section 14). That somebody begins to is recorded.
func (h *Handlers) downloadArchive(c echo.Context, v *visitor) error {
	id, ok := ids.Parse(c.Param("export"))
	if !ok {
		return web.ErrNotFound
	}
	body, e, err := h.exports().Open(c.Request().Context(), v.tenant.ID, id)
	if err != nil {
		return err
	}
	asked := c.Request().Header.Get("Range")
	// A range that begins later goes on with a download; it may be one that never began.
	begins := asked == "" || strings.HasPrefix(asked, "bytes=0-")
	if c.Request().Method == http.MethodGet && (begins || h.Limiter.Take(recordings, ids.Format(id)+" "+ids.Format(int64(v.person.ID))).OK) {
		err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
			return audit.Append(ctx, scope, audit.Entry{Actor: v.actor(c), Action: "export.download", Target: "export:" + ids.Format(id)})
		})
		if err != nil {
			return err
		}
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/zip")
	header.Set("ETag", `"`+hex.EncodeToString(e.SHA256)+`"`)
	name := v.tenant.HandleDomain + "-" + e.AskedAt.UTC().Format(auditDay) + ".zip"
	header.Set(echo.HeaderContentDisposition, `attachment; filename="`+strings.NewReplacer(`"`, "", ":", "-").Replace(name)+`"`)
	http.ServeContent(c.Response(), c.Request(), "", *e.FinishedAt, body)
	return nil
}
