package ids_test

import (
	"testing"
	"time"

	"rookery/internal/ids"
)

func TestAtKeepsTheMillisecondAndNeverRepeatsInABurst(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 20, 10, 42, 0, 123_000_000, time.UTC)
	seen := map[int64]bool{}
	for range 60_000 {
		id := ids.At(when)
		if seen[id] {
			t.Fatalf("id %d came twice", id)
		}
		seen[id] = true
		if got := ids.Time(id); !got.Equal(when) {
			t.Fatalf("Time(%d) = %v, want %v", id, got, when)
		}
	}
}

func TestParseIsStrict(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "-1", "+1", " 1", "1 ", "1/2", "0x1", "1e3", "99999999999999999999", "²"} {
		if id, ok := ids.Parse(bad); ok {
			t.Errorf("Parse(%q) = %d, want refusal", bad, id)
		}
	}
	id := ids.New()
	if got, ok := ids.Parse(ids.Format(id)); !ok || got != id {
		t.Errorf("Parse(Format(%d)) = %d, %v", id, got, ok)
	}
}
