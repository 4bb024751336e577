package staff

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant/access"
)

const (
	queuesPath = "/queues"
	queuesAPI  = Base + queuesPath + "/api/"
	// changeFor is how long a second factor counts on an open page of the queues: it asks and
	// acts by script, and cannot be led away.
	changeFor = time.Hour
	keptBody  = 300 // of what was asked for, in the log: ids
)

// queuesPolicy is for the queues' own pages: their script draws everything and asks for it
// below their path. The icons and styles stand in their bundle. framePolicy is for the page of
// ours that they stand in.
const (
	queuesPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	framePolicy = assets.Policy + "; frame-src 'self'"
)

var errOldFactor = fault.New(fault.Forbidden, "You showed your second factor more than an hour ago. Reload the page to go on.")

func (h *Handlers) registerQueues(e *echo.Echo) {
	if h.Queues == nil {
		return
	}
	answer := h.frame.Pages(h.at(QueuesPlace, access.WorkQueues, h.queues))
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		e.Add(method, Base+queuesPath, answer)
		e.Add(method, Base+queuesPath+"/*", answer)
	}
}

// QueuesView is our page around the queues' own: whoever looks at them keeps the navigation.
type QueuesView struct {
	Shell Shell
	URL   string // of what stands in the frame
}

// RenderQueues writes it.
func RenderQueues(w io.Writer, v QueuesView) error {
	return render(w, "Queues", "", "staff-queues", v)
}

// isPolling reports whether a page that is open asks by itself: nobody visits by that.
func isPolling(c echo.Context) bool {
	return c.Request().Method == http.MethodGet && strings.HasPrefix(c.Request().URL.Path, queuesAPI)
}

// queues answers with our page, or hands a request on to the queues' own pages in it.
func (h *Handlers) queues(c echo.Context, v *visitor) error {
	r := c.Request()
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	dest := r.Header.Get("Sec-Fetch-Dest") // "": an old browser, whose frames cannot be told from its windows
	switch {
	case isRead && strings.HasPrefix(r.URL.Path, queuesAPI), isRead && (dest == "script" || dest == "style"):
	case isRead && !h.isFresh(v, freshFor):
		return c.Redirect(http.StatusSeeOther, proveFor(r.URL.RequestURI()))
	case isRead && (r.URL.Path == Base+queuesPath || dest == "document"):
		return h.showQueues(c, v)
	case !isRead:
		if err := h.changeQueues(c, v); err != nil {
			return err
		}
	}
	web.Secure(c, queuesPolicy)
	c.Response().Header().Set(echo.HeaderXFrameOptions, "SAMEORIGIN")
	h.Queues.ServeHTTP(c.Response(), r)
	return nil
}

// showQueues is our page, with the page of the queues that its address names in a frame.
func (h *Handlers) showQueues(c echo.Context, v *visitor) error {
	if err := h.look(c, v); err != nil {
		return err
	}
	at := c.Request().URL.RequestURI()
	if c.Request().URL.Path == Base+queuesPath {
		at = Base + queuesPath + "/"
	}
	web.Secure(c, framePolicy)
	return web.HTML(c, http.StatusOK, writer(RenderQueues, QueuesView{Shell: h.shell(v), URL: at}))
}

// changeQueues lets only this host's own pages change anything, and writes down who did.
func (h *Handlers) changeQueues(c echo.Context, v *visitor) error {
	if !web.FromHere(c) {
		return fault.New(fault.Forbidden, "This form was sent from another site. Open the page here and send it again.")
	}
	if !h.isFresh(v, changeFor) {
		return errOldFactor
	}
	r := c.Request()
	body, err := io.ReadAll(r.Body) // bounded by the frame
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return h.read(c, "write down a change of the queues", func(ctx context.Context, tx *pg.PlatformTx) error {
		return audit.AppendFor(ctx, tx, audit.Platform, audit.Entry{
			Actor: v.actor(c), Action: "staff.queues", Target: "queues:" + r.Method + " " + strings.TrimPrefix(r.URL.Path, queuesAPI),
			Detail: map[string]string{"asked": strings.ToValidUTF8(strings.ReplaceAll(string(body[:min(len(body), keptBody)]), "\x00", ""), "")},
		})
	})
}
