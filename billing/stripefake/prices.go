package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

// Product is one to be there from the start.
type Product struct{ ID, Name, Description string }

// Price is one to be there from the start.
type Price struct {
	ID, Product, Currency string
	UnitAmount            int64  // in the smallest unit
	Interval              string // month or year; day and week work too
	IntervalCount         int64  // 1 when zero
	Nickname, LookupKey   string
	Metadata              map[string]string
}

type product struct {
	id, name, description string
	active                bool
	metadata              map[string]string
	created               int64
}

type price struct {
	id, product, currency string
	amount                int64
	interval              string
	count                 int64
	nickname, lookupKey   string
	active                bool
	metadata              map[string]string
	created               int64
}

func (s *Server) seed() {
	now := s.now("")
	for _, in := range s.opts.Products {
		s.products.put(in.ID, &product{id: in.ID, name: in.Name, description: in.Description, active: true, created: now})
	}
	for _, in := range s.opts.Prices {
		s.prices.put(in.ID, &price{
			id: in.ID, product: in.Product, currency: in.Currency, amount: in.UnitAmount,
			interval: in.Interval, count: max(1, in.IntervalCount), nickname: in.Nickname,
			lookupKey: in.LookupKey, metadata: in.Metadata, active: true, created: now,
		})
	}
}

func (s *Server) priceRoutes() []route {
	productFields := "name description active:bool metadata metadata.*"
	priceFields := "nickname lookup_key transfer_lookup_key:bool active:bool metadata metadata.* tax_behavior:exclusive|inclusive|unspecified"
	return []route{
		{"POST /v1/products", specOf(productFields, "id"), s.createProduct},
		{"GET /v1/products", specOf(cursors, rangeOfCreated, "active:bool ids.#"), s.listProducts},
		{"GET /v1/products/{id}", specOf(), s.getProduct},
		{"POST /v1/products/{id}", specOf(productFields), s.updateProduct},
		{"POST /v1/prices", specOf(priceFields, `currency:eur|usd unit_amount:int product product_data.name
			recurring.interval:day|week|month|year recurring.interval_count:int recurring.usage_type:licensed
			billing_scheme:per_unit`), s.createPrice},
		{"GET /v1/prices", specOf(cursors, rangeOfCreated, "active:bool product currency lookup_keys.# type:recurring"), s.listPrices},
		{"GET /v1/prices/{id}", specOf(), s.getPrice},
		{"POST /v1/prices/{id}", specOf(priceFields), s.updatePrice},
	}
}

func (s *Server) createProduct(c *call) (any, error) {
	if c.p.str("name") == "" {
		return nil, required("name")
	}
	pr := &product{id: c.p.str("id"), active: true, created: s.now("")}
	if _, taken := s.products.get(pr.id); taken {
		return nil, wrong(stripe.ErrorCodeResourceAlreadyExists, "id", "Product already exists.")
	}
	if pr.id == "" {
		pr.id = s.id("prod")
	}
	fillProduct(pr, c.p)
	s.products.put(pr.id, pr)
	s.emit("product.created", "", s.productObject(pr), nil)
	return s.productObject(pr), nil
}

func fillProduct(pr *product, p params) {
	if p.has("name") {
		pr.name = p.str("name")
	}
	if p.has("description") {
		pr.description = p.str("description")
	}
	if p.has("active") {
		pr.active = p.flag("active")
	}
	if p.has("metadata") {
		pr.metadata = p.mergeMetadata(pr.metadata, "metadata")
	}
}

func (s *Server) getProduct(c *call) (any, error) {
	pr, ok := s.products.get(c.id)
	if !ok {
		return nil, missing("product", c.id, "id")
	}
	return s.productObject(pr), nil
}

func (s *Server) updateProduct(c *call) (any, error) {
	pr, ok := s.products.get(c.id)
	if !ok {
		return nil, missing("product", c.id, "id")
	}
	before := s.productObject(pr)
	fillProduct(pr, c.p)
	after := s.productObject(pr)
	s.emit("product.updated", "", after, changes(before, after))
	return after, nil
}

func (s *Server) listProducts(c *call) (any, error) {
	ids := c.p.texts("ids")
	return page(c, s.products.all(), func(pr *product) string { return pr.id }, func(pr *product) bool {
		return activeFits(c.p, pr.active) && c.p.createdIn("created", pr.created) && (ids == nil || contains(ids, pr.id))
	}, s.productObject)
}

