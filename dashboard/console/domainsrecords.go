package console

import (
	"fmt"
	"strings"

	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
)

// records are what to change in DNS for one kind of check, from what the last look found.
func (s setUp) records(d domains.Standing, kind tenant.CheckKind) []DomainRecord {
	c := d.Check(kind)
	if c == nil {
		c = &tenant.DomainCheck{}
	}
	if kind == tenant.CheckOwnership {
		return []DomainRecord{proofRecord(d, c)}
	}
	if kind != tenant.CheckRouting {
		return nil
	}
	return s.routingRecords(d, c)
}

func proofRecord(d domains.Standing, c *tenant.DomainCheck) DomainRecord {
	full := look.ChallengeLabel + "." + hostOf(d.Name)
	r := DomainRecord{Caption: "Add this record", Type: "TXT", Name: inZone(full, d), Full: full, Value: look.ProofOf(d.Token)}
	switch doctor.Code(c.Code) {
	case doctor.OwnershipOther:
		r.Caption, r.Was = "Change this record", c.Detail["seen"]
	case doctor.OwnershipMisplaced, doctor.ZoneDoubled:
		r.Caption, r.WasName = "Move this record", c.Detail["seen"]
	}
	return r
}

// inZone is a name as most providers' forms want it.
func inZone(full string, d domains.Standing) string {
	zone := hostOf(d.Registrable)
	if full == zone {
		return "@"
	}
	return strings.TrimSuffix(full, "."+zone)
}

func (s setUp) routingRecords(d domains.Standing, c *tenant.DomainCheck) []DomainRecord {
	seen := listed(c.Detail["seen"])
	host := hostOf(d.Name)
	record := func(caption, kind, was, value string) DomainRecord {
		return DomainRecord{Caption: caption, Type: kind, Name: inZone(host, d), Full: host, Was: was, Value: value}
	}
	remove := func(list []string) (out []DomainRecord) {
		for _, address := range list {
			out = append(out, record("Delete this record", addressType(address), address, ""))
		}
		return out
	}
	var add []DomainRecord
	for _, want := range s.targets(d, c) {
		add = append(add, record("Add this record", want[0], "", want[1]))
	}
	switch doctor.Code(c.Code) {
	case "", doctor.NoRecords:
		return add
	case doctor.WrongCNAME:
		if len(add) == 1 && add[0].Type == "CNAME" {
			return []DomainRecord{record("Change this record", "CNAME", c.Detail["seen"], add[0].Value)}
		}
	case doctor.CNAMEAtApex:
		return append([]DomainRecord{record("Delete this record", "CNAME", c.Detail["seen"], "")}, add...)
	case doctor.WrongA:
		if len(add) == 1 && len(seen) == 1 && add[0].Type == addressType(seen[0]) {
			return []DomainRecord{record("Change this record", add[0].Type, seen[0], add[0].Value)}
		}
		return append(remove(seen), add...)
	case doctor.ProxiedCloudflare:
		for i := range add {
			add[i].Caption = "Set this record to “DNS only”"
		}
		return add
	case doctor.WrongAAAALeftover:
		return remove(seen)
	case doctor.MultipleA:
		return remove(listed(c.Detail["foreign"]))
	case doctor.ZoneDoubled:
		for i := range add {
			add[i].Caption, add[i].WasName = "Move this record", c.Detail["seen"]
		}
		return add
	case doctor.CAAForbids:
		from := c.Detail["from"]
		return []DomainRecord{{Caption: "Add this record", Type: "CAA", Name: inZone(from, d), Full: from, Value: c.Detail["want"]}}
	}
	return nil
}

// targets are the records that lead a name here: an alias where one can be, else addresses.
func (s setUp) targets(d domains.Standing, c *tenant.DomainCheck) (out [][2]string) {
	atApex := c.Detail["at_apex"] != "" || hostOf(d.Name) == hostOf(d.Registrable)
	addresses := listed(c.Detail["want_addresses"])
	if len(addresses) == 0 {
		addresses = s.addresses
	}
	if s.edge != "" && (!atApex || len(addresses) == 0) {
		return [][2]string{{"CNAME", s.edge}}
	}
	for _, address := range addresses {
		out = append(out, [2]string{addressType(address), address})
	}
	return out
}

func addressType(address string) string {
	switch {
	case strings.Contains(address, ":"):
		return "AAAA"
	case strings.Trim(address, "0123456789.") == "":
		return "A"
	}
	return "CNAME"
}

func listed(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}

// number tells several records apart.
func number(list []DomainRecord) []DomainRecord {
	if len(list) > 1 {
		for i := range list {
			list[i].Caption = fmt.Sprintf("%d. %s", i+1, list[i].Caption)
		}
	}
	return list
}

// names are what recipes and letters are filled in with.
func (s setUp) names() doctor.Names {
	together := make([]*tenant.Domain, len(s.parts))
	for i, d := range s.parts {
		together[i] = d.Domain
	}
	return doctor.NamesOf(s.edge, s.addresses, together...)
}
