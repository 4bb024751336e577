package webfinger

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Relations that are looked for.
const (
	relSelf      = "self"
	relProfile   = "http://webfinger.net/rel/profile-page"
	relSubscribe = "http://ostatus.org/schema/1.0/subscribe"
)

// jrd is RFC 7033 section 4.4, as far as it is used. Members that may be of any
// type without harm are kept raw. The json package in use compares names
// exactly and refuses duplicates, which encoding/json does not.
type jrd struct {
	Subject string           `json:"subject"`
	Aliases jsontext.Value   `json:"aliases"`
	Links   []jsontext.Value `json:"links"`
}

type link struct {
	Rel      string `json:"rel"`
	Type     string `json:"type"`
	Href     string `json:"href"`
	Template string `json:"template"`
}

// parseJRD reads an answer. Subject and self link must be there.
func parseJRD(body []byte) (Result, error) {
	var document jrd
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &document); err != nil {
		return Result{}, fmt.Errorf("read JRD: %w: %w", err, ErrBadAnswer)
	}
	subject, err := ParseHandle(document.Subject)
	if err != nil {
		return Result{}, fmt.Errorf("subject %.100q: %w", document.Subject, ErrBadAnswer)
	}
	result := Result{Subject: subject, Aliases: stringsOf(document.Aliases)}
	for _, raw := range document.Links {
		var l link
		if json.Unmarshal(raw, &l) != nil {
			continue // one odd link, such as one with a null href, does not spoil the others
		}
		result.take(l)
	}
	if result.Self == "" {
		return Result{}, fmt.Errorf("no self link: %w", ErrBadAnswer)
	}
	return result, nil
}

// take keeps the first link of each relation.
func (r *Result) take(l link) {
	switch {
	case l.Rel == relSelf && r.Self == "" && isActivityType(l.Type) && isWeb(l.Href):
		r.Self = l.Href
	case l.Rel == relProfile && r.ProfilePage == "" && isWeb(l.Href):
		r.ProfilePage = l.Href
	case l.Rel == relSubscribe && r.Template == "" && isWeb(l.Template) && strings.Contains(l.Template, "{uri}"):
		r.Template = l.Template
	}
}

// isActivityType knows the two types, spelt exactly so, that Mastodon takes for
// an actor. A self link of another type is for another protocol.
func isActivityType(t string) bool {
	return t == `application/activity+json` || t == `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
}

// isWeb keeps javascript: and data: links from ever being shown.
func isWeb(address string) bool {
	return strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
}

// stringsOf is the strings of a list, or nothing of anything else.
func stringsOf(raw jsontext.Value) []string {
	var values []any
	if len(raw) == 0 || json.Unmarshal(raw, &values) != nil {
		return nil
	}
	var list []string
	for _, value := range values {
		if s, ok := value.(string); ok && len(list) < 32 {
			list = append(list, s)
		}
	}
	return list
}

// parseHostMeta finds the template of the lrdd link (RFC 6415 section 3.1.1).
// The decoder knows no entities but XML's own, so nothing expands or is fetched.
func parseHostMeta(body []byte) (string, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("host-meta has no lrdd link: %w", ErrBadAnswer)
		}
		if err != nil {
			return "", fmt.Errorf("read host-meta: %w: %w", err, ErrBadAnswer)
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "Link" || attribute(element, "rel") != "lrdd" {
			continue
		}
		template := attribute(element, "template")
		if !isWeb(template) || !strings.Contains(template, "{uri}") {
			return "", fmt.Errorf("host-meta has the template %.100q: %w", template, ErrBadAnswer)
		}
		return template, nil
	}
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
