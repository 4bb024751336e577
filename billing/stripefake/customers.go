package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

type customer struct {
	id, name, email, phone, description string
	currency                            string // of the first invoice
	testClock                           string
	address                             map[string]string
	metadata                            map[string]string
	taxExempt                           string
	balance                             int64 // negative: credit
	defaultMethod                       string
	discount                            *discount
	invoices                            int // numbers given
	deleted                             bool
	created                             int64
	declineNext                         []string // codes of the next charges' declines
}

const customerFields = `name email phone description address address.line1 address.line2 address.city address.state
	address.postal_code address.country metadata metadata.* tax_exempt:none|exempt|reverse preferred_locales.#
	balance:int coupon promotion_code invoice_settings.default_payment_method tax.validate_location:deferred|immediately`

func (s *Server) customerRoutes() []route {
	return []route{
		{"POST /v1/customers", specOf(customerFields, "test_clock payment_method"), s.createCustomer},
		{"GET /v1/customers", specOf(cursors, rangeOfCreated, "email test_clock"), s.listCustomers},
		{"GET /v1/customers/{id}", specOf(), s.getCustomer},
		{"POST /v1/customers/{id}", specOf(customerFields), s.updateCustomer},
		{"DELETE /v1/customers/{id}", specOf(), s.deleteCustomer},
		{"DELETE /v1/customers/{id}/discount", specOf(), s.deleteCustomerDiscount},
		{"GET /v1/customers/{id}/payment_methods", specOf(cursors, "type:card"), s.listCustomerMethods},
	}
}

// liveCustomer is a customer that can still be changed.
func (s *Server) liveCustomer(id, param string) (*customer, *apiError) {
	cu, ok := s.customers.get(id)
	switch {
	case ok && !cu.deleted:
		return cu, nil
	case param == "id": // of the path
		return nil, missing("customer", id, param)
	}
	return nil, absent("customer", id, param)
}

func (s *Server) createCustomer(c *call) (any, error) {
	clock := c.p.str("test_clock")
	if _, ok := s.clocks[clock]; !ok {
		return nil, absent("test clock", clock, "test_clock")
	}
	if clock != "" && s.customersOn(clock) == customersOfClock {
		return nil, wrong("", "test_clock", "You have reached the limit of %d customers for this test clock.", customersOfClock)
	}
	cu := &customer{testClock: clock, created: s.now(clock), taxExempt: "none"}
	if err := s.fillCustomer(cu, c.p); err != nil {
		return nil, err
	}
	cu.id = s.id("cus")
	s.customers.put(cu.id, cu)
	if token := c.p.str("payment_method"); token != "" {
		m, err := s.attach(token, cu)
		if err != nil {
			s.customers.remove(cu.id)
			return nil, err
		}
		if c.p.str("invoice_settings.default_payment_method") == token {
			cu.defaultMethod = m.id
		}
	}
	out := s.customerObject(cu)
	s.emit("customer.created", cu.id, s.customerObject(cu), nil)
	return out, nil
}

func (s *Server) customersOn(clock string) (n int) {
	for _, cu := range s.customers.all() {
		if cu.testClock == clock {
			n++
		}
	}
	return n
}

// fillCustomer sets what was sent; it changes nothing when something is wrong.
func (s *Server) fillCustomer(cu *customer, p params) error {
	next := *cu
	for path, field := range map[string]*string{
		"name": &next.name, "email": &next.email, "phone": &next.phone,
		"description": &next.description, "tax_exempt": &next.taxExempt,
	} {
		if p.has(path) {
			*field = p.str(path)
		}
	}
	if p.has("address") {
		next.address = nil
		if address := p.below("address"); len(address) > 0 {
			next.address = address
		}
	}
	if p.has("metadata") {
		next.metadata = p.mergeMetadata(next.metadata, "metadata")
	}
	if p.has("balance") {
		next.balance = p.num("balance")
	}
	if method := "invoice_settings.default_payment_method"; p.has(method) && p.str(method) != p.str("payment_method") {
		m, ok := s.methods.get(p.str(method))
		if p.str(method) != "" && (!ok || m.customer != cu.id) {
			return wrong(stripe.ErrorCodeResourceMissing, bracketed(method),
				"No such PaymentMethod: '%s'; the customer does not have a payment method with that ID.", p.str(method))
		}
		next.defaultMethod = p.str(method)
	}
	if p.has("coupon") || p.has("promotion_code") {
		d, err := s.discountOf(p, s.now(cu.testClock))
		if err != nil {
			return err
		}
		s.redeem(d)
		next.discount = d
	}
	*cu = next
	return nil
}

