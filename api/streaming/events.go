package streaming

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/tenant"
)

// events serves one stream as server-sent events (HTML Living Standard, section 9.2).
func (s *Server) events(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		viewer := httpx.Viewer(c)
		name := name
		if strings.HasPrefix(name, chanPublic) && isTrue(c.QueryParam("only_media")) {
			name += ":media"
		}
		ch, err := newChannel(viewer, name, c.QueryParam("tag"))
		if err != nil {
			return err
		}
		conn, err := s.hub.join(tenant.FromContext(c.Request().Context()), viewer)
		if err != nil {
			return err
		}
		defer s.hub.leave(conn)
		if err := conn.room.subscribe(conn, ch); err != nil {
			return err
		}
		s.writeEvents(c, conn)
		return nil
	}
}

func isTrue(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

// writeEvents writes until the app is gone or the connection is ended.
func (s *Server) writeEvents(c echo.Context, conn *conn) {
	response := c.Response()
	header := response.Header()
	header.Set(echo.HeaderContentType, "text/event-stream")
	header.Set(echo.HeaderCacheControl, "private, no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would gather events otherwise
	response.WriteHeader(http.StatusOK)
	control := http.NewResponseController(response)
	put := func(text []byte) bool {
		// The server's own deadline for writing, if it has one, is for answers that end.
		if control.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
			return false
		}
		if _, err := response.Write(text); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	for alive := put([]byte(":)\n")); alive; {
		select {
		case d := <-conn.queue:
			alive = put(d.lines())
		case <-beat.C:
			alive = put([]byte(":thump\n"))
		case <-conn.closed:
			return
		case <-c.Request().Context().Done():
			return
		}
	}
}

// lines is an event as a browser's EventSource reads it. JSON holds no line break.
func (d delivery) lines() []byte {
	out := make([]byte, 0, len(d.payload)+len(d.event)+20)
	out = append(append(out, "event: "...), d.event...)
	out = append(append(out, "\ndata: "...), d.payload...)
	return append(out, "\n\n"...)
}
