package httpx

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
)

// mostUnread is how much is read and thrown away of a body that was refused.
const mostUnread = 64 << 20

// linger has a refusal heard by senders that listen only once they have sent everything, as
// many apps do and Apache as a proxy. net/http reads a little of what is left of a body and
// then cuts the connection, which such a sender takes for a failure of ours (RFC 9112
// section 9.6). The server's ReadTimeout bounds how long that may take.
func linger(c echo.Context, body io.Reader) {
	if c.Request().Header.Get("Expect") != "" {
		return // it waits for our word before it sends
	}
	response := c.Response()
	response.Before(func() {
		if response.Status >= http.StatusBadRequest {
			_, _ = io.CopyN(io.Discard, body, mostUnread)
		}
	})
}
