package safehttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
)

// maxLocalBytes bounds what a handler of this process may answer; the request's own limit is applied after.
const maxLocalBytes = 64 << 20

// router sends requests for hosts of this platform to this process's own
// handler, and all others to the network.
type router struct {
	local   func(host string) http.Handler
	network *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (r *router) RoundTrip(req *http.Request) (*http.Response, error) {
	if handler := r.handler(req); handler != nil {
		return serveLocal(handler, req)
	}
	return r.network.RoundTrip(req)
}

func (r *router) handler(req *http.Request) http.Handler {
	if r.local == nil {
		return nil
	}
	return r.local(hostKey(req.URL))
}

// serveLocal gives the handler the request as its server would have: origin
// form, TLS with the right server name, an address to log. The handler runs by
// itself, so that the deadline holds though it may not look at its context.
func serveLocal(handler http.Handler, req *http.Request) (*http.Response, error) {
	recorder := &recorder{header: http.Header{}}
	done := make(chan error, 1)
	inbound := asReceived(req)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("local handler: panic: %v\n%s", p, debug.Stack())
			}
		}()
		handler.ServeHTTP(recorder, inbound)
		done <- nil
	}()
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return recorder.response(req), nil
	}
}

// asReceived is the server's view of an outgoing request. The context keeps its
// deadline but none of the caller's values, for no value would cross a network.
func asReceived(req *http.Request) *http.Request {
	in := req.Clone(bare{req.Context()})
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.Host
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	in.Header.Del("Host")
	if req.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: req.URL.Hostname()}
	}
	in.URL.Scheme, in.URL.Host = "", ""
	in.RemoteAddr = "127.0.0.1:0"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// bare is a context without values.
type bare struct{ context.Context }

// Value implements context.Context.
func (bare) Value(any) any { return nil }

// recorder is a bounded http.ResponseWriter in memory.
type recorder struct {
	header http.Header
	sent   http.Header // as of WriteHeader; later changes do not count
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status != 0 || status < 200 {
		return
	}
	r.status, r.sent = status, r.header.Clone()
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.body.Len()+len(p) > maxLocalBytes {
		return 0, ErrTooLarge
	}
	return r.body.Write(p)
}

func (r *recorder) response(req *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(r.status), StatusCode: r.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.sent, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()), Request: req,
	}
}
