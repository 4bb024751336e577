package stripefake

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/stripe/stripe-go/v76"
)

// session is a Checkout session.
type session struct {
	id, customer, email, reference  string
	status, payment                 string // open, complete, expired; paid, unpaid, no_payment_required
	data                            params // as the subscription's parameters
	success, cancel, locale         string
	metadata                        map[string]string
	allowCodes, automaticTax        bool
	needsAddress, keepsAddress      bool
	cardIfRequired                  bool
	created, expires                int64
	subscription, invoice, currency string
}

const sessionFields = `mode:subscription|payment|setup customer customer_email client_reference_id success_url cancel_url
	expires_at:int line_items.#.price line_items.#.quantity:int metadata metadata.* allow_promotion_codes:bool
	automatic_tax.enabled:bool billing_address_collection:auto|required tax_id_collection.enabled:bool
	customer_update.address:auto|never customer_update.name:auto|never customer_update.shipping:auto|never
	payment_method_collection:always|if_required payment_method_types.#:card locale ui_mode:hosted
	phone_number_collection.enabled:bool consent_collection.terms_of_service:none|required custom_text.submit.message
	discounts.#.coupon discounts.#.promotion_code subscription_data.description subscription_data.metadata.*
	subscription_data.trial_end:int subscription_data.trial_period_days:int
	subscription_data.trial_settings.end_behavior.missing_payment_method:cancel|create_invoice|pause`

func (s *Server) checkoutRoutes() []route {
	return []route{
		{"POST /v1/checkout/sessions", specOf(sessionFields), s.createSession},
		{"GET /v1/checkout/sessions", specOf(cursors, rangeOfCreated, "customer subscription status:open|complete|expired"), s.listSessions},
		{"GET /v1/checkout/sessions/{id}", specOf(), s.getSession},
		{"GET /v1/checkout/sessions/{id}/line_items", specOf(cursors), s.listLineItems},
		{"POST /v1/checkout/sessions/{id}/expire", specOf(), s.expireNow},
	}
}

func (s *Server) createSession(c *call) (any, error) {
	cs, err := s.sessionOf(c.p)
	if err != nil {
		return nil, err
	}
	cu := &customer{testClock: ""}
	if cs.customer != "" {
		cu = s.customers.byID[cs.customer]
	}
	o, err := s.orderOf(cs.data, cu)
	if err != nil {
		return nil, err
	}
	cs.id, cs.created, cs.currency = s.id("cs_test"), s.now(cu.testClock), s.currencyOf(o.items)
	cs.expires = cs.created + sessionLife
	if at := c.p.num("expires_at"); at != 0 {
		if at < cs.created+hour/2 || at > cs.expires {
			return nil, wrong("", "expires_at", "The expires_at timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.")
		}
		cs.expires = at
	}
	s.sessions.put(cs.id, cs)
	return s.sessionObject(cs), nil
}

