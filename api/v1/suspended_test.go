package v1_test

import (
	"net/http"
	"testing"

	"rookery/tenant"
)

// TEN-20: the people of a suspended tenant read and do not write; other tenants notice
// nothing, and afterwards all is as before.
func TestPeopleOfASuspendedTenantOnlyRead(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	st := write(t, w.Alice, "status", "before", "visibility", "public")
	state := func(s tenant.State) {
		if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, s); err != nil {
			t.Fatal(err)
		}
		w.A.Tenant.State = s // what hostroute hands on after the next load
	}
	state(tenant.Suspended)
	w.Alice.Post("/api/v1/statuses", map[string]any{"status": "meanwhile"}).Want(t, http.StatusForbidden)
	w.Alice.Do(http.MethodDelete, statusPath(st, ""), nil).Want(t, http.StatusForbidden)
	w.Alice.Get(statusPath(st, "")).Want(t, http.StatusOK, "before")
	w.Alice.Get("/api/v1/timelines/home").Want(t, http.StatusOK)
	w.Bob.Post("/api/v1/statuses", map[string]any{"status": "elsewhere"}).Want(t, http.StatusOK)
	state(tenant.Active)
	w.Alice.Post("/api/v1/statuses", map[string]any{"status": "again"}).Want(t, http.StatusOK)
}

// TEN-21: from the moment that a tenant is being deleted its API is gone, for everybody.
func TestTheAPIOfAClosedTenantIsGone(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	st := write(t, w.Alice, "status", "before", "visibility", "public")
	for _, state := range []tenant.State{tenant.Deleting, tenant.Deleted} {
		w.A.Tenant.State = state // what hostroute hands on
		for _, path := range []string{"/api/v1/timelines/home", "/api/v1/timelines/public", statusPath(st, "")} {
			w.Alice.Get(path).Want(t, http.StatusGone)
		}
		w.Alice.Post("/api/v1/statuses", map[string]any{"status": "late"}).Want(t, http.StatusGone)
		w.Bob.Get("/api/v1/timelines/home").Want(t, http.StatusOK)
	}
}
