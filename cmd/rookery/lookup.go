package main

import (
	"context"

	"rookery/federation/webfinger"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/tenant"
)

// lookUp finds the account behind a handle, here or on another server.
func (p *parts) lookUp(ctx context.Context, t *tenant.Tenant, handle string) (*social.Account, error) {
	h, err := webfinger.ParseHandle(handle)
	if err != nil {
		return nil, err
	}
	return p.fetcher.Resolve(ctx, t, social.Handle{User: h.User, Host: h.Domain})
}

// subscribeTemplate finds where a handle's server lets its people follow somebody.
func (s *system) subscribeTemplate(ctx context.Context, handle string) (string, error) {
	result, err := webfinger.Lookup(ctx, s.http, handle)
	if err != nil {
		return "", err
	}
	if result.Template == "" {
		return "", fault.New(fault.NotFound, "That server does not say how to follow from it.")
	}
	return result.Template, nil
}
