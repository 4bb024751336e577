package registry_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant/registry"
)

// In development a command does not know the server's port: the names alone decide.
func TestThePlatformsOwnNamesAreRefusedOnAnyPort(t *testing.T) {
	t.Parallel()
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	r := registry.New(registry.Options{
		DB: testkit.DB(t).PG, Seal: key, AllowPort: true, Reserved: []string{"rookery.localhost:8080", "media.localhost:8080"},
	})
	for _, host := range []string{"rookery.localhost:9999", "media.localhost", "MEDIA.localhost.:8080"} {
		_, err := r.Create(t.Context(), registry.NewTenant{Name: "Mine", Host: host, Scheme: "http"})
		if fault.CodeOf(err) != fault.Conflict {
			t.Errorf("%s: %v, want %s", host, err, fault.Conflict)
		}
	}
}
