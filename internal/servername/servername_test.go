package servername_test

import (
	"slices"
	"strings"
	"testing"

	"rookery/internal/servername"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"P.Test": "p.test", " p.test. ": "p.test", "https://p.test/": "p.test", "p.test:8443": "p.test", "@anna@p.test": "p.test", "*.p.test": "p.test",
		"bücher.example": "xn--bcher-kva.example", "xn--bcher-kva.example": "xn--bcher-kva.example", "192.0.2.7": "192.0.2.7",
		"": "", "p..test": "", "p.test/path": "", "-p.test": "", "p test": "", strings.Repeat("a", 64) + ".test": "", "*": "",
	} {
		got, err := servername.Parse(typed)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestUpwards(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"a.b.test": {"a.b.test", "b.test", "test"}, "test": {"test"}, "": nil,
	} {
		if got := slices.Collect(servername.Upwards(name)); !slices.Equal(got, want) {
			t.Errorf("above %q: %v", name, got)
		}
	}
}
