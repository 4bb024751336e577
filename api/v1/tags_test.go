package v1_test

import (
	"net/http"
	"net/url"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/internal/social/status"
)

func TestTags(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	post(t, w, w.Alice, status.Draft{Text: "#Größe"})
	var got entity.Tag
	w.Stranger(w.A).Get("/api/v1/tags/"+url.PathEscape("Größe")).Into(t, &got)
	if got.Name != "größe" || got.Following || len(got.History) != 7 || got.History[0].Uses != "1" {
		t.Errorf("%+v", got)
	}
	w.Alice.Post("/api/v1/tags/bikes/follow", nil).Want(t, http.StatusOK, `"following":true`)
	w.Alice.Post("/api/v1/tags/Bikes/follow", nil).Want(t, http.StatusOK)
	w.Alice.Post("/api/v1/tags/riga/follow", nil).Want(t, http.StatusOK)
	w.Alice.Get("/api/v1/tags/bikes").Want(t, http.StatusOK, `"following":true`)
	var list []entity.Tag
	r := w.Alice.Get("/api/v1/followed_tags?limit=1")
	r.Into(t, &list)
	if len(list) != 1 || list[0].Name != "riga" || !list[0].Following || r.Next() == "" {
		t.Errorf("%+v, next %q", list, r.Next())
	}
	w.Alice.Get(r.Next()).Into(t, &list)
	if len(list) != 1 || list[0].Name != "bikes" {
		t.Errorf("second page: %+v", list)
	}
	w.Alice.Post("/api/v1/tags/bikes/unfollow", nil).Want(t, http.StatusOK, `"following":false`)
	if r := w.Bob.Get("/api/v1/followed_tags"); r.Body != "[]" {
		t.Errorf("bob follows %s", r.Body)
	}
	for _, name := range []string{"%23", "%20", "%2F", "%00"} {
		w.Alice.Get("/api/v1/tags/"+name).Want(t, http.StatusNotFound, apitest.Missing)
	}
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	const all = "/api/v1/markers?timeline[]=home&timeline[]=notifications&timeline[]=public"
	if r := w.Alice.Get(all); r.Body != "{}" {
		t.Errorf("before: %s", r.Body)
	}
	w.Alice.Post("/api/v1/markers", url.Values{"home[last_read_id]": {"103194548672408537"}}).Want(t, http.StatusOK, `"last_read_id":"103194548672408537"`)
	w.Alice.Post("/api/v1/markers", map[string]any{"notifications": map[string]any{"last_read_id": "5"}}).Want(t, http.StatusOK)
	var got map[string]entity.Marker
	w.Alice.Get(all).Into(t, &got)
	if len(got) != 2 || got["home"].LastReadID != 103194548672408537 {
		t.Errorf("%+v", got)
	}
	home := map[string]any{"last_read_id": "103194548672408538", "version": got["home"].Version}
	w.Alice.Post("/api/v1/markers", map[string]any{"home": home}).Want(t, http.StatusOK)
	w.Alice.Post("/api/v1/markers", map[string]any{"home": home}).Want(t, http.StatusConflict, "Conflict")
	w.Alice.Post("/api/v1/markers", map[string]any{"home": map[string]any{"last_read_id": "x"}}).Want(t, http.StatusUnprocessableEntity)
	if r := w.Add(t, w.A, "carol").Get(all); r.Body != "{}" {
		t.Errorf("carol has %s", r.Body)
	}
}
