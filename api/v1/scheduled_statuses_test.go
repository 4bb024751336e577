package v1_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/render"
	"rookery/tenant/people"
)

func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }

// later makes a post that waits for its time.
func later(t testing.TB, c *apitest.Client, pairs ...any) *entity.ScheduledStatus {
	t.Helper()
	body := map[string]any{"status": "later", "scheduled_at": at(time.Hour)}
	for i := 0; i+1 < len(pairs); i += 2 {
		body[pairs[i].(string)] = pairs[i+1]
	}
	return plan(t, c, body)
}

func plan(t testing.TB, c *apitest.Client, body map[string]any) *entity.ScheduledStatus {
	t.Helper()
	var out entity.ScheduledStatus
	c.Post("/api/v1/statuses", body).Into(t, &out)
	return &out
}

func planPath(s *entity.ScheduledStatus) string {
	return "/api/v1/scheduled_statuses/" + s.ID.String()
}

func plansOf(t testing.TB, c *apitest.Client, query string) []string {
	t.Helper()
	var list []entity.ScheduledStatus
	c.Get("/api/v1/scheduled_statuses"+query).Into(t, &list)
	out := []string{}
	for _, s := range list {
		out = append(out, s.ID.String())
	}
	return out
}

func TestScheduledStatuses(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	file := upload(t, w.Alice)
	parent := write(t, w.Alice, "status", "parent")
	first := later(t, w.Alice, "media_ids", []string{file.ID.String()}, "spoiler_text", "careful", "visibility", "unlisted", "in_reply_to_id", parent.ID.String())
	if len(first.MediaAttachments) != 1 || first.Params.Text != "later" || first.Params.Visibility != "unlisted" || first.Params.ScheduledAt != nil ||
		*first.Params.SpoilerText != "careful" || first.Params.InReplyToID.String() != parent.ID.String() || time.Until(time.Time(first.ScheduledAt)) < 50*time.Minute {
		t.Errorf("%+v", first)
	}
	second := later(t, w.Alice)
	if got := plansOf(t, w.Alice, "?limit=1"); len(got) != 1 || got[0] != second.ID.String() {
		t.Errorf("first page %v", got)
	}
	if got := plansOf(t, w.Alice, "?limit=1&max_id="+second.ID.String()); len(got) != 1 || got[0] != first.ID.String() {
		t.Errorf("second page %v", got)
	}
	if link := w.Alice.Get("/api/v1/scheduled_statuses?limit=1").Header.Get("Link"); !strings.Contains(link, "max_id="+second.ID.String()) {
		t.Errorf("Link %q", link)
	}
	var moved entity.ScheduledStatus
	w.Alice.Do(http.MethodPut, planPath(first), map[string]any{"scheduled_at": at(3 * time.Hour)}).Into(t, &moved)
	if time.Until(time.Time(moved.ScheduledAt)) < 2*time.Hour || moved.Params.Text != "later" || len(moved.MediaAttachments) != 1 {
		t.Errorf("moved: %+v", moved)
	}
	w.Alice.Do(http.MethodPut, planPath(first), map[string]any{"scheduled_at": at(time.Minute)}).Want(t, http.StatusUnprocessableEntity, "5 minutes")
	w.Alice.Do(http.MethodPut, planPath(first), map[string]any{"scheduled_at": ""}).Want(t, http.StatusUnprocessableEntity, "needs a time")
	w.Alice.Do(http.MethodDelete, "/api/v1/media/"+file.ID.String(), nil).Want(t, http.StatusUnprocessableEntity, "used by")
	w.Alice.Do(http.MethodDelete, planPath(first), nil).Want(t, http.StatusOK, "{}")
	w.Alice.Get(planPath(first)).Want(t, http.StatusNotFound)
	if got := plansOf(t, w.Alice, ""); len(got) != 1 || got[0] != second.ID.String() {
		t.Errorf("left %v", got)
	}
}

// The same key brings the same plan.
func TestScheduledOnceForAKey(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	send := func() string {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/statuses", strings.NewReader("status=x&scheduled_at="+at(time.Hour)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", "once")
		var out entity.ScheduledStatus
		w.Alice.Send(r).Into(t, &out)
		return out.ID.String()
	}
	if a, b := send(), send(); a != b || len(plansOf(t, w.Alice, "")) != 1 {
		t.Errorf("%s and %s", a, b)
	}
}

// A drafter's post is a plan that waits; it is theirs until somebody decides, and nobody
// else's but of those who may publish.
func TestADraftersPostWaits(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	drafter, other := w.Colleague(t, w.Alice, people.Drafter), w.Colleague(t, w.Alice, people.Drafter)
	viewer := w.Colleague(t, w.Alice, people.Viewer)
	own := plan(t, drafter, map[string]any{"status": "may I?"})
	if !time.Time(own.ScheduledAt).Equal(render.Undecided) || own.Params.Text != "may I?" {
		t.Errorf("%+v", own)
	}
	var posts []entity.Status
	w.Alice.Get("/api/v1/timelines/public?local=true").Into(t, &posts)
	if len(posts) != 0 {
		t.Errorf("a drafter published %+v", posts)
	}
	if got := plansOf(t, drafter, ""); len(got) != 1 || got[0] != own.ID.String() {
		t.Errorf("the author sees %v", got)
	}
	for name, c := range map[string]*apitest.Client{"another drafter": other, "a viewer": viewer, "another tenant": w.Bob} {
		if got := plansOf(t, c, ""); len(got) != 0 {
			t.Errorf("%s sees %v", name, got)
		}
		c.Get(planPath(own)).Want(t, http.StatusNotFound)
	}
	other.Do(http.MethodPut, planPath(own), map[string]any{"status": "mine"}).Want(t, http.StatusNotFound)
	other.Do(http.MethodDelete, planPath(own), nil).Want(t, http.StatusNotFound)
	var mended entity.ScheduledStatus
	drafter.Do(http.MethodPut, planPath(own), map[string]any{"status": "please"}).Into(t, &mended)
	if mended.Params.Text != "please" || !time.Time(mended.ScheduledAt).Equal(render.Undecided) {
		t.Errorf("%+v", mended)
	}
	drafter.Do(http.MethodDelete, planPath(own), nil).Want(t, http.StatusOK)

	// What is approved is read by all, and changed by those who may publish alone.
	approved := later(t, w.Alice)
	for name, c := range map[string]*apitest.Client{"drafter": drafter, "viewer": viewer} {
		if got := plansOf(t, c, ""); len(got) != 1 || got[0] != approved.ID.String() {
			t.Errorf("the %s sees %v", name, got)
		}
		if got := c.Do(http.MethodDelete, planPath(approved), nil).Status; got != http.StatusNotFound && got != http.StatusForbidden {
			t.Errorf("the %s deletes: %d", name, got)
		}
	}
}

// Files of what waits are changed by those who may change it.
func TestFilesOfWhatWaits(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	drafter, other := w.Colleague(t, w.Alice, people.Drafter), w.Colleague(t, w.Alice, people.Drafter)
	file := upload(t, drafter)
	plan(t, drafter, map[string]any{"status": "x", "media_ids": []string{file.ID.String()}})
	path := "/api/v1/media/" + file.ID.String()
	other.Do(http.MethodPut, path, map[string]any{"description": "nonsense"}).Want(t, http.StatusNotFound)
	drafter.Do(http.MethodPut, path, map[string]any{"description": "A nest"}).Want(t, http.StatusOK, "A nest")
	w.Alice.Do(http.MethodPut, path, map[string]any{"description": "A nest with an egg"}).Want(t, http.StatusOK)
}