// sessionOf reads and checks what needs no subscription.
func (s *Server) sessionOf(p params) (*session, error) {
	if p.str("mode") != "subscription" {
		return nil, wrong("", "mode", "The fake has Checkout in mode subscription only.")
	}
	cs := &session{
		customer: p.str("customer"), email: p.str("customer_email"), reference: p.str("client_reference_id"),
		status: "open", payment: "unpaid", success: p.str("success_url"), cancel: p.str("cancel_url"), locale: p.str("locale"),
		metadata: p.mergeMetadata(nil, "metadata"), allowCodes: p.flag("allow_promotion_codes"),
		automaticTax: p.flag("automatic_tax.enabled"), cardIfRequired: p.str("payment_method_collection") == "if_required",
	}
	for name, address := range map[string]string{"success_url": cs.success, "cancel_url": cs.cancel} {
		if err := checkURL(name, address, name == "success_url"); err != nil {
			return nil, err
		}
	}
	if cs.allowCodes && p.has("discounts") {
		return nil, wrong("", "", "You may only specify one of these parameters: allow_promotion_codes, discounts.")
	}
	cs.keepsAddress = cs.customer == "" || p.str("customer_update.address") == "auto"
	cs.needsAddress = p.str("billing_address_collection") == "required" || cs.automaticTax && cs.keepsAddress
	if cs.customer != "" {
		cu, err := s.liveCustomer(cs.customer, "customer")
		if err != nil {
			return nil, err
		}
		if cs.email != "" {
			return nil, wrong("", "", "You may only specify one of these parameters: customer, customer_email.")
		}
		if cs.automaticTax && cu.address["country"] == "" && !cs.keepsAddress {
			return nil, wrong(stripe.ErrorCodeCustomerTaxLocationInvalid, "", "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set `customer_update[address]` to 'auto'.")
		}
		if p.flag("tax_id_collection.enabled") && p.str("customer_update.name") != "auto" {
			return nil, wrong("", "", "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.")
		}
	} else if p.has("customer_update") {
		return nil, wrong("", "customer_update", "`customer_update` can only be used with `customer`.")
	}
	cs.data = subscriptionOf(p)
	return cs, nil
}

// subscriptionOf rewrites a session's parameters as a subscription's.
func subscriptionOf(p params) params {
	out := p.below("subscription_data")
	for i, in := range p.list("line_items") {
		at := "items." + strconv.Itoa(i)
		out[at+".price"], out[at+".quantity"] = in.str("price"), in.or("quantity", "1")
	}
	for path, value := range p.below("discounts") {
		out["discounts."+path] = value
	}
	out["automatic_tax.enabled"] = p.str("automatic_tax.enabled")
	return out
}

func checkURL(name, address string, needed bool) *apiError {
	if address == "" && !needed {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return wrong("url_invalid", name, "Not a valid URL")
	}
	return nil
}

func (s *Server) getSession(c *call) (any, error) {
	cs, ok := s.sessions.get(c.id)
	if !ok {
		return nil, missing("checkout.session", c.id, "session")
	}
	return s.sessionObject(cs), nil
}

func (s *Server) listSessions(c *call) (any, error) {
	same := func(path, have string) bool { return c.p.str(path) == "" || c.p.str(path) == have }
	return page(c, s.sessions.all(), func(cs *session) string { return cs.id }, func(cs *session) bool {
		return same("customer", cs.customer) && same("subscription", cs.subscription) && same("status", cs.status) &&
			c.p.createdIn("created", cs.created)
	}, s.sessionObject)
}

func (s *Server) listLineItems(c *call) (any, error) {
	cs, ok := s.sessions.get(c.id)
	if !ok {
		return nil, missing("checkout.session", c.id, "session")
	}
	items := s.sessionItems(cs)
	slices.Reverse(items)
	at := 0
	return page(c, items, func(it item) string { return it.price }, nil, func(it item) obj {
		at++
		pr, _ := s.prices.get(it.price)
		return obj{"id": "li_" + cs.id + "_" + strconv.Itoa(at), "object": "item", "price": s.priceObject(pr), "quantity": it.quantity,
			"currency": pr.currency, "description": s.label(it), "amount_subtotal": pr.amount * it.quantity,
			"amount_total": pr.amount * it.quantity, "amount_tax": 0, "amount_discount": 0}
	})
}

func (s *Server) sessionItems(cs *session) []item {
	items, err := s.nextItems(nil, cs.data.list("items"), cs.created)
	if err != nil { // a price was archived meanwhile: it is sold nevertheless
		items = nil
		for _, in := range cs.data.list("items") {
			items = append(items, item{price: in.str("price"), quantity: in.num("quantity"), created: cs.created})
		}
	}
	return items
}

func (s *Server) expireNow(c *call) (any, error) {
	cs, ok := s.sessions.get(c.id)
	if !ok {
		return nil, missing("checkout.session", c.id, "session")
	}
	if cs.status != "open" {
		return nil, wrong("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", cs.status)
	}
	s.expireSession(cs)
	return s.sessionObject(cs), nil
}

