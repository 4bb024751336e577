// Package webfinger asks other servers who is behind a handle: WebFinger
// (RFC 7033), with host-meta (RFC 6415) to find it where it is not in its usual
// place.
//
// Called by federation/fetch, to turn a handle into an actor's id and to check
// that an actor's handle leads back to it, and by tenant/domains, to see what
// the world sees of a company's domain. It follows Mastodon step by step
// (resolve_account_service.rb), so that what it accepts is what others accept.
//
// It must not fetch actors, know the database or keep a cache, and it makes
// requests through safehttp alone. What it returns is a claim of the domain
// asked; whether the actor agrees is the caller's to check.
package webfinger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rookery/internal/fault"
	"rookery/internal/safehttp"
)

// Result is what a domain says of a handle.
type Result struct {
	// Subject is the handle as its own domain spells it. It may differ from the one asked for.
	Subject Handle
	// Self is the id of the actor.
	Self string
	// ProfilePage is the page for people, or empty.
	ProfilePage string
	// Template is where to send somebody who wants to follow from elsewhere, with {uri} in it, or empty.
	Template string
	// Aliases are other names of the same actor, as far as they are strings.
	Aliases []string
}

// Faults of Lookup. fault.Gone has a meaning of its own: the account was there and is deleted.
var (
	ErrNotFound = fault.New(fault.NotFound, "There is no account of that name.")
	ErrGone     = fault.New(fault.Gone, "That account has been deleted.")
	// ErrBadAnswer: the server answers, but not in a way that can be used.
	ErrBadAnswer = fault.New(fault.Invalid, "The server of that account answers in a way this server does not understand.")
	// ErrRedirected: the subject's own domain names yet another subject.
	ErrRedirected = fault.New(fault.Invalid, "That account points to another, which points to a third.")
)

const (
	maxAnswer = 256 << 10
	wellKnown = "/.well-known/webfinger"
	hostMeta  = "/.well-known/host-meta"
)

var (
	acceptJRD = []string{"application/jrd+json", "application/json"}
	acceptXRD = []string{"application/xrd+xml", "application/xml", "text/xml"}
)

// Lookup asks the domain of a handle for its actor. If the domain calls the
// account by another name, that name's domain is asked once and must agree.
func Lookup(ctx context.Context, client *safehttp.Client, text string) (Result, error) {
	asked, err := ParseHandle(text)
	if err != nil {
		return Result{}, err
	}
	result, err := ask(ctx, client, asked)
	if err != nil {
		return Result{}, fmt.Errorf("webfinger %s: %w", asked, err)
	}
	if result.Subject.same(asked) {
		return result, nil
	}
	confirmed, err := ask(ctx, client, result.Subject)
	if err != nil {
		return Result{}, fmt.Errorf("webfinger %s, sent there by %s: %w", result.Subject, asked, err)
	}
	if !confirmed.Subject.same(result.Subject) {
		return Result{}, fmt.Errorf("webfinger %s, sent there by %s, says %s: %w", result.Subject, asked, confirmed.Subject, ErrRedirected)
	}
	return confirmed, nil
}

// ask is one question to one domain, at its usual place or where host-meta says.
func ask(ctx context.Context, client *safehttp.Client, handle Handle) (Result, error) {
	body, err := get(ctx, client, handle.Domain, wellKnown+"?resource="+url.QueryEscape(handle.acct()), acceptJRD)
	if errors.Is(err, ErrNotFound) {
		body, err = askHostMeta(ctx, client, handle)
	}
	if err != nil {
		return Result{}, err
	}
	return parseJRD(body)
}

// askHostMeta finds the template and asks there, once (RFC 6415 section 3).
func askHostMeta(ctx context.Context, client *safehttp.Client, handle Handle) ([]byte, error) {
	body, err := get(ctx, client, handle.Domain, hostMeta, acceptXRD)
	if err != nil {
		return nil, err
	}
	template, err := parseHostMeta(body)
	if err != nil {
		return nil, err
	}
	return fetch(ctx, client, strings.ReplaceAll(template, "{uri}", url.QueryEscape(handle.acct())), acceptJRD)
}

// get asks the domain over https, and in development over http if that fails.
func get(ctx context.Context, client *safehttp.Client, domain, path string, accept []string) ([]byte, error) {
	body, err := fetch(ctx, client, "https://"+domain+path, accept)
	if client.AllowsHTTP() && fault.CodeOf(err) == fault.Unavailable {
		return fetch(ctx, client, "http://"+domain+path, accept)
	}
	return body, err
}

// fetch gives the body of a success. The content type is not looked at: many
// static sites send a wrong one, and a page of HTML is no JSON.
func fetch(ctx context.Context, client *safehttp.Client, address string, accept []string) ([]byte, error) {
	response, err := client.Get(ctx, safehttp.GetRequest{URL: address, Accept: accept, MaxBytes: maxAnswer})
	if err != nil {
		return nil, err
	}
	switch {
	case response.OK():
		return response.Body, nil
	case response.Status == http.StatusNotFound:
		return nil, ErrNotFound
	case response.Status == http.StatusGone:
		return nil, ErrGone
	case response.Status == http.StatusTooManyRequests || response.Status >= 500:
		return nil, fault.Newf(fault.Unavailable, "The server of that account answered %d.", response.Status)
	}
	return nil, fmt.Errorf("status %d: %w", response.Status, ErrBadAnswer)
}
