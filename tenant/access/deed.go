package access

import (
	"slices"

	"rookery/internal/fault"
	"rookery/tenant/people"
)

// Deed is something a member does in the company's console.
type Deed string

// The deeds that memberships differ in.
const (
	SeeCompany     Deed = "see the company"     // its accounts, domains and people
	ManageDomains  Deed = "manage domains"      // claim, check, release
	ManageAccounts Deed = "manage accounts"     // make, rename, delete; who may act as which
	ManagePeople   Deed = "manage people"       // invite, change roles, send away
	ManageSecurity Deed = "manage security"     // second factors, single sign-on
	ManageBrand    Deed = "manage the brand"    // name, colours, rules, about
	Moderate       Deed = "moderate"            // blocks of servers, reports
	ManageData     Deed = "manage data"         // retention, exports
	ReadAudit      Deed = "read the audit log"  //
	SeeInsights    Deed = "see insights"        // of all accounts; whoever may read as one sees its
	ManageBilling  Deed = "manage billing"      // plan, invoices
	EndCompany     Deed = "delete the company"  // and take it back
	MakeOwners     Deed = "make and end owners" //
	SetUp          Deed = "set the company up"  // go through the screens after it was made
)

// memberDeeds is the matrix of the console.
var memberDeeds = map[people.Membership]map[Deed]bool{
	people.MemberOwner: {
		SeeCompany: true, ManageDomains: true, ManageAccounts: true, ManagePeople: true, ManageSecurity: true, ManageBrand: true,
		Moderate: true, ManageData: true, ReadAudit: true, SeeInsights: true, ManageBilling: true, EndCompany: true, MakeOwners: true, SetUp: true,
	},
	people.MemberAdmin: {
		SeeCompany: true, ManageDomains: true, ManageAccounts: true, ManagePeople: true, ManageSecurity: true, ManageBrand: true,
		Moderate: true, ManageData: true, ReadAudit: true, SeeInsights: true, SetUp: true,
	},
	people.MemberBilling:   {SeeCompany: true, ManageBilling: true},
	people.MemberModerator: {SeeCompany: true, Moderate: true},
	people.MemberPlain:     {SeeCompany: true},
}

var errDeed = fault.New(fault.Forbidden, "Your place in this company does not include this. Ask an owner if you need it.")

// May says whether a membership allows a deed: nil, or fault.Forbidden with the way
// out. Unknown memberships and deeds are refused.
func May(m people.Membership, d Deed) error {
	if memberDeeds[m][d] {
		return nil
	}
	return errDeed
}

// MayPlace says whether a membership may change the places of such members in the company,
// or give them: nil, or fault.Forbidden. Owners are for owners alone.
func MayPlace(own people.Membership, of ...people.Membership) error {
	if err := May(own, ManagePeople); err != nil {
		return err
	}
	if slices.Contains(of, people.MemberOwner) {
		return May(own, MakeOwners)
	}
	return nil
}
