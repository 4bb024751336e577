package people

import (
	"strings"
	"testing"
)

// An internal test: the hash's form and its parameters are nobody else's business.
var cheap = parameters{memory: 8 << 10, time: 1, threads: 1}

func TestHashVerifies(t *testing.T) {
	t.Parallel()
	h := newHasher(cheap)
	hash, err := h.hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=8192,t=1,p=1$") {
		t.Errorf("hash %q is no PHC string", hash)
	}
	again, err := h.hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are the same: no salt (%v)", err)
	}
	tests := map[string]struct {
		password, hash string
		ok             bool
	}{
		"right":   {"correct horse", hash, true},
		"wrong":   {"correct horses", hash, false},
		"empty":   {"", hash, false},
		"no hash": {"correct horse", "", false},
	}
	for name, tt := range tests {
		ok, stale, err := h.verify(t.Context(), tt.password, tt.hash)
		if ok != tt.ok || stale || err != nil {
			t.Errorf("%s: %t, stale %t, %v; want %t", name, ok, stale, err, tt.ok)
		}
	}
	stronger := newHasher(parameters{memory: 16 << 10, time: 1, threads: 1})
	if ok, stale, err := stronger.verify(t.Context(), "correct horse", hash); !ok || !stale || err != nil {
		t.Errorf("an old hash: %t, stale %t, %v", ok, stale, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const rest = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if _, _, _, err := decode("$argon2id$v=19$m=65536,t=3,p=2" + rest); err != nil {
		t.Fatalf("the model itself: %v", err)
	}
	for _, bad := range []string{
		"", "password", "$2a$10$abc", "$argon2i$v=19$m=65536,t=3,p=2" + rest, "$argon2id$v=16$m=65536,t=3,p=2" + rest,
		"$argon2id$v=19$m=99999999,t=3,p=2" + rest, "$argon2id$v=19$m=65536,t=0,p=2" + rest, "$argon2id$v=19$m=65536,t=3,p=0" + rest,
		"$argon2id$v=19$m=65536,t=3,p=2$AA$AA", "$argon2id$v=19$m=65536,t=3,p=2$AAAAAAAAAAAAAAAAAAAAAA$!!",
	} {
		if _, _, _, err := decode(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestCurrentParametersAreStrong(t *testing.T) {
	t.Parallel()
	if current.memory < 64<<10 || current.time < 1 || current.memory > ceiling.memory {
		t.Errorf("parameters %+v", current)
	}
}
