package stripefake

import (
	"github.com/stripe/stripe-go/v76"
)

// portal is a session of the customer portal.
type portal struct {
	id, customer, config, returnURL, flow string
	created                               int64
}

// portalConfig says what the portal offers.
type portalConfig struct {
	id             string
	invoices, card bool
	cancel         bool
	atPeriodEnd    bool
	returnURL      string
	active         bool
	metadata       map[string]string
	created        int64
}

const configFields = `features.invoice_history.enabled:bool features.payment_method_update.enabled:bool
	features.subscription_cancel.enabled:bool features.subscription_cancel.mode:at_period_end|immediately
	features.subscription_cancel.proration_behavior:none|create_prorations
	features.subscription_cancel.cancellation_reason.enabled:bool features.subscription_cancel.cancellation_reason.options.#
	features.customer_update.enabled:bool features.customer_update.allowed_updates features.customer_update.allowed_updates.#
	features.subscription_update.enabled:bool features.subscription_pause.enabled:bool
	business_profile.headline business_profile.privacy_policy_url business_profile.terms_of_service_url
	default_return_url metadata metadata.*`

func (s *Server) portalRoutes() []route {
	return []route{
		{"POST /v1/billing_portal/sessions", specOf("customer configuration return_url locale flow_data.type:payment_method_update"), s.createPortal},
		{"POST /v1/billing_portal/configurations", specOf(configFields), s.createConfig},
		{"GET /v1/billing_portal/configurations", specOf(cursors, "active:bool is_default:bool"), s.listConfigs},
		{"GET /v1/billing_portal/configurations/{id}", specOf(), s.getConfig},
		{"POST /v1/billing_portal/configurations/{id}", specOf(configFields, "active:bool"), s.updateConfig},
	}
}

func (s *Server) createConfig(c *call) (any, error) {
	cfg := &portalConfig{id: s.id("bpc"), active: true, atPeriodEnd: true, created: s.now("")}
	if err := fillConfig(cfg, c.p); err != nil {
		return nil, err
	}
	s.configs.put(cfg.id, cfg)
	return s.configObject(cfg), nil
}

func fillConfig(cfg *portalConfig, p params) error {
	for _, name := range []string{"features.subscription_update.enabled", "features.subscription_pause.enabled"} {
		if p.flag(name) {
			return wrong("", bracketed(name), "The fake's portal does not have this.")
		}
	}
	for name, flag := range map[string]*bool{
		"features.invoice_history.enabled": &cfg.invoices, "features.payment_method_update.enabled": &cfg.card,
		"features.subscription_cancel.enabled": &cfg.cancel, "active": &cfg.active,
	} {
		if p.has(name) {
			*flag = p.flag(name)
		}
	}
	if p.has("features.subscription_cancel.mode") {
		cfg.atPeriodEnd = p.str("features.subscription_cancel.mode") == "at_period_end"
	}
	if p.has("default_return_url") {
		cfg.returnURL = p.str("default_return_url")
	}
	cfg.metadata = p.mergeMetadata(cfg.metadata, "metadata")
	return nil
}

func (s *Server) getConfig(c *call) (any, error) {
	cfg, ok := s.configs.get(c.id)
	if !ok {
		return nil, missing("configuration", c.id, "configuration")
	}
	return s.configObject(cfg), nil
}

func (s *Server) updateConfig(c *call) (any, error) {
	cfg, ok := s.configs.get(c.id)
	if !ok {
		return nil, missing("configuration", c.id, "configuration")
	}
	if err := fillConfig(cfg, c.p); err != nil {
		return nil, err
	}
	return s.configObject(cfg), nil
}

func (s *Server) listConfigs(c *call) (any, error) {
	return page(c, s.configs.all(), func(cfg *portalConfig) string { return cfg.id }, func(cfg *portalConfig) bool {
		return activeFits(c.p, cfg.active) && !c.p.flag("is_default")
	}, s.configObject)
}

