package console

import "rookery/tenant/access"

// The places of a company that not everybody in it has to do with.
const (
	Insights Place = "insights"
	Branding Place = "branding"
	Servers  Place = "servers"
	Data     Place = "data"
)

// companyPlaces are those places in their order, with what one must be allowed for them.
var companyPlaces = []struct {
	place      Place
	text, icon string
	deed       access.Deed
}{
	{People, "People", "users", access.SeeCompany},
	{Audit, "Audit log", "memo", access.ReadAudit},
	{Branding, "Branding", "sliders", access.ManageBrand},
	{Servers, "Servers", "shield", access.Moderate},
	{Security, "Security", "key", access.ManageSecurity},
	{Data, "Data", "card", access.ManageData},
}

// companyEntries are the places that the visitor may go to.
func (h *Handlers) companyEntries(v *visitor) []Entry {
	var out []Entry
	for _, p := range companyPlaces {
		if access.May(v.role, p.deed) == nil {
			out = append(out, Entry{Text: p.text, Icon: p.icon, URL: h.roomURL(v.tenant) + "/" + string(p.place), IsCurrent: v.place == p.place})
		}
	}
	// The room shows others the plan and what is in use, but is no place of theirs.
	if h.Billing != nil && access.May(v.role, access.ManageBilling) == nil {
		out = append(out, Entry{Text: "Plan and billing", Icon: "receipt", URL: h.billingURL(v.tenant), IsCurrent: v.place == PlanAndBilling})
	}
	return out
}
