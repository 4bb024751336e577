package staff

import (
	"context"
	"slices"

	billingstore "rookery/billing/store"
	"rookery/internal/pg"
	"rookery/tenant/access"
)

// today is what the first screen says before anything else: whether something waits for who
// looks at it. Without billing it speaks of names alone, and only where one waits.
func (h *Handlers) today(ctx context.Context, tx *pg.PlatformTx, v *visitor) ([]Glance, error) {
	names := Glance{Title: "Names", URL: Base + "/matters#names", N: v.waiting.Names, Some: "to review or to decide", None: "None waits"}
	if h.Billing == nil {
		if names.N == 0 {
			return nil, nil
		}
		return []Glance{names}, nil
	}
	standings, err := billingstore.StandingCounts(ctx, tx)
	if err != nil {
		return nil, err
	}
	late := 0
	for _, s := range standings {
		if slices.Contains(owing, s.Standing) {
			late += s.N
		}
	}
	out := []Glance{
		{Title: "Matters", URL: Base + "/matters", N: v.waiting.Matters, Some: "for a person to decide", None: "Nothing to decide"}, names,
		{Title: "Unpaid", URL: Base + "/dunning", N: late, Some: "past their trial or their invoice", None: "Everybody has paid"},
	}
	if v.may(access.SeeMoney) {
		out = append(out, Glance{Title: "Events that wait", URL: Base + "/events?outcome=waiting", N: v.waiting.Events, Some: "for more than five minutes", None: "All are looked at"})
	}
	return out, nil
}
