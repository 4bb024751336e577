package console

import (
	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// PlanNote says that the company's plan does not reach, and where that can be changed.
type PlanNote struct {
	Text string
	Plan string // that includes it; "": none, or it is not about what plans include
	URL  string // of the room of plan and invoices; "" for whom it is not open
}

// offersURL leads whoever may change the plan to where that is done.
func (h *Handlers) offersURL(v *visitor) string {
	if h.Billing == nil || access.May(v.role, access.ManageBilling) != nil {
		return ""
	}
	return h.billingURL(v.tenant)
}

// planNote is the note of an error with which package entitled says no; nil: it is another one.
func (h *Handlers) planNote(v *visitor, err error) *PlanNote {
	if !entitled.IsNo(err) {
		return nil
	}
	return &PlanNote{Text: fault.TextOf(err), URL: h.offersURL(v)}
}

// without is the note of a feature that the company's plan does not have; nil: it has it.
func (h *Handlers) without(v *visitor, f tenant.Feature) *PlanNote {
	note := h.planNote(v, entitled.ToUse(v.tenant, f))
	if note != nil {
		note.Plan = h.planWith(f)
	}
	return note
}

// planWith names the smallest plan on sale that has a feature.
func (h *Handlers) planWith(f tenant.Feature) string {
	if h.Offers == nil {
		return ""
	}
	for _, p := range h.Offers.Public() {
		if p.Limits.Has(f) {
			return p.Name
		}
	}
	return ""
}