func (s *Server) createPrice(c *call) (any, error) {
	for _, name := range []string{"currency", "unit_amount", "recurring.interval"} {
		if c.p.str(name) == "" {
			return nil, required(name)
		}
	}
	if c.p.num("unit_amount") < 0 {
		return nil, wrong(stripe.ErrorCodeParameterInvalidInteger, "unit_amount", "This value must be greater than or equal to 0.")
	}
	pr := &price{
		product: c.p.str("product"), currency: c.p.str("currency"), amount: c.p.num("unit_amount"),
		interval: c.p.str("recurring.interval"), count: max(1, c.p.num("recurring.interval_count")),
		active: true, created: s.now(""),
	}
	if name := c.p.str("product_data.name"); name != "" && pr.product == "" {
		made := &product{id: s.id("prod"), name: name, active: true, created: pr.created}
		s.products.put(made.id, made)
		pr.product = made.id
	}
	if _, ok := s.products.get(pr.product); !ok {
		return nil, absent("product", pr.product, "product")
	}
	if err := s.freeKey(pr, c.p); err != nil {
		return nil, err
	}
	pr.id = s.id("price")
	fillPrice(pr, c.p)
	s.prices.put(pr.id, pr)
	s.emit("price.created", "", s.priceObject(pr), nil)
	return s.priceObject(pr), nil
}

func fillPrice(pr *price, p params) {
	if p.has("nickname") {
		pr.nickname = p.str("nickname")
	}
	if p.has("lookup_key") {
		pr.lookupKey = p.str("lookup_key")
	}
	if p.has("active") {
		pr.active = p.flag("active")
	}
	if p.has("metadata") {
		pr.metadata = p.mergeMetadata(pr.metadata, "metadata")
	}
}

func (s *Server) getPrice(c *call) (any, error) {
	pr, ok := s.prices.get(c.id)
	if !ok {
		return nil, missing("price", c.id, "id")
	}
	return s.priceObject(pr), nil
}

func (s *Server) updatePrice(c *call) (any, error) {
	pr, ok := s.prices.get(c.id)
	if !ok {
		return nil, missing("price", c.id, "id")
	}
	if err := s.freeKey(pr, c.p); err != nil {
		return nil, err
	}
	return s.changePrice(pr, func() { fillPrice(pr, c.p) }), nil
}

// freeKey takes a lookup key from the price that has it, if that was asked for: only one
// has a key at a time.
func (s *Server) freeKey(to *price, p params) error {
	key := p.str("lookup_key")
	if key == "" {
		return nil
	}
	for _, other := range s.prices.all() {
		if other == to || other.lookupKey != key {
			continue
		}
		if !p.flag("transfer_lookup_key") {
			return wrong("", "lookup_key", "A price (`%s`) already uses that lookup key.", other.id)
		}
		s.changePrice(other, func() { other.lookupKey = "" })
	}
	return nil
}

func (s *Server) changePrice(pr *price, change func()) obj {
	before := s.priceObject(pr)
	change()
	after := s.priceObject(pr)
	s.emit("price.updated", "", after, changes(before, after))
	return after
}

func (s *Server) listPrices(c *call) (any, error) {
	keys := c.p.texts("lookup_keys")
	return page(c, s.prices.all(), func(pr *price) string { return pr.id }, func(pr *price) bool {
		return activeFits(c.p, pr.active) && c.p.createdIn("created", pr.created) &&
			(c.p.str("product") == "" || c.p.str("product") == pr.product) &&
			(c.p.str("currency") == "" || c.p.str("currency") == pr.currency) &&
			(keys == nil || contains(keys, pr.lookupKey))
	}, s.priceObject)
}

func activeFits(p params, active bool) bool { return !p.has("active") || p.flag("active") == active }

func (s *Server) productObject(pr *product) obj {
	return obj{
		"id": pr.id, "object": "product", "active": pr.active, "created": pr.created, "updated": pr.created,
		"name": pr.name, "description": text(pr.description), "livemode": false, "metadata": metadata(pr.metadata),
		"default_price": nil, "features": []any{}, "images": []any{},
	}
}

func (s *Server) priceObject(pr *price) obj {
	return obj{
		"id": pr.id, "object": "price", "active": pr.active, "billing_scheme": "per_unit", "created": pr.created,
		"currency": pr.currency, "livemode": false, "lookup_key": text(pr.lookupKey), "metadata": metadata(pr.metadata),
		"nickname": text(pr.nickname), "product": ref(pr.product), "type": "recurring", "tax_behavior": "exclusive",
		"unit_amount": pr.amount, "unit_amount_decimal": decimal(pr.amount),
		"recurring": obj{"interval": pr.interval, "interval_count": pr.count, "usage_type": "licensed", "aggregate_usage": nil},
	}
}
