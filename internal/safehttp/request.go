package safehttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// GetRequest says what to fetch. Only URL is needed.
type GetRequest struct {
	URL string
	// Accept is sent as it is. Empty: the Types.
	Accept []string
	// Types are the content types a success must have; see ActivityJSON. Empty: any.
	Types []string
	// Sign, if set, is called for every hop with the new request: a signature
	// never goes to a host it was not made for. It must only set headers.
	Sign func(*http.Request) error
	// Check, if set, is asked before every hop, the first too: for blocked
	// domains and for callers that follow redirects within a host only.
	Check func(*url.URL) error
	// Header is added to every hop. Credentials belong into Sign.
	Header http.Header
	// MaxBytes limits the inflated body; 0 is DefaultMaxBytes.
	MaxBytes int64
	// Deadline limits the whole, redirects and waiting included; 0 is DefaultDeadline.
	Deadline time.Duration
	// Into receives the body of a success in place of Response.Body, for media.
	// It may have been written to when an error is returned.
	Into io.Writer
}

// PostRequest says what to send. Answers that redirect are returned, not followed.
type PostRequest struct {
	URL         string
	ContentType string
	Body        []byte
	Header      http.Header
	// Sign, if set, is called once with the finished request. It must only set headers.
	Sign func(*http.Request) error
	// Deadline limits the whole; 0 is DefaultDeadline.
	Deadline time.Duration
	// MaxBytes limits what is kept of the answer; it is cut off, not refused. 0 is 16 KiB.
	MaxBytes int64
}

// Response is an answer, whatever its status. Only successes (2xx) are held to
// the types and sizes asked for; of others a beginning is kept for the log.
type Response struct {
	Status   int
	FinalURL *url.URL // where it came from after redirects
	Header   http.Header
	Body     []byte
}

// OK reports whether the status is 2xx.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Get fetches. An answer with a bad status is no error: look at Response.Status.
// IsPermanent tells of an error whether trying again makes sense.
func (c *Client) Get(ctx context.Context, r GetRequest) (*Response, error) {
	target, err := c.ParseURL(r.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx, r.Deadline)
	defer cancel()
	visited := []string{target.String()}
	for {
		response, next, err := c.hop(ctx, r, target)
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", target.Redacted(), err)
		}
		if next == nil {
			return response, nil
		}
		if len(visited) > maxRedirects || slices.Contains(visited, next.String()) {
			return nil, fmt.Errorf("get %s: redirected to %s: %w", target.Redacted(), next.Redacted(), ErrRedirect)
		}
		visited = append(visited, next.String())
		target = next
	}
}

// hop makes one request. It returns the answer, or where to go next.
func (c *Client) hop(ctx context.Context, r GetRequest, target *url.URL) (*Response, *url.URL, error) {
	if r.Check != nil {
		if err := r.Check(target); err != nil {
			return nil, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, ErrURL
	}
	accept := r.Accept
	if len(accept) == 0 {
		accept = r.Types
	}
	if len(accept) > 0 {
		req.Header.Set("Accept", strings.Join(accept, ", "))
	}
	answer, release, err := c.send(ctx, req, r.Header, r.Sign)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	defer answer.Body.Close()
	if next, err := c.redirect(answer, target); next != nil || err != nil {
		return nil, next, err
	}
	response := &Response{Status: answer.StatusCode, FinalURL: target, Header: answer.Header}
	if !response.OK() {
		response.Body = readBeginning(answer, maxRefusalBytes)
		BudgetFrom(ctx).spendBytes(int64(len(response.Body)))
		return response, nil, nil
	}
	if !matchesType(answer.Header.Get("Content-Type"), r.Types) {
		return nil, nil, fmt.Errorf("content type %.100q: %w", answer.Header.Get("Content-Type"), ErrContentType)
	}
	read, err := readBody(answer, r.MaxBytes, r.Into, &response.Body)
	BudgetFrom(ctx).spendBytes(read)
	return response, nil, err
}

// redirect returns where an answer points, nil if it does not, or why it is not followed.
func (c *Client) redirect(answer *http.Response, from *url.URL) (*url.URL, error) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := answer.Header.Get("Location")
	if location == "" || len(location) > maxURLSize {
		return nil, ErrRedirect
	}
	next, err := from.Parse(location)
	if err != nil {
		return nil, ErrRedirect
	}
	if from.Scheme == "https" && next.Scheme != "https" {
		return nil, fmt.Errorf("to %s: %w", next.Scheme, ErrRedirect)
	}
	if err := c.checkURL(next); err != nil {
		return nil, err
	}
	return next, nil
}

// Post sends. An answer with a bad status is no error: look at Response.Status.
func (c *Client) Post(ctx context.Context, r PostRequest) (*Response, error) {
	target, err := c.ParseURL(r.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx, r.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("post to %s: %w", target.Redacted(), ErrURL)
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	answer, release, err := c.send(ctx, req, r.Header, r.Sign)
	if err != nil {
		return nil, fmt.Errorf("post to %s: %w", target.Redacted(), err)
	}
	defer release()
	defer answer.Body.Close()
	limit := r.MaxBytes
	if limit <= 0 {
		limit = maxRefusalBytes
	}
	response := &Response{Status: answer.StatusCode, FinalURL: target, Header: answer.Header}
	response.Body = readBeginning(answer, limit)
	BudgetFrom(ctx).spendBytes(int64(len(response.Body)))
	return response, nil
}

// send finishes the request, waits for its turn and makes it. The caller
// releases when the body is read. Hosts of this process take no turns: a
// handler that fetches in its turn would wait for itself.
func (c *Client) send(ctx context.Context, req *http.Request, extra http.Header, sign func(*http.Request) error) (*http.Response, func(), error) {
	host := hostKey(req.URL)
	if err := BudgetFrom(ctx).spend(host); err != nil {
		return nil, nil, err
	}
	for name, values := range extra {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept-Encoding", "gzip")
	release := func() {}
	if c.options.Local == nil || c.options.Local(host) == nil {
		turn, err := c.hosts.acquire(ctx, host)
		if err != nil {
			return nil, nil, err
		}
		release = turn
	}
	if sign != nil { // after the wait: signatures carry the time
		if err := sign(req); err != nil {
			release()
			return nil, nil, fmt.Errorf("sign: %w", err)
		}
	}
	answer, err := c.transport.RoundTrip(req)
	if err != nil {
		release()
		return nil, nil, classify(err)
	}
	return answer, release, nil
}

// withDeadline gives the whole of a fetch one deadline.
func withDeadline(ctx context.Context, wanted time.Duration) (context.Context, context.CancelFunc) {
	if wanted <= 0 {
		wanted = DefaultDeadline
	}
	return context.WithDeadline(ctx, BudgetFrom(ctx).deadline(time.Now().Add(min(wanted, maxDeadline))))
}
