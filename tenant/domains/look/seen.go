package look

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Step is one thing that another server does before it knows an account of ours.
type Step struct {
	Step string `json:"step"` // dns, tls, webfinger, actor
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// actorTypes are what servers of the fediverse ask for.
var actorTypes = []string{"application/activity+json", `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`}

// AsSeen goes the way of another server that looks an account up, and stops where that one
// would: the name's addresses, its certificate, WebFinger of user@name, the actor.
func (l *Looker) AsSeen(ctx context.Context, scheme, name, user string) []Step {
	l.HTTP.Close()
	var out []Step
	add := func(step string, err error, text string) bool {
		if err != nil {
			text += ": " + err.Error()
		}
		out = append(out, Step{Step: step, OK: err == nil, Text: text})
		return err == nil
	}
	found, err := LookupBy(l.Resolvers)(ctx, hostOf(name))
	add("dns", err, hostOf(name)+" is "+addressList(found)) // the next step says whether it matters
	if scheme == "https" && err == nil {
		text, err := l.certificate(ctx, found, name)
		if !add("tls", err, text) {
			return out
		}
	}
	resource := "acct:" + user + "@" + name
	at := scheme + "://" + name + "/.well-known/webfinger?resource=" + url.QueryEscape(resource)
	text, actor, err := l.selfLink(ctx, at, resource)
	if !add("webfinger", err, text) {
		return out
	}
	text, err = l.actor(ctx, actor)
	add("actor", err, text)
	return out
}

func addressList(list []netip.Addr) string {
	if len(list) == 0 {
		return "nowhere"
	}
	out := make([]string, len(list))
	for i, addr := range list {
		out[i] = addr.String()
	}
	return strings.Join(out, ", ")
}

// certificate says what is served to a client that knows the name.
func (l *Looker) certificate(ctx context.Context, found []netip.Addr, name string) (string, error) {
	host, port, ok := strings.Cut(name, ":")
	if !ok {
		port = "443"
	}
	i := slices.IndexFunc(found, l.HTTP.Allows)
	if i < 0 {
		return "no address that can be reached", errors.New("private network")
	}
	ctx, cancel := context.WithTimeout(ctx, probeDeadline)
	defer cancel()
	at := net.JoinHostPort(found[i].String(), port)
	conn, err := (&tls.Dialer{Config: &tls.Config{ServerName: host, RootCAs: l.Roots, MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", at)
	if err != nil {
		return "no certificate that holds at " + at, err
	}
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	_ = conn.Close()
	return fmt.Sprintf("certificate of %s by %s, until %s", host, leaf.Issuer.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly)), nil
}

// selfLink asks WebFinger for the actor (RFC 7033).
func (l *Looker) selfLink(ctx context.Context, at, resource string) (text, actor string, err error) {
	answer, final, err := l.get(ctx, at, "application/jrd+json", "application/json")
	if err != nil {
		return "GET " + at, "", err
	}
	text = fmt.Sprintf("GET %s → %d", at, answer.Status)
	if final != at {
		text = fmt.Sprintf("GET %s → %s → %d", at, final, answer.Status)
	}
	var jrd struct {
		Subject string
		Links   []struct{ Rel, Type, Href string }
	}
	if !answer.OK() {
		return text, "", errors.New("that is no answer")
	}
	if err := json.Unmarshal(answer.Body, &jrd); err != nil {
		return text, "", errors.New("the answer is no JSON")
	}
	if !strings.EqualFold(jrd.Subject, resource) {
		return text, "", fmt.Errorf("the answer is about %q", jrd.Subject)
	}
	for _, link := range jrd.Links {
		if link.Rel == "self" && strings.HasPrefix(link.Type, "application/") {
			return text + ", " + jrd.Subject + " is " + link.Href, link.Href, nil
		}
	}
	return text, "", errors.New("the answer names no actor")
}

func (l *Looker) actor(ctx context.Context, at string) (string, error) {
	answer, _, err := l.get(ctx, at, actorTypes...)
	if err != nil {
		return "GET " + at, err
	}
	text := fmt.Sprintf("GET %s → %d %s", at, answer.Status, answer.Header.Get("Content-Type"))
	if answer.Status == 401 {
		return text + " (signed requests alone are answered)", nil
	}
	var actor struct {
		ID, Type, Inbox   string
		PreferredUsername string                 `json:"preferredUsername"`
		PublicKey         struct{ Owner string } `json:"publicKey"`
	}
	switch {
	case !answer.OK():
		return text, errors.New("that is no answer")
	case json.Unmarshal(answer.Body, &actor) != nil:
		return text, errors.New("the answer is no JSON")
	case actor.ID != at:
		return text, fmt.Errorf("its id is %q", actor.ID)
	case actor.Inbox == "" || actor.PublicKey.Owner != actor.ID:
		return text, errors.New("it has no inbox or no key of its own")
	}
	return fmt.Sprintf("%s, %s %q, inbox %s", text, actor.Type, actor.PreferredUsername, actor.Inbox), nil
}
