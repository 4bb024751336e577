package access_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	actions := []access.Action{access.Read, access.Draft, access.Post, access.Relate, access.Manage, "unheard of"}
	matrix := map[people.Role]string{ // one letter an action
		people.Owner:     "yyyyy-",
		people.Publisher: "yyyy--",
		people.Drafter:   "yy----",
		people.Viewer:    "y-----",
		"":               "------",
		"admin":          "------",
	}
	for role, row := range matrix {
		for i, action := range actions {
			err := access.Allow(role, action)
			if want := row[i] == 'y'; (err == nil) != want {
				t.Errorf("%q may %q: %v, want %t", role, action, err, want)
			}
			if err != nil && fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("%q may %q: code %q, want forbidden", role, action, fault.CodeOf(err))
			}
		}
	}
}
