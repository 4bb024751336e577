package stripefake

import (
	"time"

	"github.com/stripe/stripe-go/v76"
)

// clock is the time of some customers: a test clock, or with an empty id the
// global one, which follows Options.Now.
type clock struct {
	id, name    string
	at, created int64
	advancing   bool // nobody has looked since it was moved
}

// What Stripe allows of a test clock (docs.stripe.com/billing/testing/test-clocks).
const (
	customersOfClock = 3
	intervalsAtOnce  = 2 // of the shortest subscription
)

func (s *Server) clockRoutes() []route {
	return []route{
		{"POST /v1/test_helpers/test_clocks", specOf("frozen_time:int name"), s.createClock},
		{"GET /v1/test_helpers/test_clocks/{id}", specOf(), s.getClock},
		{"POST /v1/test_helpers/test_clocks/{id}/advance", specOf("frozen_time:int"), s.advanceClock},
		{"DELETE /v1/test_helpers/test_clocks/{id}", specOf(), s.deleteClock},
	}
}

// now is a clock's time.
func (s *Server) now(id string) int64 {
	if c, ok := s.clocks[id]; ok {
		return c.at
	}
	return s.clocks[""].at
}

// nowOf is the time of a customer's clock.
func (s *Server) nowOf(customer string) int64 {
	if cu, ok := s.customers.get(customer); ok {
		return s.now(cu.testClock)
	}
	return s.now("")
}

// Now is the fake's time: the wall clock and what Advance added.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return time.Unix(s.now(""), 0).UTC()
}

// Advance moves the global clock; all that falls due on the way happens in its
// order.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.tick()
}

// tick lets happen what fell due on the global clock.
func (s *Server) tick() {
	until := s.opts.Now().Add(s.offset).Unix()
	s.passTime(s.clocks[""], until)
	s.forgetReplies(s.now(""))
	s.wakePost()
}

// passTime moves a clock from event to event. It never goes back.
func (s *Server) passTime(c *clock, until int64) {
	for {
		next, ok := s.nextDue(c)
		if !ok || next.at > until {
			break
		}
		c.at = max(c.at, next.at)
		next.act()
	}
	c.at = max(c.at, until)
}

func (s *Server) createClock(c *call) (any, error) {
	if !c.p.has("frozen_time") {
		return nil, required("frozen_time")
	}
	made := &clock{id: s.id("clock"), name: c.p.str("name"), at: c.p.num("frozen_time"), created: s.now("")}
	s.clocks[made.id] = made
	s.emit("test_helpers.test_clock.created", "", clockObject(made), nil)
	return clockObject(made), nil
}

func (s *Server) getClock(c *call) (any, error) {
	have, ok := s.clocks[c.id]
	if !ok {
		return nil, missing("test clock", c.id, "id")
	}
	have.advancing = false
	return clockObject(have), nil
}

// advanceClock has done all of it before it answers that it begins, as
// Stripe's answer says: who goes on must look until it is ready.
func (s *Server) advanceClock(c *call) (any, error) {
	have, ok := s.clocks[c.id]
	if !ok {
		return nil, missing("test clock", c.id, "id")
	}
	if have.advancing {
		return nil, wrong("", "", "Test clock advancement underway - cannot perform modifications.")
	}
	if c.p.num("frozen_time") <= have.at {
		return nil, wrong("", "frozen_time", "The frozen_time must be later than the clock's current one.")
	}
	if c.p.num("frozen_time") > s.furthest(have) {
		return nil, wrong("", "frozen_time", "You cannot advance a test clock by more than %d intervals of its shortest subscription at once.", intervalsAtOnce)
	}
	s.cause = cause{}
	s.passTime(have, c.p.num("frozen_time"))
	s.emit("test_helpers.test_clock.ready", "", clockObject(have), nil)
	have.advancing = true
	return clockObject(have), nil
}

// furthest is how far a clock may be moved at once: two years where nothing
// recurs.
func (s *Server) furthest(of *clock) int64 {
	limit := addInterval(of.at, "year", intervalsAtOnce)
	for _, sub := range s.subs.all() {
		if cu, ok := s.customers.get(sub.customer); ok && cu.testClock == of.id && !sub.over() {
			every := s.interval(sub.items)
			limit = min(limit, addInterval(of.at, every.unit, every.count*intervalsAtOnce))
		}
	}
	return limit
}

// deleteClock removes its customers too.
func (s *Server) deleteClock(c *call) (any, error) {
	if _, ok := s.clocks[c.id]; !ok {
		return nil, missing("test clock", c.id, "id")
	}
	for _, cu := range s.customers.all() {
		if cu.testClock == c.id && !cu.deleted {
			s.removeCustomer(cu)
		}
	}
	delete(s.clocks, c.id)
	return obj{"id": c.id, "object": "test_helpers.test_clock", "deleted": true}, nil
}

func clockObject(c *clock) obj {
	status := stripe.TestHelpersTestClockStatusReady
	if c.advancing {
		status = stripe.TestHelpersTestClockStatusAdvancing
	}
	return obj{
		"id": c.id, "object": "test_helpers.test_clock", "created": c.created, "deletes_after": c.created + 30*day,
		"frozen_time": c.at, "livemode": false, "name": text(c.name), "status": string(status),
	}
}
