package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// Nothing is deleted before somebody typed the host, or said --yes.
func TestDeletingATenantIsConfirmed(t *testing.T) {
	t.Parallel()
	acme := &tenant.Tenant{Name: "Acme", Host: "social.acme.test"}
	for typed, want := range map[string]fault.Code{
		"social.acme.test\n": "", " Social.Acme.Test \n": "", "social.acme.test": "",
		"acme.test\n": fault.Invalid, "y\n": fault.Invalid, "\n": fault.Invalid, "": fault.Invalid,
	} {
		var asked bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(typed))
		cmd.SetErr(&asked)
		err := confirmEnd(cmd, ending{}, acme, &store.TenantFootprint{Accounts: 3})
		if fault.CodeOf(err) != want {
			t.Errorf("typed %q: %v, want %q", typed, err, want)
		}
		if !strings.Contains(asked.String(), "3 accounts") || !strings.Contains(asked.String(), acme.Host) {
			t.Errorf("asked: %s", asked.String())
		}
		if err := confirmEnd(cmd, ending{sure: true}, acme, &store.TenantFootprint{}); err != nil {
			t.Errorf("with --yes: %v", err)
		}
	}
}

func TestWhatDeletingATenantPrints(t *testing.T) {
	t.Parallel()
	acme := &tenant.Tenant{ID: 7, Name: "Acme", Host: "social.acme.test"}
	at := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	goes := &store.TenantFootprint{Accounts: 3, Members: 2, Persons: 1, MediaBytes: 12}
	for name, tt := range map[string]struct {
		told ending
		d    registry.Deletion
		has  []string
	}{
		"dry":     {ending{dry: true}, registry.Deletion{State: tenant.Active}, []string{"Nothing was changed.", "active", "2, of whom 1 belong", "acme.test, social.acme.test"}},
		"for now": {ending{}, registry.Deletion{State: tenant.Deleting, DeleteAt: at}, []string{"Until 2026-12-24 18:00:00 `rookery tenant undelete social.acme.test`"}},
		"at once": {ending{now: true}, registry.Deletion{State: tenant.Deleted, DeleteAt: at}, []string{"for good"}},
	} {
		var out bytes.Buffer
		if err := printEnd(&out, tt.told, acme, goes, []string{"acme.test", "social.acme.test"}, &tt.d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range tt.has {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, out.String())
			}
		}
		out.Reset()
		tt.told.asJSON = true
		if err := printEnd(&out, tt.told, acme, goes, nil, &tt.d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got struct {
			ID, State string
			Changed   bool
			Goes      store.TenantFootprint
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.ID != "7" || got.Goes != *goes || got.Changed == tt.told.dry || got.State != string(tt.d.State) {
			t.Errorf("%s as JSON: %+v, %v", name, got, err)
		}
	}
}
