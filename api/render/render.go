// Package render turns values of the domain into the entities that apps read.
//
// The handlers of api/v1, api/v2 and api/streaming call it, inside the
// transaction that found the values. It loads what stands around them in
// batches, never in a loop. It must not decide who may see a status: its callers
// bring what the viewer may see, and for what render finds by itself (the post
// behind a boost, the post of a notification) it asks the store's one rule.
package render

import (
	"rookery/api/entity"
	"rookery/internal/social"
	"rookery/internal/social/media"
)

// Renderer makes entities. It is safe for concurrent use.
type Renderer struct {
	addresses media.Addresses
	cache     *cache
}

// New returns a Renderer that gives files the addresses and keeps what it has rendered
// in a cache of DefaultCacheSize.
func New(addresses media.Addresses) *Renderer { return NewSized(addresses, DefaultCacheSize) }

// NewSized is New with a cache of so many bytes.
func NewSized(addresses media.Addresses, cacheSize int) *Renderer {
	return &Renderer{addresses: addresses, cache: newCache(cacheSize)}
}

// optional is null for an empty text.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// emojis shows the custom emojis that came with a remote document.
func emojis(list []social.Emoji) entity.Array[entity.CustomEmoji] {
	if len(list) == 0 {
		return nil
	}
	out := make(entity.Array[entity.CustomEmoji], len(list))
	for i, e := range list {
		out[i] = entity.CustomEmoji{Shortcode: e.Shortcode, URL: e.URL, StaticURL: e.URL}
	}
	return out
}
