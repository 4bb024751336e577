package registry_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/internal/seal"
	"rookery/internal/testkit"
	"rookery/tenant/registry"
)

// TLS need not be on port 443: the port is a part of every address then.
func TestAHostMayCarryAPort(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t, registry.Options{})
	made, err := r.Create(t.Context(), registry.NewTenant{Name: "Acme", Host: "Acme.test:8443"})
	if err != nil {
		t.Fatal(err)
	}
	if made.URL("/x") != "https://acme.test:8443/x" {
		t.Errorf("address %s", made.URL("/x"))
	}
	if found, _, ok := r.ByHost("acme.test:8443"); !ok || found.ID != made.ID {
		t.Errorf("acme.test:8443 leads to %v", found)
	}
	if _, _, ok := r.ByHost("acme.test"); ok {
		t.Error("acme.test without the port leads to it too")
	}
	if _, err := r.Create(t.Context(), registry.NewTenant{Name: "Plain", Host: "plain.test:8080", Scheme: "http"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("http where it is not allowed: %v", err)
	}
}

// In development a command does not know the server's port: the names alone decide.
func TestThePlatformsOwnNamesAreRefusedOnAnyPort(t *testing.T) {
	t.Parallel()
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	r := registry.New(registry.Options{
		DB: testkit.DB(t).PG, Seal: key, AllowHTTP: true, Reserved: []string{"rookery.localhost:8080", "media.localhost:8080"},
	})
	for _, host := range []string{"rookery.localhost:9999", "media.localhost", "MEDIA.localhost.:8080"} {
		_, err := r.Create(t.Context(), registry.NewTenant{Name: "Mine", Host: host, Scheme: "http"})
		if fault.CodeOf(err) != fault.Conflict {
			t.Errorf("%s: %v, want %s", host, err, fault.Conflict)
		}
	}
}
