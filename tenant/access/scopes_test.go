package access_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/tenant/access"
)

func TestParseScopes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want access.Scopes
		bad  bool
	}{
		"nothing":         {in: ""},
		"apps' usual":     {in: "read write follow push", want: access.Scopes{"follow", "push", "read", "write"}},
		"doubles, spaces": {in: " read  read:statuses read ", want: access.Scopes{"read", "read:statuses"}},
		"plus signs":      {in: "read+write:media", want: access.Scopes{"read", "write:media"}},
		"admin":           {in: "admin:read admin:write:reports", want: access.Scopes{"admin:read", "admin:write:reports"}},
		"unknown":         {in: "read sudo", bad: true},
		"unknown part":    {in: "read:everything", bad: true},
		"bare admin":      {in: "admin", bad: true},
		"upper case":      {in: "READ", bad: true},
		"prefix only":     {in: "read:", bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := access.ParseScopes(tt.in)
			if (err != nil) != tt.bad {
				t.Fatalf("ParseScopes(%q): %v", tt.in, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if tt.bad && access.AsOAuthError(err).Name != "invalid_scope" {
				t.Errorf("refused with %v", err)
			}
		})
	}
}

func TestScopesAllow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		have, want string
		ok         bool
	}{
		{"read", "read", true},
		{"read", "read:statuses", true},
		{"read:statuses", "read:statuses", true},
		{"read:statuses", "read", false},
		{"read:statuses", "read:accounts", false},
		{"read", "write:statuses", false},
		{"read", "profile", false},
		{"read", "admin:read", false},
		{"write", "write:media", true},
		{"follow", "write:follows", true},
		{"follow", "read:blocks", true},
		{"follow", "read:mutes", true},
		{"follow", "write:statuses", false},
		{"follow", "read:statuses", false},
		{"follow", "admin:write:follows", false},
		{"write:follows", "follow", false},
		{"profile", "read:accounts", false},
		{"push", "push", true},
		{"push", "read", false},
		{"admin:read", "admin:read:accounts", true},
		{"admin:read", "admin:write:accounts", false},
		{"admin:read", "read", false},
		{"write follow push", "read:statuses", false},
		{"", "read", false},
	}
	for _, tt := range tests {
		have, err := access.ParseScopes(tt.have)
		if err != nil {
			t.Fatal(err)
		}
		if got := have.Allow(tt.want); got != tt.ok {
			t.Errorf("%q allows %q: %t, want %t", tt.have, tt.want, got, tt.ok)
		}
	}
	if (access.Scopes{"read"}).AllowAny() {
		t.Error("no wanted scope was allowed")
	}
	if !(access.Scopes{"profile"}).AllowAny("read:accounts", "profile") {
		t.Error("the second alternative does not count")
	}
}
