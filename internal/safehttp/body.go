package safehttp

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// inflated returns the body as it was before compression. What comes over the
// wire is bounded too: a stream of empty gzip members inflates to nothing for ever.
func inflated(answer *http.Response, limit int64) (io.Reader, error) {
	wire := &capped{answer.Body, limit + maxHeaderBytes}
	switch strings.ToLower(strings.TrimSpace(answer.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return wire, nil
	case "gzip", "x-gzip":
		reader, err := gzip.NewReader(wire)
		if err != nil {
			return nil, classify(fmt.Errorf("inflate: %w", err))
		}
		return reader, nil
	}
	return nil, fmt.Errorf("content encoding %.100q: %w", answer.Header.Get("Content-Encoding"), ErrContentType)
}

// capped is io.LimitedReader with an error of its own in place of io.EOF.
type capped struct {
	io.Reader
	left int64
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := c.Reader.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// readBody reads the whole body into w, or if that is nil into kept. It
// returns how much it read even if that was too much.
func readBody(answer *http.Response, limit int64, w io.Writer, kept *[]byte) (int64, error) {
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	if answer.ContentLength > limit {
		return 0, fmt.Errorf("content length %d: %w", answer.ContentLength, ErrTooLarge)
	}
	body, err := inflated(answer, limit)
	if err != nil {
		return 0, err
	}
	var buffer bytes.Buffer
	target := w
	if target == nil {
		target = &buffer
	}
	read, err := io.Copy(target, io.LimitReader(body, limit))
	if err != nil {
		return read, classify(fmt.Errorf("read body: %w", err))
	}
	// Is there more? A wrong gzip checksum shows here too.
	if n, err := io.ReadFull(body, make([]byte, 1)); n > 0 {
		return read + 1, fmt.Errorf("more than %d bytes: %w", limit, ErrTooLarge)
	} else if err != io.EOF {
		return read, classify(fmt.Errorf("read body: %w", err))
	}
	if w == nil {
		*kept = buffer.Bytes()
	}
	return read, nil
}

// readBeginning reads what there is up to limit and forgives all else: the
// status has been decided on already. Reading to the end lets the connection
// be used again.
func readBeginning(answer *http.Response, limit int64) []byte {
	body, err := inflated(answer, limit)
	if err != nil {
		return nil
	}
	beginning, _ := io.ReadAll(io.LimitReader(body, limit))
	return beginning
}
