package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

// Client speaks to the API of one tenant, with a token or without.
type Client struct {
	world   *World
	Home    *fixture.Home
	Account *social.Account // nil without a token
	App     *store.App
	Token   string
}

// At is the same client at another tenant's host.
func (c *Client) At(h *fixture.Home) *Client {
	other := *c
	other.Home = h
	return &other
}

// Response is an answer.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Into decodes the answer, which must be a success.
func (r Response) Into(t testing.TB, out any) {
	t.Helper()
	if r.Status != http.StatusOK {
		t.Fatalf("answer %d %s", r.Status, r.Body)
	}
	if err := json.Unmarshal([]byte(r.Body), out); err != nil {
		t.Fatalf("read %s: %v", r.Body, err)
	}
}

// Want fails the test unless the answer has the status and holds the texts.
func (r Response) Want(t testing.TB, status int, holds ...string) {
	t.Helper()
	if r.Status != status {
		t.Fatalf("answer %d %s, want %d", r.Status, r.Body, status)
	}
	for _, text := range holds {
		if !strings.Contains(r.Body, text) {
			t.Errorf("answer %s lacks %s", r.Body, text)
		}
	}
}

// Next is the path and query of the Link header's rel="next"; empty without one.
func (r Response) Next() string {
	for part := range strings.SplitSeq(r.Header.Get("Link"), ", ") {
		if link, ok := strings.CutSuffix(part, `>; rel="next"`); ok {
			if u, err := url.Parse(strings.TrimPrefix(link, "<")); err == nil {
				return u.RequestURI()
			}
		}
	}
	return ""
}

// Get asks for a path.
func (c *Client) Get(path string) Response { return c.Do(http.MethodGet, path, nil) }

// Post sends a form (url.Values), a Multipart, or anything else as JSON.
func (c *Client) Post(path string, body any) Response { return c.Do(http.MethodPost, path, body) }

// Multipart is a form with files.
type Multipart struct {
	Fields map[string]string
	Files  map[string][]byte
}

// Do sends a request.
func (c *Client) Do(method, path string, body any) Response {
	reader, kind := encode(body)
	r := httptest.NewRequest(method, path, reader)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	w := httptest.NewRecorder()
	c.world.echo.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), c.Home.Tenant)))
	return Response{Status: w.Code, Header: w.Header(), Body: strings.TrimSpace(w.Body.String())}
}

func encode(body any) (io.Reader, string) {
	switch body := body.(type) {
	case nil:
		return nil, ""
	case url.Values:
		return strings.NewReader(body.Encode()), "application/x-www-form-urlencoded"
	case Multipart:
		var raw bytes.Buffer
		w := multipart.NewWriter(&raw)
		for name, value := range body.Fields {
			must(w.WriteField(name, value))
		}
		for name, data := range body.Files {
			part, err := w.CreateFormFile(name, name+".bin")
			must(err)
			_, err = part.Write(data)
			must(err)
		}
		must(w.Close())
		return &raw, w.FormDataContentType()
	}
	raw, err := json.Marshal(body)
	must(err)
	return bytes.NewReader(raw), "application/json"
}

// must is for writes into memory, which do not fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
