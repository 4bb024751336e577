package stripefake

import (
	"slices"
	"strconv"
)

// schedule is a subscription schedule: phases with other items, as downgrades
// at the period's end use them.
type schedule struct {
	id, customer, subscription string
	status                     string // active, released, canceled, completed
	endBehavior                string
	phases                     []phase
	current                    int
	metadata                   map[string]string
	created, endedAt           int64
}

type phase struct {
	start, end int64
	items      []item
	proration  string
	metadata   map[string]string
}

const phaseFields = `phases.#.items.#.price phases.#.items.#.quantity:int phases.#.items.#.metadata.* phases.#.start_date:time
	phases.#.end_date:int phases.#.iterations:int phases.#.proration_behavior:always_invoice|create_prorations|none
	phases.#.metadata.* phases.#.automatic_tax.enabled:bool phases.#.coupon metadata metadata.* end_behavior:release|cancel`

func (s *Server) scheduleRoutes() []route {
	return []route{
		{"POST /v1/subscription_schedules", specOf("from_subscription metadata.*"), s.createSchedule},
		{"GET /v1/subscription_schedules", specOf(cursors, rangeOfCreated, "customer"), s.listSchedules},
		{"GET /v1/subscription_schedules/{id}", specOf(), s.getSchedule},
		{"POST /v1/subscription_schedules/{id}", specOf(phaseFields, "proration_behavior:always_invoice|create_prorations|none"), s.updateSchedule},
		{"POST /v1/subscription_schedules/{id}/release", specOf("preserve_cancel_date:bool"), s.releaseSchedule},
		{"POST /v1/subscription_schedules/{id}/cancel", specOf("invoice_now:bool prorate:bool"), s.cancelSchedule},
	}
}

func (s *Server) createSchedule(c *call) (any, error) {
	sub, missingErr := s.liveSub(c.p.str("from_subscription"))
	if missingErr != nil {
		return nil, missingErr
	}
	if sub.schedule != "" {
		return nil, wrong("", "from_subscription", "You cannot migrate a subscription that is already attached to a schedule: %s.", sub.schedule)
	}
	sc := &schedule{
		id: s.id("sub_sched"), customer: sub.customer, subscription: sub.id, status: "active", endBehavior: "release",
		phases:   []phase{{start: sub.periodStart, end: sub.periodEnd, items: slices.Clone(sub.items), proration: "create_prorations"}},
		metadata: c.p.mergeMetadata(nil, "metadata"), created: s.nowOf(sub.customer),
	}
	s.schedules.put(sc.id, sc)
	s.emit("subscription_schedule.created", sc.customer, s.scheduleObject(sc), nil)
	s.changeSub(sub, "customer.subscription.updated", func() { sub.schedule = sc.id })
	return s.scheduleObject(sc), nil
}

func (s *Server) liveSchedule(id string) (*schedule, *apiError) {
	sc, ok := s.schedules.get(id)
	if !ok {
		return nil, missing("subscription schedule", id, "id")
	}
	if sc.status != "active" {
		return nil, wrong("", "", "You cannot change a subscription schedule that is %s.", sc.status)
	}
	return sc, nil
}