func (s *Server) getCustomer(c *call) (any, error) {
	cu, ok := s.customers.get(c.id)
	if !ok {
		return nil, missing("customer", c.id, "id")
	}
	return s.customerObject(cu), nil
}

func (s *Server) listCustomers(c *call) (any, error) {
	return page(c, s.customers.all(), func(cu *customer) string { return cu.id }, func(cu *customer) bool {
		return !cu.deleted && c.p.createdIn("created", cu.created) &&
			(c.p.str("email") == "" || c.p.str("email") == cu.email) && c.p.str("test_clock") == cu.testClock
	}, s.customerObject)
}

func (s *Server) updateCustomer(c *call) (any, error) {
	cu, missingErr := s.liveCustomer(c.id, "id")
	if missingErr != nil {
		return nil, missingErr
	}
	before := s.customerObject(cu)
	if err := s.fillCustomer(cu, c.p); err != nil {
		return nil, err
	}
	s.customerChanged(cu, before)
	return s.customerObject(cu), nil
}

func (s *Server) customerChanged(cu *customer, before obj) {
	after := s.customerObject(cu)
	if was := changes(before, after); len(was) > 0 {
		s.emit("customer.updated", cu.id, after, was)
	}
}

func (s *Server) deleteCustomer(c *call) (any, error) {
	cu, missingErr := s.liveCustomer(c.id, "id")
	if missingErr != nil {
		return nil, missingErr
	}
	s.removeCustomer(cu)
	return s.customerObject(cu), nil
}

// removeCustomer ends the subscriptions first, as Stripe does.
func (s *Server) removeCustomer(cu *customer) {
	for _, sub := range s.subs.all() {
		if sub.customer == cu.id && !sub.over() {
			s.cancel(sub, "cancellation_requested")
		}
	}
	last := s.customerObject(cu)
	cu.deleted = true
	for _, m := range s.methods.all() {
		if m.customer == cu.id {
			m.customer = ""
		}
	}
	s.emit("customer.deleted", cu.id, last, nil)
}

func (s *Server) deleteCustomerDiscount(c *call) (any, error) {
	cu, missingErr := s.liveCustomer(c.id, "id")
	if missingErr != nil {
		return nil, missingErr
	}
	if cu.discount == nil {
		return nil, missing("discount", c.id, "")
	}
	gone := s.discountObject(cu.discount, cu.id, "")
	cu.discount = nil
	delete(gone, "end")
	gone["deleted"] = true
	s.emit("customer.discount.deleted", cu.id, gone, nil)
	return gone, nil
}

func (s *Server) customerObject(cu *customer) obj {
	if cu.deleted {
		return obj{"id": cu.id, "object": "customer", "deleted": true}
	}
	return obj{
		"id": cu.id, "object": "customer", "livemode": false, "created": cu.created,
		"name": text(cu.name), "email": text(cu.email), "phone": text(cu.phone),
		"description": text(cu.description), "address": addressObject(cu.address),
		"balance": cu.balance, "currency": text(cu.currency), "delinquent": s.delinquent(cu),
		"default_source": nil, "discount": s.discountObject(cu.discount, cu.id, ""),
		"invoice_settings": obj{"default_payment_method": ref(cu.defaultMethod), "custom_fields": nil, "footer": nil},
		"metadata":         metadata(cu.metadata), "preferred_locales": []any{}, "shipping": nil,
		"tax_exempt": cu.taxExempt, "test_clock": ref(cu.testClock),
	}
}

func addressObject(address map[string]string) any {
	if address == nil {
		return nil
	}
	out := obj{}
	for _, field := range []string{"line1", "line2", "city", "state", "postal_code", "country"} {
		out[field] = text(address[field])
	}
	return out
}

// delinquent: the latest charge of an invoice failed.
func (s *Server) delinquent(cu *customer) bool {
	for _, inv := range s.invoices.all() {
		if inv.customer == cu.id && inv.status == "open" && inv.attempted {
			return true
		}
	}
	return false
}
