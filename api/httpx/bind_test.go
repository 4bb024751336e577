package httpx_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
)

type post struct {
	Status    string           `json:"status"`
	MediaIDs  []social.MediaID `json:"media_ids"`
	ReplyTo   social.StatusID  `json:"in_reply_to_id"`
	Sensitive *bool            `json:"sensitive"`
	Spoiler   *string          `json:"spoiler_text"`
	Poll      *struct {
		Options   []string `json:"options"`
		ExpiresIn int      `json:"expires_in"`
		Multiple  bool     `json:"multiple"`
	} `json:"poll"`
	Fields []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"fields_attributes"`
	Media []struct {
		ID          social.MediaID `json:"id"`
		Description string         `json:"description"`
	} `json:"media_attributes"`
	Alerts map[string]bool       `json:"alerts"`
	Focus  float64               `json:"focus"`
	File   *multipart.FileHeader `json:"file"`
}

func (p *post) Validate() error {
	if p.Status == "forbidden" {
		return fault.New(fault.Invalid, "Not this word.")
	}
	return nil
}

func bind(t *testing.T, method, contentType, query, body string) (post, error) {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1/statuses"+query, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	var in post
	err := httpx.Bind(echo.New().NewContext(r, httptest.NewRecorder()), &in)
	return in, err
}

const (
	formType = "application/x-www-form-urlencoded; charset=utf-8"
	jsonType = "application/json; charset=utf-8"
)

// TestBindReadsTheShapesOfAllApps compares each body with plain JSON.
func TestBindReadsTheShapesOfAllApps(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind, query, body string
		want              string // the same input as the plainest JSON
	}{
		"toot: JSON with null": {
			kind: jsonType,
			body: `{"status":"hi","media_ids":["115000000000000042","7"],"sensitive":null,"poll":null,"in_reply_to_id":null,"unknown":{"a":1}}`,
			want: `{"status":"hi","media_ids":[115000000000000042,7]}`,
		},
		"masto.js: JSON with real types": {
			kind: jsonType,
			body: `{"status":"hi","sensitive":false,"poll":{"options":["a","b"],"expires_in":300,"multiple":true}}`,
			want: `{"status":"hi","sensitive":false,"poll":{"options":["a","b"],"expires_in":300,"multiple":true}}`,
		},
		"Mastodon.py: form arrays": {
			kind: formType,
			body: "status=hi+there&media_ids%5B%5D=1&media_ids%5B%5D=2&poll%5Boptions%5D%5B%5D=a&poll[options][]=b&poll[expires_in]=300&sensitive=1",
			want: `{"status":"hi there","media_ids":[1,2],"sensitive":true,"poll":{"options":["a","b"],"expires_in":300}}`,
		},
		"Tusky: indexed fields, out of order": {
			kind: formType,
			body: "fields_attributes[10][name]=c&fields_attributes[0][name]=a&fields_attributes[0][value]=1&fields_attributes[2][name]=b",
			want: `{"fields_attributes":[{"name":"a","value":"1"},{"name":"b"},{"name":"c"}]}`,
		},
		"Rails: a repeated name begins the next element": {
			kind: formType,
			body: "media_attributes[][id]=1&media_attributes[][id]=2&media_attributes[][description]=two",
			want: `{"media_attributes":[{"id":1},{"id":2,"description":"two"}]}`,
		},
		"JSON fields as a map of numbers": {
			kind: jsonType,
			body: `{"fields_attributes":{"1":{"name":"b"},"0":{"name":"a"}}}`,
			want: `{"fields_attributes":[{"name":"a"},{"name":"b"}]}`,
		},
		"a single value for a list, twice without brackets, JSON name with brackets": {
			kind: jsonType, query: "?media_ids=1&media_ids=2", body: `{"poll":{"options":"only"}}`,
			want: `{"media_ids":[1,2],"poll":{"options":["only"]}}`,
		},
		"brackets in JSON": {kind: jsonType, body: `{"media_ids[]":[3]}`, want: `{"media_ids":[3]}`},
		"empty texts are not sent, but an empty text is a text": {
			kind: formType, body: "in_reply_to_id=&sensitive=&spoiler_text=&media_ids[]=&focus=",
			want: `{"spoiler_text":""}`,
		},
		"the body wins over the query": {
			kind: formType, query: "?status=query&in_reply_to_id=9", body: "status=body",
			want: `{"status":"body","in_reply_to_id":9}`,
		},
		"no body": {query: "?status=q&alerts[follow]=true&alerts[poll]=0", want: `{"status":"q","alerts":{"follow":true,"poll":false}}`},
		"NUL and broken UTF-8 go": {
			kind: formType, body: "status=a%00b%FFc", want: `{"status":"ab\ufffdc"}`,
		},
		"escaped NUL and a lone surrogate in JSON": {
			kind: jsonType, body: `{"status":"a\u0000b\ud800c"}`, want: `{"status":"ab\ufffdc"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := bind(t, http.MethodPost, tt.kind, tt.query, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			var want post
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if want.MediaIDs == nil && got.MediaIDs != nil && len(got.MediaIDs) == 0 {
				got.MediaIDs = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind, query, body string
		code              fault.Code
	}{
		"broken JSON":              {kind: jsonType, body: `{"status":`, code: fault.Malformed},
		"two documents":            {kind: jsonType, body: `{}{}`, code: fault.Malformed},
		"JSON list":                {kind: jsonType, body: `[1]`, code: fault.Malformed},
		"broken escape":            {kind: formType, body: "status=%zz", code: fault.Malformed},
		"broken query":             {query: "?status=%zz", code: fault.Malformed},
		"two shapes":               {kind: formType, body: "poll=1&poll[options][]=a", code: fault.Malformed},
		"deep":                     {kind: formType, body: "a[b][c][d][e][f]=1", code: fault.Malformed},
		"another type":             {kind: "text/plain", body: "hello", code: fault.Malformed},
		"no boundary":              {kind: "multipart/form-data", body: "x", code: fault.Malformed},
		"too many parameters":      {kind: formType, body: strings.Repeat("a[]=1&", 1001), code: fault.Invalid},
		"fraction for an id":       {kind: jsonType, body: `{"in_reply_to_id":1.5}`, code: fault.Invalid},
		"exponent for an id":       {kind: jsonType, body: `{"in_reply_to_id":1e3}`, code: fault.Invalid},
		"plus sign":                {kind: formType, body: "in_reply_to_id=%2B5", code: fault.Invalid},
		"too many digits":          {kind: formType, body: "in_reply_to_id=99999999999999999999", code: fault.Invalid},
		"word for a bool":          {kind: formType, body: "sensitive=maybe", code: fault.Invalid},
		"infinite":                 {kind: formType, body: "focus=Inf", code: fault.Invalid},
		"object for a text":        {kind: jsonType, body: `{"status":{"a":1}}`, code: fault.Invalid},
		"text for an object":       {kind: jsonType, body: `{"poll":"x"}`, code: fault.Invalid},
		"text for a file":          {kind: formType, body: "file=x", code: fault.Invalid},
		"list with names for keys": {kind: formType, body: "media_ids[x]=1", code: fault.Invalid},
		"own validation":           {kind: formType, body: "status=forbidden", code: fault.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := bind(t, http.MethodPost, tt.kind, tt.query, tt.body)
			if fault.CodeOf(err) != tt.code {
				t.Errorf("bound %+v with %v, want code %q", got, err, tt.code)
			}
		})
	}
}

func TestBindReadsMultipart(t *testing.T) {
	t.Parallel()
	build := func(pairs ...string) (contentType, body string) {
		var buffer bytes.Buffer
		w := multipart.NewWriter(&buffer)
		for i := 0; i < len(pairs); i += 2 {
			if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		file, err := w.CreateFormFile("file", "cat.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write([]byte("meow")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return w.FormDataContentType(), buffer.String()
	}

	kind, body := build("media_attributes[][id]", "1", "media_attributes[][description]", "one",
		"media_attributes[][id]", "2", "media_attributes[][description]", "two", "media_ids[]", "5", "media_ids[]", "6")
	got, err := bind(t, http.MethodPost, kind, "", body)
	if err != nil {
		t.Fatal(err)
	}
	if got.File == nil || got.File.Filename != "cat.png" || got.File.Size != 4 {
		t.Errorf("file = %+v", got.File)
	}
	if len(got.Media) != 2 || got.Media[0].Description != "one" || got.Media[1].ID != 2 {
		t.Errorf("media = %+v", got.Media)
	}
	if diff := cmp.Diff([]social.MediaID{5, 6}, got.MediaIDs); diff != "" {
		t.Error(diff)
	}

	// The order is lost: whose description is this?
	kind, body = build("media_attributes[][id]", "1", "media_attributes[][id]", "2", "media_attributes[][description]", "two")
	if got, err := bind(t, http.MethodPost, kind, "", body); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("ambiguous attributes were bound to %+v (%v)", got.Media, err)
	}
}

func TestBindIgnoresTheBodyOfGET(t *testing.T) {
	t.Parallel()
	got, err := bind(t, http.MethodGet, jsonType, "?status=query", `{"status":`)
	if err != nil || got.Status != "query" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzBindForm(f *testing.F) {
	f.Add("a[]=1&a[b]=2&poll[options][]=x&fields_attributes[][name]=1&fields_attributes[][name][]=2")
	f.Add("media_attributes[][][]=1&media_attributes[][id]=2&[]=&[=&]=&a]=1&status[0]=1")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", formType)
		var in post
		err := httpx.Bind(echo.New().NewContext(r, httptest.NewRecorder()), &in)
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Errorf("%q is our fault: %v", body, err)
		}
	})
}
