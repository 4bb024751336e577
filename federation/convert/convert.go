// Package convert turns the domain's accounts and posts into the fediverse's
// documents and back.
//
// federation/actor and outbox write with it, federation/inbox and fetch read with
// it. What comes in leaves here sanitised and bounded, fit to be stored. These are
// pure functions: no database, no network. They prove nothing about who sent a
// document; callers compare origins before (SECURITY.md rule 3).
package convert

import (
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
)

// Limits of what is kept of a remote document, below those of the reader.
const (
	maxFields = 16
	maxMedia  = 16
	maxEmojis = 64
)

func refuse(text string) error { return fault.New(fault.Invalid, text) }

// emojis keeps the custom emojis that have a picture.
func emojis(list []vocab.Emoji) []social.Emoji {
	var out []social.Emoji
	for _, e := range list {
		url := htmlsafe.WebURL(e.URL)
		if url == "" || !isShortcode(e.Shortcode) || len(out) == maxEmojis {
			continue
		}
		out = append(out, social.Emoji{Shortcode: e.Shortcode, URL: url})
	}
	return out
}

// isShortcode takes what can be written between two colons of a text.
func isShortcode(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		isWord := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
		if !isWord {
			return false
		}
	}
	return true
}
