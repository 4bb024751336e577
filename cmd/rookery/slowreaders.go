package main

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

const (
	// readerTime is how long a client may take for a piece of an answer. Whoever reads nothing
	// for as long is cut off: else it would hold a connection and what it asked for without end.
	readerTime = time.Minute
	// piece is as much as a slow line takes in that time with ease: 1 kB/s.
	piece = 64 << 10
)

// cutIdleReaders bounds how long a client may read nothing, and not how long it takes for all of
// an answer, which a server's WriteTimeout would. A handler that sets deadlines of its own, such
// as a stream's, keeps them.
func cutIdleReaders(longest time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := &patient{ResponseWriter: w, control: http.NewResponseController(w), longest: longest}
		next.ServeHTTP(to, r)
		if !to.isHijacked {
			to.extend() // for what is still in the server's buffer
		}
	})
}

// patient is an answer of which each piece has its own time.
type patient struct {
	http.ResponseWriter
	control    *http.ResponseController
	longest    time.Duration
	isOwn      bool // the handler sets deadlines
	isHijacked bool
}

// Write implements io.Writer.
func (p *patient) Write(body []byte) (n int, err error) {
	for {
		if !p.isOwn {
			p.extend()
		}
		part := body[n:min(len(body), n+piece)]
		wrote, err := p.ResponseWriter.Write(part)
		n += wrote
		if err != nil || n == len(body) {
			return n, err
		}
	}
}

// extend fails where the connection has no deadlines; then nothing can be bounded.
func (p *patient) extend() { _ = p.control.SetWriteDeadline(time.Now().Add(p.longest)) }

// FlushError implements what http.ResponseController flushes with.
func (p *patient) FlushError() error {
	if !p.isOwn {
		p.extend()
	}
	return p.control.Flush()
}

// Flush implements http.Flusher.
func (p *patient) Flush() { _ = p.FlushError() }

// SetWriteDeadline implements what http.ResponseController sets one with.
func (p *patient) SetWriteDeadline(at time.Time) error {
	p.isOwn = true
	return p.control.SetWriteDeadline(at)
}

// Hijack implements http.Hijacker; the connection has no deadline then.
func (p *patient) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := p.control.Hijack()
	p.isHijacked = err == nil
	return conn, buffer, err
}

// Unwrap gives http.ResponseController the rest.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
