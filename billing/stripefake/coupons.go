package stripefake

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

type coupon struct {
	id, name, currency string
	percent            int64 // basis points: 2550 is 25.5 %
	amount             int64
	duration           string // once, repeating, forever
	months             int64
	redeemed           int64
	deleted            bool
	metadata           map[string]string
	created            int64
}

type promotion struct {
	id, code, coupon, customer string
	active                     bool
	redeemed                   int64
	metadata                   map[string]string
	created                    int64
}

// discount is a coupon as somebody has it.
type discount struct {
	id, coupon, promotion string
	start, end            int64 // end 0: for ever
	used                  bool  // duration once
}

func (s *Server) couponRoutes() []route {
	return []route{
		{"POST /v1/coupons", specOf("id name currency:eur|usd percent_off amount_off:int duration:once|repeating|forever duration_in_months:int metadata metadata.*"), s.createCoupon},
		{"GET /v1/coupons", specOf(cursors, rangeOfCreated), s.listCoupons},
		{"GET /v1/coupons/{id}", specOf(), s.getCoupon},
		{"DELETE /v1/coupons/{id}", specOf(), s.deleteCoupon},
		{"POST /v1/promotion_codes", specOf("coupon code active:bool customer metadata metadata.*"), s.createPromotion},
		{"GET /v1/promotion_codes", specOf(cursors, "active:bool code coupon"), s.listPromotions},
		{"GET /v1/promotion_codes/{id}", specOf(), s.getPromotion},
		{"POST /v1/promotion_codes/{id}", specOf("active:bool metadata metadata.*"), s.updatePromotion},
	}
}

func (s *Server) createCoupon(c *call) (any, error) {
	co := &coupon{
		id: c.p.str("id"), name: c.p.str("name"), currency: c.p.str("currency"), amount: c.p.num("amount_off"),
		duration: c.p.or("duration", "once"), months: c.p.num("duration_in_months"),
		metadata: c.p.mergeMetadata(nil, "metadata"), created: s.now(""),
	}
	if percent := c.p.str("percent_off"); percent != "" {
		value, err := strconv.ParseFloat(percent, 64)
		if err != nil || value <= 0 || value > 100 {
			return nil, wrong("", "percent_off", "Invalid percent_off: must be above 0 and at most 100")
		}
		co.percent = int64(value*100 + 0.5)
	}
	if (co.percent == 0) == (co.amount <= 0) {
		return nil, wrong("", "", "You must pass either percent_off or amount_off.")
	}
	if co.amount > 0 && co.currency == "" {
		return nil, required("currency")
	}
	if (co.duration == "repeating") != (co.months > 0) {
		return nil, wrong("", "duration_in_months", "duration_in_months goes with duration=repeating, and only with it.")
	}
	if old, taken := s.coupons.get(co.id); taken && !old.deleted {
		return nil, wrong(stripe.ErrorCodeResourceAlreadyExists, "id", "Coupon already exists.")
	}
	if co.id == "" {
		co.id = s.id("coupon")
	}
	s.coupons.put(co.id, co)
	s.emit("coupon.created", "", s.couponObject(co), nil)
	return s.couponObject(co), nil
}

func (s *Server) coupon(id, param string) (*coupon, *apiError) {
	co, ok := s.coupons.get(id)
	if !ok || co.deleted {
		return nil, absent("coupon", id, param)
	}
	return co, nil
}

func (s *Server) getCoupon(c *call) (any, error) {
	co, err := s.coupon(c.id, "id")
	if err != nil {
		return nil, missing("coupon", c.id, "id")
	}
	return s.couponObject(co), nil
}

func (s *Server) listCoupons(c *call) (any, error) {
	return page(c, s.coupons.all(), func(co *coupon) string { return co.id }, func(co *coupon) bool {
		return !co.deleted && c.p.createdIn("created", co.created)
	}, s.couponObject)
}

// deleteCoupon leaves the discounts that exist.
func (s *Server) deleteCoupon(c *call) (any, error) {
	co, err := s.coupon(c.id, "id")
	if err != nil {
		return nil, missing("coupon", c.id, "id")
	}
	co.deleted = true
	s.emit("coupon.deleted", "", s.couponObject(co), nil)
	return obj{"id": co.id, "object": "coupon", "deleted": true}, nil
}

func (s *Server) createPromotion(c *call) (any, error) {
	if _, err := s.coupon(c.p.str("coupon"), "coupon"); err != nil {
		return nil, err
	}
	id := s.id("promo")
	pc := &promotion{
		id: id, code: c.p.or("code", strings.ToUpper(id)), coupon: c.p.str("coupon"), customer: c.p.str("customer"),
		active: c.p.or("active", "true") == "true", metadata: c.p.mergeMetadata(nil, "metadata"), created: s.now(""),
	}
	s.promotions.put(pc.id, pc)
	s.emit("promotion_code.created", "", s.promotionObject(pc), nil)
	return s.promotionObject(pc), nil
}

