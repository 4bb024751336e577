package httpx

import (
	"io"
	"net/http"
	"time"
)

const (
	// largeBody is from where on a body may take longer than other requests.
	largeBody = 1 << 20
	// uploadTimeout is how long a large body may take, however slow the line.
	uploadTimeout = 10 * time.Minute
	// pause is how long a sender may send nothing of it.
	pause = 30 * time.Second
)

// steady is a large body that may take longer than the server's ReadTimeout, as long as
// some of it comes: a picture over the line of a train is slow, and no attack.
type steady struct {
	io.ReadCloser
	control *http.ResponseController
	until   time.Time
}

// Read implements io.Reader.
func (b *steady) Read(p []byte) (int, error) {
	at := time.Now().Add(pause)
	if at.After(b.until) {
		at = b.until
	}
	// Requests of this process to itself have no line that could be slow.
	_ = b.control.SetReadDeadline(at)
	return b.ReadCloser.Read(p)
}