func (s *Server) updateSchedule(c *call) (any, error) {
	sc, missingErr := s.liveSchedule(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	phases := sc.phases
	if list := c.p.list("phases"); len(list) > 0 {
		var err error
		if phases, err = s.readPhases(sc, list); err != nil {
			return nil, err
		}
	}
	before := s.scheduleObject(sc)
	sc.phases, sc.current = phases, currentPhase(phases, s.nowOf(sc.customer))
	sc.endBehavior = c.p.or("end_behavior", sc.endBehavior)
	sc.metadata = c.p.mergeMetadata(sc.metadata, "metadata")
	after := s.scheduleObject(sc)
	s.emit("subscription_schedule.updated", sc.customer, after, changes(before, after))
	return s.scheduleObject(sc), nil
}

// readPhases reads all phases anew. The current one must begin where it began;
// the others begin where the one before them ends.
func (s *Server) readPhases(sc *schedule, list []params) ([]phase, error) {
	now := s.nowOf(sc.customer)
	out := make([]phase, 0, len(list))
	start := sc.phases[0].start
	for i, in := range list {
		name := "phases[" + strconv.Itoa(i) + "]"
		items, err := s.nextItems(nil, in.list("items"), now)
		if err != nil {
			return nil, err
		}
		if err := s.asSubscribed(sc, in, name); err != nil {
			return nil, err
		}
		if given := in.str("start_date"); given != "" && given != "now" && in.num("start_date") != start {
			return nil, wrong("", name+"[start_date]", "The start date must be %d, where the phase before it ends.", start)
		}
		ph := phase{start: start, items: items, proration: in.or("proration_behavior", "create_prorations"), metadata: in.mergeMetadata(nil, "metadata")}
		every := s.interval(items)
		switch {
		case in.num("end_date") != 0:
			ph.end = in.num("end_date")
		default:
			ph.end = addInterval(start, every.unit, every.count*max(1, in.num("iterations")))
		}
		if ph.end <= start {
			return nil, wrong("", name+"[end_date]", "The end date must be after the start date.")
		}
		out, start = append(out, ph), ph.end
	}
	return out, nil
}

// asSubscribed checks that a phase leaves taxes and the coupon as the subscription has them:
// Stripe drops what a phase does not repeat, and the fake has no other.
func (s *Server) asSubscribed(sc *schedule, in params, name string) *apiError {
	sub, ok := s.subs.get(sc.subscription)
	if !ok {
		return missing("subscription", sc.subscription, "subscription")
	}
	coupon := ""
	if sub.discount != nil {
		coupon = sub.discount.coupon
	}
	if in.flag("automatic_tax.enabled") != sub.automaticTax || in.str("coupon") != coupon {
		return wrong("", name, "The fake's phases keep the taxes and the coupon of the subscription: name both.")
	}
	return nil
}

func currentPhase(phases []phase, now int64) int {
	for i, ph := range phases {
		if now < ph.end {
			return i
		}
	}
	return len(phases) - 1
}

// nextPhase happens at a phase's end, before a renewal at the same moment.
func (s *Server) nextPhase(sc *schedule) {
	sub, ok := s.subs.get(sc.subscription)
	if !ok || sub.over() {
		sc.status = "canceled"
		return
	}
	if sc.current+1 >= len(sc.phases) {
		s.endSchedule(sc, sub)
		return
	}
	sc.current++
	ph := sc.phases[sc.current]
	// Items of the same price go on; the new phase decides all others.
	next := slices.Clone(ph.items)
	for i := range next {
		if at := slices.IndexFunc(sub.items, func(it item) bool { return it.price == next[i].price }); at >= 0 {
			next[i].id = sub.items[at].id
		} else {
			next[i].id = s.id("si")
		}
	}
	if ph.proration != "none" && ph.start < sub.periodEnd {
		sub.prorations = append(sub.prorations, s.numbered(s.prorationLines(sub, next, ph.start, false))...)
	}
	s.changeSub(sub, "customer.subscription.updated", func() {
		sub.items = next
		if len(ph.metadata) > 0 {
			sub.metadata = ph.metadata
		}
	})
	s.emit("subscription_schedule.updated", sc.customer, s.scheduleObject(sc), nil)
}

func (s *Server) endSchedule(sc *schedule, sub *subscription) {
	sc.status, sc.endedAt = "completed", s.nowOf(sc.customer)
	if sc.endBehavior == "cancel" {
		s.emit("subscription_schedule.completed", sc.customer, s.scheduleObject(sc), nil)
		s.cancel(sub, "cancellation_requested")
		return
	}
	s.letGo(sc, sub)
}

func (s *Server) letGo(sc *schedule, sub *subscription) {
	sc.status, sc.endedAt = "released", s.nowOf(sc.customer)
	s.changeSub(sub, "customer.subscription.updated", func() { sub.schedule = "" })
	s.emit("subscription_schedule.released", sc.customer, s.scheduleObject(sc), nil)
}

// dropSchedule ends the schedule of a subscription that was canceled.
func (s *Server) dropSchedule(sub *subscription) {
	if sc, ok := s.schedules.get(sub.schedule); ok && sc.status == "active" {
		sc.status, sc.endedAt = "canceled", s.nowOf(sc.customer)
		s.emit("subscription_schedule.canceled", sc.customer, s.scheduleObject(sc), nil)
	}
}

func (s *Server) releaseSchedule(c *call) (any, error) {
	sc, missingErr := s.liveSchedule(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	s.letGo(sc, s.subs.byID[sc.subscription])
	return s.scheduleObject(sc), nil
}

func (s *Server) cancelSchedule(c *call) (any, error) {
	sc, missingErr := s.liveSchedule(c.id)
	if missingErr != nil {
		return nil, missingErr
	}
	s.cancel(s.subs.byID[sc.subscription], "cancellation_requested")
	return s.scheduleObject(sc), nil
}

func (s *Server) getSchedule(c *call) (any, error) {
	sc, ok := s.schedules.get(c.id)
	if !ok {
		return nil, missing("subscription schedule", c.id, "id")
	}
	return s.scheduleObject(sc), nil
}

func (s *Server) listSchedules(c *call) (any, error) {
	return page(c, s.schedules.all(), func(sc *schedule) string { return sc.id }, func(sc *schedule) bool {
		return c.p.createdIn("created", sc.created) && (c.p.str("customer") == "" || c.p.str("customer") == sc.customer)
	}, s.scheduleObject)
}

func (s *Server) scheduleObject(sc *schedule) obj {
	var phases []any
	for _, ph := range sc.phases {
		var items []any
		for _, it := range ph.items {
			items = append(items, obj{"price": ref(it.price), "quantity": it.quantity, "metadata": metadata(it.metadata), "tax_rates": []any{}})
		}
		phases = append(phases, obj{"currency": s.currencyOf(ph.items), "start_date": ph.start, "end_date": ph.end, "items": items, "proration_behavior": ph.proration,
			"metadata": metadata(ph.metadata), "add_invoice_items": []any{}})
	}
	out := obj{
		"id": sc.id, "object": "subscription_schedule", "created": sc.created, "customer": ref(sc.customer), "current_phase": nil,
		"end_behavior": sc.endBehavior, "livemode": false, "metadata": metadata(sc.metadata), "phases": phases, "status": sc.status,
		"subscription": ref(sc.subscription), "released_subscription": nil, "released_at": nil, "canceled_at": nil, "completed_at": nil,
		"default_settings": obj{"billing_cycle_anchor": "automatic", "collection_method": "charge_automatically", "default_payment_method": nil},
	}
	switch sc.status {
	case "active":
		ph := sc.phases[sc.current]
		out["current_phase"] = obj{"start_date": ph.start, "end_date": ph.end}
	case "released":
		out["subscription"], out["released_subscription"], out["released_at"] = ref(""), text(sc.subscription), sc.endedAt
	default:
		out[sc.status+"_at"] = sc.endedAt
	}
	return out
}