func (s *Server) createPortal(c *call) (any, error) {
	if _, err := s.liveCustomer(c.p.str("customer"), "customer"); err != nil {
		return nil, err
	}
	config := c.p.str("configuration")
	if cfg, ok := s.configs.get(config); config != "" && (!ok || !cfg.active) {
		return nil, absent("configuration", config, "configuration")
	}
	if err := checkURL("return_url", c.p.str("return_url"), false); err != nil {
		return nil, err
	}
	p := &portal{
		id: s.id("bps"), customer: c.p.str("customer"), config: config, returnURL: c.p.str("return_url"),
		flow: c.p.str("flow_data.type"), created: s.now(""),
	}
	s.portals.put(p.id, p)
	return obj{
		"id": p.id, "object": "billing_portal.session", "configuration": text(config), "created": p.created, "customer": p.customer,
		"flow": nil, "livemode": false, "locale": nil, "return_url": text(p.returnURL), "url": s.url("/p/session/" + p.id),
	}, nil
}

// configOf is a portal's configuration; without one, all that the fake has.
func (s *Server) configOf(p *portal) *portalConfig {
	if cfg, ok := s.configs.get(p.config); ok {
		return cfg
	}
	return &portalConfig{invoices: true, card: true, cancel: true, atPeriodEnd: true, active: true}
}

func (s *Server) configObject(cfg *portalConfig) obj {
	mode := "immediately"
	if cfg.atPeriodEnd {
		mode = "at_period_end"
	}
	return obj{
		"id": cfg.id, "object": "billing_portal.configuration", "active": cfg.active, "created": cfg.created, "updated": cfg.created,
		"default_return_url": text(cfg.returnURL), "is_default": false, "livemode": false, "metadata": metadata(cfg.metadata),
		"business_profile": obj{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil},
		"login_page":       obj{"enabled": false, "url": nil},
		"features": obj{
			"invoice_history": obj{"enabled": cfg.invoices}, "payment_method_update": obj{"enabled": cfg.card},
			"subscription_cancel": obj{"enabled": cfg.cancel, "mode": mode, "proration_behavior": "none",
				"cancellation_reason": obj{"enabled": false, "options": []any{}}},
			"subscription_update": obj{"enabled": false, "default_allowed_updates": []any{}, "proration_behavior": "none"}, "subscription_pause": obj{"enabled": false},
			"customer_update": obj{"enabled": false, "allowed_updates": []any{}},
		},
	}
}

// changeCard makes a new card the one that pays, as the portal does: of the
// customer and of what runs.
func (s *Server) changeCard(cu *customer, in Purchase) error {
	m, err := s.saveCard(cu, in)
	if err != nil {
		return err
	}
	before := s.customerObject(cu)
	cu.defaultMethod = m.id
	s.customerChanged(cu, before)
	for _, sub := range s.subs.all() {
		if sub.customer == cu.id && !sub.over() && sub.defaultMethod != "" {
			s.changeSub(sub, "customer.subscription.updated", func() { sub.defaultMethod = m.id })
		}
	}
	return nil
}

// cancelInPortal ends a subscription as the configuration says, or takes that
// back.
func (s *Server) cancelInPortal(sub *subscription, cfg *portalConfig, undo bool) {
	switch {
	case undo:
		s.changeSub(sub, "customer.subscription.updated", func() {
			sub.cancelAt, sub.canceledAt, sub.cancelAtPeriodEnd, sub.cancelReason = 0, 0, false, ""
		})
	case !cfg.atPeriodEnd || sub.status == stripe.SubscriptionStatusIncomplete:
		s.cancel(sub, "cancellation_requested")
	default:
		s.changeSub(sub, "customer.subscription.updated", func() {
			s.fillEnd(sub, params{"cancel_at_period_end": "true"}, s.nowOf(sub.customer))
		})
	}
}
