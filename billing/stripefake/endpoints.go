package stripefake

import (
	"errors"
	"net/url"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// endpoint is where webhooks go.
type endpoint struct {
	id, url, description string
	events               []string
	version              string // empty: the account's
	secrets              []string
	status               string
	metadata             map[string]string
	created              int64
}

func (ep *endpoint) listens(kind stripe.EventType) bool {
	return ep.status == "enabled" && kindFits(ep.events, kind)
}

func (s *Server) endpointRoutes() []route {
	fields := "url enabled_events.# description metadata metadata.*"
	return []route{
		{"POST /v1/webhook_endpoints", specOf(fields, "api_version connect:bool"), s.createEndpoint},
		{"GET /v1/webhook_endpoints", specOf(cursors), s.listEndpoints},
		{"GET /v1/webhook_endpoints/{id}", specOf(), s.getEndpoint},
		{"POST /v1/webhook_endpoints/{id}", specOf(fields, "disabled:bool"), s.updateEndpoint},
		{"DELETE /v1/webhook_endpoints/{id}", specOf(), s.deleteEndpoint},
	}
}

func (s *Server) createEndpoint(c *call) (any, error) {
	if _, err := url.ParseRequestURI(c.p.str("url")); err != nil {
		return nil, wrong("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.")
	}
	events := c.p.texts("enabled_events")
	if len(events) == 0 {
		return nil, required("enabled_events")
	}
	for _, kind := range events {
		if kind != "*" && strings.Contains(kind, "*") {
			return nil, wrong("", "enabled_events", "Invalid enabled_events: %s; name each event, or * for all.", kind)
		}
	}
	if version := c.p.str("api_version"); version != "" && version != Version() && version != s.opts.AccountVersion && version != NewerVersion {
		return nil, wrong("", "api_version", "Invalid API version: %s", version)
	}
	ep := s.addEndpoint(c.p.str("url"), "", c.p.str("api_version"), events)
	ep.description, ep.metadata = c.p.str("description"), c.p.mergeMetadata(nil, "metadata")
	out := s.endpointObject(ep)
	out["secret"] = ep.secrets[0] // this once
	return out, nil
}

func (s *Server) addEndpoint(address, secret, version string, events []string) *endpoint {
	ep := &endpoint{id: s.id("we"), url: address, version: version, events: events, status: "enabled", created: s.now("")}
	if secret == "" {
		secret = s.id("whsec")
	}
	ep.secrets = []string{secret}
	s.endpoints.put(ep.id, ep)
	return ep
}

// AddEndpoint registers a webhook endpoint as the dashboard would. An empty
// secret is made up, an empty version is the account's, no events are all.
func (s *Server) AddEndpoint(address, secret, version string, events ...string) (id, madeSecret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(events) == 0 {
		events = []string{"*"}
	}
	ep := s.addEndpoint(address, secret, version, events)
	return ep.id, ep.secrets[0]
}

// RollSecret gives an endpoint a new secret. Until EndRoll, webhooks are
// signed with both.
func (s *Server) RollSecret(endpoint string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ep, ok := s.endpoints.get(endpoint)
	if !ok {
		return "", errors.New("no endpoint " + endpoint)
	}
	ep.secrets = []string{s.id("whsec"), ep.secrets[0]}
	return ep.secrets[0], nil
}

// EndRoll forgets an endpoint's old secret.
func (s *Server) EndRoll(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ep, ok := s.endpoints.get(endpoint); ok {
		ep.secrets = ep.secrets[:1]
	}
}

func (s *Server) getEndpoint(c *call) (any, error) {
	ep, ok := s.endpoints.get(c.id)
	if !ok {
		return nil, missing("webhook endpoint", c.id, "id")
	}
	return s.endpointObject(ep), nil
}

func (s *Server) listEndpoints(c *call) (any, error) {
	return page(c, s.endpoints.all(), func(ep *endpoint) string { return ep.id }, nil, s.endpointObject)
}

func (s *Server) updateEndpoint(c *call) (any, error) {
	ep, ok := s.endpoints.get(c.id)
	if !ok {
		return nil, missing("webhook endpoint", c.id, "id")
	}
	if address := c.p.str("url"); address != "" {
		ep.url = address
	}
	if events := c.p.texts("enabled_events"); events != nil {
		ep.events = events
	}
	if c.p.has("description") {
		ep.description = c.p.str("description")
	}
	if c.p.has("metadata") {
		ep.metadata = c.p.mergeMetadata(ep.metadata, "metadata")
	}
	if c.p.has("disabled") {
		ep.status = map[bool]string{true: "disabled", false: "enabled"}[c.p.flag("disabled")]
	}
	return s.endpointObject(ep), nil
}

func (s *Server) deleteEndpoint(c *call) (any, error) {
	if _, ok := s.endpoints.get(c.id); !ok {
		return nil, missing("webhook endpoint", c.id, "id")
	}
	s.endpoints.remove(c.id)
	for _, ev := range s.events.all() {
		delete(ev.pending, c.id)
	}
	return obj{"id": c.id, "object": "webhook_endpoint", "deleted": true}, nil
}

func (s *Server) endpointObject(ep *endpoint) obj {
	events := make([]any, len(ep.events))
	for i, kind := range ep.events {
		events[i] = kind
	}
	return obj{
		"id": ep.id, "object": "webhook_endpoint", "api_version": text(ep.version), "application": nil, "created": ep.created,
		"description": text(ep.description), "enabled_events": events, "livemode": false, "metadata": metadata(ep.metadata),
		"status": ep.status, "url": ep.url,
	}
}
