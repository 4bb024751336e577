package stripefake

import (
	"encoding/json"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// event is what happened, with the object as it was then.
type event struct {
	id, customer string
	kind         stripe.EventType
	created      int64
	object       json.RawMessage
	previous     obj
	cause        cause
	pending      map[string]bool // endpoints that have not taken it
}

func (s *Server) eventRoutes() []route {
	return []route{
		{"GET /v1/events", specOf(cursors, rangeOfCreated, "type types.# delivery_success:bool"), s.listEvents},
		{"GET /v1/events/{id}", specOf(), s.getEvent},
	}
}

// emit writes an event down and posts it to the endpoints that listen.
func (s *Server) emit(kind stripe.EventType, customer string, object, previous obj) {
	body, err := json.Marshal(object)
	if err != nil {
		return // objects are made of plain values
	}
	ev := &event{
		id: s.id("evt"), kind: kind, customer: customer, created: s.nowOf(customer), object: body,
		previous: previous, cause: s.cause, pending: map[string]bool{},
	}
	s.events.put(ev.id, ev)
	for _, ep := range s.endpoints.all() {
		if ep.listens(kind) {
			ev.pending[ep.id] = true
			s.enqueue(ev, ep)
		}
	}
	s.wakePost()
}

func (s *Server) getEvent(c *call) (any, error) {
	ev, ok := s.events.get(c.id)
	if !ok {
		return nil, missing("event", c.id, "id")
	}
	return s.eventObject(ev), nil
}

func (s *Server) listEvents(c *call) (any, error) {
	types := c.p.texts("types")
	if kind := c.p.str("type"); kind != "" {
		if types != nil {
			return nil, wrong("", "type", "You may pass either type or types.")
		}
		types = []string{kind}
	}
	return page(c, s.events.all(), func(ev *event) string { return ev.id }, func(ev *event) bool {
		if c.p.has("delivery_success") && c.p.flag("delivery_success") != (len(ev.pending) == 0) {
			return false
		}
		return c.p.createdIn("created", ev.created) && (types == nil || kindFits(types, ev.kind))
	}, s.eventObject)
}

// kindFits knows a wildcard at the end, such as invoice.*
func kindFits(types []string, kind stripe.EventType) bool {
	for _, want := range types {
		if want == string(kind) || want == "*" {
			return true
		}
		if prefix, ok := strings.CutSuffix(want, "*"); ok && strings.HasPrefix(string(kind), prefix) {
			return true
		}
	}
	return false
}

// eventObject is an event as the API lists it: in the account's version, as
// Stripe does, whatever the request's version is.
func (s *Server) eventObject(ev *event) obj { return s.eventAs(ev, s.opts.AccountVersion) }

// eventAs is an event in the shape of a version.
func (s *Server) eventAs(ev *event, version string) obj {
	var object any = ev.object
	if version != Version() {
		object = newerShape(ev.object)
	}
	data := obj{"object": object}
	if ev.previous != nil {
		data["previous_attributes"] = ev.previous
	}
	return obj{
		"id": ev.id, "object": "event", "api_version": version, "created": ev.created, "data": data, "livemode": false,
		"pending_webhooks": len(ev.pending), "type": string(ev.kind),
		"request": obj{"id": text(ev.cause.request), "idempotency_key": text(ev.cause.key)},
	}
}

// newerShape moves what later versions have elsewhere: a subscription's
// periods to its items, an invoice's subscription to its parent.
func newerShape(raw json.RawMessage) any {
	var o map[string]any
	if json.Unmarshal(raw, &o) != nil {
		return raw
	}
	switch o["object"] {
	case "subscription":
		list, _ := o["items"].(map[string]any)
		items, _ := list["data"].([]any)
		for _, it := range items {
			if it, ok := it.(map[string]any); ok {
				it["current_period_start"], it["current_period_end"] = o["current_period_start"], o["current_period_end"]
			}
		}
		delete(o, "current_period_start")
		delete(o, "current_period_end")
	case "invoice":
		o["parent"] = map[string]any{"type": "subscription_details", "quote_details": nil,
			"subscription_details": map[string]any{"subscription": o["subscription"], "metadata": map[string]any{}}}
		for _, gone := range []string{"subscription", "subscription_details", "payment_intent", "charge", "paid", "tax", "total_tax_amounts", "discount"} {
			delete(o, gone)
		}
	}
	return o
}
