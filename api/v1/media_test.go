package v1_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/internal/social"
	"rookery/internal/social/status"
)

func TestMedia(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	var got entity.MediaAttachment
	w.Alice.Post("/api/v1/media", apitest.Multipart{
		Fields: map[string]string{"description": "A line", "focus": "0.5,-0.25"}, Files: map[string][]byte{"file": picture(t)},
	}).Into(t, &got)
	if got.Type != "image" || *got.Description != "A line" || got.Meta.Focus.Y != -0.25 || got.Meta.Original.Size != "64x48" || !strings.HasPrefix(*got.URL, "https://files.test/") {
		t.Errorf("%+v", got)
	}
	address := "/api/v1/media/" + got.ID.String()
	w.Alice.Do(http.MethodPut, address, url.Values{"description": {"Two lines"}}).Want(t, http.StatusOK, "Two lines", `"y":-0.25`)
	w.Alice.Get(address).Want(t, http.StatusOK, "Two lines")
	w.Add(t, w.A, "carol").Get(address).Want(t, http.StatusNotFound, apitest.Missing)
	post(t, w, w.Alice, status.Draft{Text: "look", MediaIDs: []social.MediaID{social.MediaID(got.ID)}})
	w.Alice.Do(http.MethodDelete, address, nil).Want(t, http.StatusUnprocessableEntity, "currently used")
	w.Alice.Get(address).Want(t, http.StatusNotFound, apitest.Missing)

	w.Alice.Post("/api/v1/media", apitest.Multipart{Files: map[string][]byte{"file": picture(t)}}).Into(t, &got)
	address = "/api/v1/media/" + got.ID.String()
	w.Alice.Do(http.MethodDelete, address, nil).Want(t, http.StatusOK, "{}")
	w.Alice.Do(http.MethodDelete, address, nil).Want(t, http.StatusNotFound, apitest.Missing)
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	for name, tt := range map[string]struct {
		body any
		want int
	}{
		"nothing":   {apitest.Multipart{Fields: map[string]string{"description": "x"}}, http.StatusUnprocessableEntity},
		"no image":  {apitest.Multipart{Files: map[string][]byte{"file": []byte("GIF but not really")}}, http.StatusUnprocessableEntity},
		"bad focus": {apitest.Multipart{Fields: map[string]string{"focus": "left"}, Files: map[string][]byte{"file": picture(t)}}, http.StatusUnprocessableEntity},
		"NaN focus": {apitest.Multipart{Fields: map[string]string{"focus": "NaN,0"}, Files: map[string][]byte{"file": picture(t)}}, http.StatusUnprocessableEntity},
		"long text": {apitest.Multipart{Fields: map[string]string{"description": strings.Repeat("x", 10_001)}, Files: map[string][]byte{"file": picture(t)}}, http.StatusUnprocessableEntity},
		"too large": {apitest.Multipart{Files: map[string][]byte{"file": make([]byte, 17<<20)}}, http.StatusRequestEntityTooLarge},
	} {
		if r := w.Alice.Post("/api/v1/media", tt.body); r.Status != tt.want || !strings.Contains(r.Body, `"error":"`) {
			t.Errorf("%s: %d %s, want %d", name, r.Status, r.Body, tt.want)
		}
	}
}
