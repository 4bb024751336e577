package streaming

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/stream"
	"rookery/tenant"
)

const (
	// maxCommand is far more than any message that an app has reason to send.
	maxCommand   = 8 << 10
	writeTimeout = 10 * time.Second
)

// socket serves one WebSocket, on which an app can hear many streams.
func (s *Server) socket(c echo.Context) error {
	r := c.Request()
	if !strings.EqualFold(r.Header.Get(echo.HeaderUpgrade), "websocket") {
		return errNoSocket
	}
	conn, err := s.hub.join(tenant.FromContext(r.Context()), httpx.Viewer(c))
	if err != nil {
		return err
	}
	defer s.hub.leave(conn)
	ws, err := websocket.Accept(c.Response(), r, &websocket.AcceptOptions{
		// A browser hands its token over as the protocol, and closes unless it is selected.
		Subprotocols: offered(r.Header.Values("Sec-WebSocket-Protocol")),
		// Apps run on sites of their own; the token, not a cookie, lets them in.
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil //nolint:nilerr // Accept has answered
	}
	ws.SetReadLimit(maxCommand)
	session := &session{Server: s, conn: conn, ws: ws}
	if name := c.QueryParam("stream"); name != "" {
		session.obey(r.Context(), command{Type: "subscribe", Stream: name, Tag: c.QueryParam("tag")})
	}
	session.run(r.Context())
	return nil
}

func offered(headers []string) []string {
	var out []string
	for _, header := range headers {
		for name := range strings.SplitSeq(header, ",") {
			out = append(out, strings.TrimSpace(name))
		}
	}
	return out
}

// session is one open WebSocket.
type session struct {
	*Server
	conn *conn
	ws   *websocket.Conn
}

// run reads commands here and writes events beside, until either ends.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(ctx)
	}()
	s.read(ctx)
	s.conn.end(stream.ErrClosed)
	<-written
	cancel()
}

// command is what an app sends.
type command struct {
	Type   string `json:"type"`
	Stream string `json:"stream"`
	Tag    string `json:"tag"`
}

func (s *session) read(ctx context.Context) {
	for {
		kind, data, err := s.ws.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			s.conn.end(errBinary)
			return
		}
		var in command
		if err := json.Unmarshal(data, &in); err != nil {
			s.complain(ctx, errMessage)
			continue
		}
		s.obey(ctx, in)
	}
}

// obey does what an app asks; what cannot be done is told and changes nothing.
func (s *session) obey(ctx context.Context, in command) {
	ch, err := newChannel(s.conn.viewer, in.Stream, in.Tag)
	switch {
	case err != nil:
	case in.Type == "subscribe":
		err = s.conn.room.subscribe(s.conn, ch)
	case in.Type == "unsubscribe":
		s.conn.room.unsubscribe(s.conn, ch)
	default:
		err = errMessage
	}
	if err != nil {
		s.complain(ctx, err)
	}
}

// statuses are what mistakes in commands would be in HTTP.
var statuses = map[fault.Code]int{
	fault.Malformed: http.StatusBadRequest, fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.TooMany: http.StatusTooManyRequests,
}

// complain tells the app about a mistake of its own.
func (s *session) complain(ctx context.Context, err error) {
	answer := struct {
		Error  string `json:"error"`
		Status int    `json:"status"`
	}{fault.TextOf(err), statuses[fault.CodeOf(err)]}
	text, err := json.Marshal(answer)
	if err != nil {
		return
	}
	s.put(ctx, text)
}

func (s *session) put(ctx context.Context, text []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return s.ws.Write(ctx, websocket.MessageText, text) == nil
}

// write sends events and, in silence, pings, and closes at the end. Closing also
// ends the reading.
func (s *session) write(ctx context.Context) {
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	for {
		select {
		case d := <-s.conn.queue:
			if !s.put(ctx, d.frame()) {
				_ = s.ws.CloseNow()
				return
			}
		case <-beat.C:
			if !s.ping(ctx) {
				_ = s.ws.CloseNow()
				return
			}
		case <-s.conn.closed:
			_ = s.ws.Close(closeCode(s.conn.why), "")
			return
		}
	}
}

func (s *session) ping(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return s.ws.Ping(ctx) == nil
}

// frame is an event as apps read it: the payload is JSON inside a JSON string.
func (d delivery) frame() []byte {
	label, _ := json.Marshal(d.label) // strings always have a form
	out := make([]byte, 0, len(label)+len(d.quoted)+len(d.event)+40)
	out = append(append(out, `{"stream":`...), label...)
	out = append(append(out, `,"event":"`...), d.event...)
	out = append(append(out, `","payload":`...), d.quoted...)
	return append(out, '}')
}

var errBinary = fault.New(fault.Malformed, "Binary messages are not understood.")

// closeCode says why in RFC 6455's numbers (section 7.4.1, and the registry's 1012
// and 1013), after which apps connect again or ask the person to sign in.
func closeCode(why error) websocket.StatusCode {
	switch {
	case errors.Is(why, errBinary):
		return websocket.StatusUnsupportedData
	case errors.Is(why, errRevoked):
		return websocket.StatusPolicyViolation
	case errors.Is(why, errClosing):
		return websocket.StatusGoingAway
	case errors.Is(why, stream.ErrSlow):
		return websocket.StatusTryAgainLater
	case errors.Is(why, stream.ErrLost):
		return websocket.StatusServiceRestart
	}
	return websocket.StatusNormalClosure
}
