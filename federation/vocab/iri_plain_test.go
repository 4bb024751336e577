package vocab

import (
	"math/rand/v2"
	"testing"
)

// Looks inside, because the short way must not be told from the long one outside: where
// it answers at all, it answers the same.
func TestPlainHostOfAgreesWithTheParser(t *testing.T) {
	t.Parallel()
	parts := []string{
		"https://", "http://", "HTTPS://", "https:", "//", "a", "A", "example.org", "xn--bcher-kva", "bücher", ".", "-", "_", "/", "\\", "@", ":", ":443", ":8080",
		"?", "#", "%", "%41", "%zz", " ", "\t", "\x00", "\x7f", "é", "[::1]", "[", "127.0.0.1", ";", "&", "=", "\"", "<", "|", "^", "~", "*", "users/a",
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same URLs each time
	plain := 0
	for range 200_000 {
		raw := parts[random.IntN(3)]
		for range random.IntN(6) {
			raw += parts[random.IntN(len(parts))]
		}
		host, ok := plainHostOf(raw)
		if !ok {
			continue
		}
		plain++
		if want := parsedHostOf(raw); host != want {
			t.Fatalf("%q: %q, the parser says %q", raw, host, want)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d URLs were plain", plain)
	}
}
