package registry_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/tenant/registry"
)

// TEN-05 and the hosts that no tenant may claim (TEN-23).
func TestNormalise(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.test":                "a.test",
		"A.TEST:443":            "a.test",
		"a.test.":               "a.test",
		"a.test:80":             "a.test",
		"a.test.:443":           "a.test",
		"acme.localhost:8080":   "acme.localhost:8080",
		"Acme.Localhost.:8080":  "acme.localhost:8080",
		"bücher.test":           "xn--bcher-kva.test",
		"BÜCHER.test":           "xn--bcher-kva.test",
		"XN--BCHER-KVA.test":    "xn--bcher-kva.test",
		"bücher。test":           "xn--bcher-kva.test",
		"":                      "",
		" a.test ":              "a.test",
		"under_score.test":      "under_score.test",
		"a.test:8443":           "a.test:8443",
		"xn--bcher-kva.test:80": "xn--bcher-kva.test",
	} {
		if got := registry.Normalise(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if again := registry.Normalise(registry.Normalise(in)); again != want {
			t.Errorf("%q twice became %q", in, again)
		}
	}
}

func TestCreateRefusesHosts(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t, registry.Options{Reserved: []string{"Rookery.test", "media.test:443", ""}})
	if _, err := r.Create(t.Context(), registry.NewTenant{Name: "First", Host: "first.test", HandleDomain: "handle.test"}); err != nil {
		t.Fatal(err)
	}
	for host, code := range map[string]fault.Code{
		"": fault.Invalid, "localhost": fault.Invalid, "test": fault.Invalid, "127.0.0.1": fault.Invalid, "[::1]": fault.Invalid, "::1": fault.Invalid,
		"1.2.3": fault.Invalid, "0x7f.1": fault.Invalid, "a.0x7f": fault.Invalid, "*.a.test": fault.Invalid, "a..test": fault.Invalid, "-a.test": fault.Invalid,
		"a_b.test": fault.Invalid, "a.test/x": fault.Invalid, "user@a.test": fault.Invalid, "a b.test": fault.Invalid,
		"a.test:0": fault.Invalid, "a.test:080": fault.Invalid, "a.test:70000": fault.Invalid, "a.test:x": fault.Invalid, "a.test:1:2": fault.Invalid,
		"xn--zzzzzzzzz-.test": fault.Invalid, "https://a.test": fault.Invalid, "a\x00.test": fault.Invalid,
		"rookery.test": fault.Conflict, "ROOKERY.test.": fault.Conflict, "media.test": fault.Conflict, "rookery.test:8443": fault.Conflict,
		"first.test": fault.Conflict, "FIRST.test.": fault.Conflict, "first.test:443": fault.Conflict, "handle.test": fault.Conflict,
	} {
		_, err := r.Create(t.Context(), registry.NewTenant{Name: "Second", Host: host})
		if fault.CodeOf(err) != code {
			t.Errorf("host %q: %v, want %q", host, err, code)
		}
	}
	if _, err := r.Create(t.Context(), registry.NewTenant{Name: "Third", Host: "third.test", HandleDomain: "first.test"}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("another tenant's host as handle domain: %v", err)
	}
	if all := r.All(); len(all) != 1 {
		t.Errorf("%d tenants, want the first alone", len(all))
	}
}
