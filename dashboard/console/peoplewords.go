package console

import "rookery/tenant/people"

// The words of the room of people that do not stand in its templates.

const peopleGone = "somebody who has left"

// Choice of a place in a company, with what it means.
var placeChoices = []RoleChoice{
	{Role(people.MemberOwner), "Does everything, the end of the company included"},
	{Role(people.MemberAdmin), "Looks after domains, accounts, people and security"},
	{Role(people.MemberModerator), "Handles reports and blocks of servers"},
	{Role(people.MemberBilling), "Sees and changes the plan and invoices"},
	{Role(people.MemberPlain), "Works as chosen accounts"},
}

var grantChoices = []RoleChoice{
	{Owner, "Changes the profile, posts at once"}, {Publisher, "Posts at once, approves"}, {Drafter, "Writes; somebody approves"}, {Viewer, "Reads only"},
}