func (s *Server) expireSession(cs *session) {
	cs.status = "expired"
	s.emit("checkout.session.expired", cs.customer, s.sessionObject(cs), nil)
}

func (s *Server) sessionObject(cs *session) obj {
	quote := s.quote(cs, nil)
	out := obj{
		"id": cs.id, "object": "checkout.session", "allow_promotion_codes": cs.allowCodes, "amount_subtotal": quote.subtotal,
		"amount_total": quote.total, "automatic_tax": obj{"enabled": cs.automaticTax, "status": text(quote.taxStatus)},
		"cancel_url": text(cs.cancel), "success_url": cs.success, "client_reference_id": text(cs.reference), "created": cs.created,
		"currency": cs.currency, "customer": ref(cs.customer), "customer_email": text(cs.email), "expires_at": cs.expires,
		"invoice": ref(cs.invoice), "livemode": false, "locale": text(cs.locale), "metadata": metadata(cs.metadata),
		"mode": "subscription", "payment_intent": ref(""), "payment_status": cs.payment, "payment_method_types": []any{"card"},
		"payment_method_collection": map[bool]string{true: "if_required", false: "always"}[cs.cardIfRequired],
		"status":                    cs.status, "subscription": ref(""), "ui_mode": "hosted", "url": nil,
		"custom_fields": []any{}, "custom_text": obj{"shipping_address": nil, "submit": nil}, "shipping_options": []any{},
		"total_details": obj{"amount_discount": quote.off, "amount_shipping": 0, "amount_tax": quote.tax},
	}
	if cu, ok := s.customers.get(cs.customer); ok && cs.status == "complete" {
		out["customer_details"] = obj{"address": addressObject(cu.address), "email": text(cu.email), "name": text(cu.name), "phone": nil, "tax_exempt": cu.taxExempt, "tax_ids": []any{}}
	}
	switch cs.status {
	case "complete":
		out["subscription"] = ref(cs.subscription)
	case "open":
		out["url"] = s.url("/c/pay/" + cs.id)
	}
	return out
}

// quote is what the session would cost now.
func (s *Server) quote(cs *session, d *discount) *invoice {
	if inv, ok := s.invoices.get(cs.invoice); ok && cs.status == "complete" {
		return inv
	}
	if sub, ok := s.subs.get(cs.subscription); ok && sub.status == stripe.SubscriptionStatusIncomplete {
		return s.invoices.byID[sub.latestInvoice] // tried in vain: its discount counts
	}
	cu, ok := s.customers.get(cs.customer)
	if !ok {
		cu = &customer{}
	}
	sub := s.newSub(s.sessionOrder(cs, cu, d))
	return s.preview(sub, stripe.InvoiceBillingReasonUpcoming, s.periodLines(sub))
}

func (s *Server) sessionOrder(cs *session, cu *customer, d *discount) order {
	now := s.now(cu.testClock)
	o := order{
		customer: cu, items: s.sessionItems(cs), discount: d, automaticTax: cs.automaticTax,
		description: cs.data.str("description"), metadata: cs.data.mergeMetadata(nil, "metadata"),
		missingMethod: cs.data.or("trial_settings.end_behavior.missing_payment_method", "create_invoice"),
	}
	if end, err := trialEndOf(cs.data, now); err == nil {
		o.trialEnd = end
	}
	if d == nil {
		o.discount = s.sessionDiscount(cs, now)
	}
	return o
}

// sessionDiscount is a session's own discount, not counted as redeemed.
func (s *Server) sessionDiscount(cs *session, now int64) *discount {
	for _, in := range cs.data.list("discounts") {
		couponID := in.str("coupon")
		if pc, ok := s.promotions.get(in.str("promotion_code")); ok {
			couponID = pc.coupon
		}
		if _, ok := s.coupons.get(couponID); ok {
			return &discount{coupon: couponID, promotion: in.str("promotion_code"), start: now}
		}
	}
	return nil
}
