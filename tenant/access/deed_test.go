package access_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// TestDeeds holds the matrix of the console to what each place is for.
func TestDeeds(t *testing.T) {
	t.Parallel()
	all := []access.Deed{
		access.SeeCompany, access.ManageDomains, access.ManageAccounts, access.ManagePeople, access.ManageSecurity, access.ManageBrand,
		access.Moderate, access.ManageData, access.ReadAudit, access.SeeInsights, access.ManageBilling, access.EndCompany, access.MakeOwners, access.SetUp,
	}
	for m, want := range map[people.Membership]int{
		people.MemberOwner: len(all), people.MemberAdmin: 11, people.MemberBilling: 2, people.MemberModerator: 2, people.MemberPlain: 1, "stranger": 0,
	} {
		got := 0
		for _, d := range all {
			err := access.May(m, d)
			if err == nil {
				got++
			} else if fault.CodeOf(err) != fault.Forbidden {
				t.Errorf("%s: %s: %v", m, d, err)
			}
		}
		if got != want {
			t.Errorf("%s may do %d things, want %d", m, got, want)
		}
	}
	for _, d := range []access.Deed{access.ManageBilling, access.EndCompany, access.MakeOwners} {
		if access.May(people.MemberAdmin, d) == nil {
			t.Errorf("an admin may %s", d)
		}
	}
	if access.May(people.MemberOwner, "fly") == nil {
		t.Error("an unknown deed is allowed")
	}
}

// Owners are for owners alone; everybody else is for those who manage people.
func TestMayPlace(t *testing.T) {
	t.Parallel()
	for own, want := range map[people.Membership][2]bool{
		people.MemberOwner: {true, true}, people.MemberAdmin: {true, false}, people.MemberBilling: {}, people.MemberModerator: {}, people.MemberPlain: {}, "stranger": {},
	} {
		if got := access.MayPlace(own, people.MemberPlain, people.MemberAdmin) == nil; got != want[0] {
			t.Errorf("%s and others: %t", own, got)
		}
		if got := access.MayPlace(own, people.MemberPlain, people.MemberOwner) == nil; got != want[1] {
			t.Errorf("%s and owners: %t", own, got)
		}
	}
}