func (s *Server) getPromotion(c *call) (any, error) {
	pc, ok := s.promotions.get(c.id)
	if !ok {
		return nil, missing("promotion code", c.id, "id")
	}
	return s.promotionObject(pc), nil
}

func (s *Server) updatePromotion(c *call) (any, error) {
	pc, ok := s.promotions.get(c.id)
	if !ok {
		return nil, missing("promotion code", c.id, "id")
	}
	if c.p.has("active") {
		pc.active = c.p.flag("active")
	}
	if c.p.has("metadata") {
		pc.metadata = c.p.mergeMetadata(pc.metadata, "metadata")
	}
	return s.promotionObject(pc), nil
}

func (s *Server) listPromotions(c *call) (any, error) {
	return page(c, s.promotions.all(), func(pc *promotion) string { return pc.id }, func(pc *promotion) bool {
		return activeFits(c.p, pc.active) && (c.p.str("code") == "" || strings.EqualFold(c.p.str("code"), pc.code)) &&
			(c.p.str("coupon") == "" || c.p.str("coupon") == pc.coupon)
	}, s.promotionObject)
}

// discountOf reads coupon, promotion_code or the one element of discounts;
// nil without an error means that the discount is to be removed. Who keeps the
// discount redeems it.
func (s *Server) discountOf(p params, now int64) (*discount, error) {
	couponID, promotionID := p.str("coupon"), p.str("promotion_code")
	if list := p.list("discounts"); len(list) > 0 {
		if len(list) > 1 {
			return nil, wrong("", "discounts", "The fake takes one discount at a time.")
		}
		couponID, promotionID = list[0].str("coupon"), list[0].str("promotion_code")
	}
	switch {
	case couponID == "" && promotionID == "":
		return nil, nil
	case promotionID != "":
		pc, ok := s.promotions.get(promotionID)
		if !ok || !pc.active {
			return nil, absent("promotion code", promotionID, "promotion_code")
		}
		couponID = pc.coupon
	}
	co, err := s.coupon(couponID, "coupon")
	if err != nil {
		return nil, err
	}
	return &discount{coupon: co.id, promotion: promotionID, start: now}, nil
}

// redeem gives a discount its id and counts it, once somebody really has it.
func (s *Server) redeem(d *discount) {
	if d == nil || d.id != "" {
		return
	}
	d.id = s.id("di")
	if co, ok := s.coupons.get(d.coupon); ok {
		co.redeemed++
		if co.duration == "repeating" {
			d.end = addInterval(d.start, "month", co.months)
		}
	}
	if pc, ok := s.promotions.get(d.promotion); ok {
		pc.redeemed++
	}
}

// holds tells whether a discount still counts.
func (s *Server) holds(d *discount, now int64) bool {
	return d != nil && !d.used && (d.end == 0 || now < d.end)
}

// off is what a discount takes from an amount.
func (s *Server) off(d *discount, amount int64, currency string) int64 {
	co, ok := s.coupons.get(d.coupon)
	if !ok || amount <= 0 {
		return 0
	}
	if co.percent > 0 {
		return share(amount, co.percent, 10000)
	}
	if co.currency != currency {
		return 0
	}
	return min(amount, co.amount)
}

func (s *Server) couponObject(co *coupon) obj {
	var percent any
	if co.percent > 0 {
		percent = float64(co.percent) / 100
	}
	return obj{
		"id": co.id, "object": "coupon", "amount_off": when(co.amount), "percent_off": percent, "created": co.created,
		"currency": text(co.currency), "duration": co.duration, "duration_in_months": when(co.months), "livemode": false,
		"max_redemptions": nil, "metadata": metadata(co.metadata), "name": text(co.name), "redeem_by": nil,
		"times_redeemed": co.redeemed, "valid": !co.deleted,
	}
}

func (s *Server) promotionObject(pc *promotion) obj {
	out := obj{
		"id": pc.id, "object": "promotion_code", "active": pc.active, "code": pc.code, "created": pc.created,
		"customer": ref(pc.customer), "livemode": false, "max_redemptions": nil, "metadata": metadata(pc.metadata),
		"times_redeemed": pc.redeemed, "expires_at": nil,
		"restrictions": obj{"first_time_transaction": false, "minimum_amount": nil, "minimum_amount_currency": nil},
	}
	if co, ok := s.coupons.get(pc.coupon); ok {
		out["coupon"] = s.couponObject(co)
	}
	return out
}

func (s *Server) discountObject(d *discount, customer, sub string) obj {
	if d == nil {
		return nil
	}
	out := obj{
		"id": d.id, "object": "discount", "customer": ref(customer), "subscription": text(sub), "start": d.start,
		"end": when(d.end), "promotion_code": ref(d.promotion), "checkout_session": nil, "invoice": nil, "invoice_item": nil,
	}
	if co, ok := s.coupons.get(d.coupon); ok {
		out["coupon"] = s.couponObject(co)
	}
	return out
}

func contains(list []string, want string) bool { return slices.Contains(list, want) }
