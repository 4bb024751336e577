// Package vocab reads and writes the documents of the fediverse: ActivityStreams
// activities, actors and posts, WebFinger, host-meta and NodeInfo.
//
// Reading has two steps. Parse turns bytes into a Doc and refuses what nobody may
// send (duplicate keys, bottomless nesting, oversized bodies). ReadActivity,
// ReadActor, ReadNote, ReadCollection, ReadJRD and ReadNodeInfo turn a Doc into
// typed values that are already sanitised: valid UTF-8 without NUL, capped
// lengths, counts, numbers and times, http(s) URLs only. They never fail; what
// cannot be used is missing from the result, so callers check the fields they need.
//
// Writing goes through the …Document types and Write, which adds the @context.
//
// federation/fetch, inbox, convert, actor and discovery call it. It must not touch
// a network or a database, must not interpret @context (no JSON-LD processing:
// property names are fixed), and must not sanitise HTML, which is htmlsafe's work.
package vocab

// Limits of what is read. Text limits are bytes of UTF-8. Text is cut at its
// limit; identifiers and URLs over theirs are dropped, since a cut one would name
// something else.
const (
	MaxBody   = 1 << 20 // of a document; Mastodon has the same limit
	MaxDepth  = 64      // of nesting
	MaxValues = 100_000 // in one document: bounds memory at some 20 MB
	MaxNumber = 1 << 53 // magnitude of any number: what every JSON reader keeps exactly
	MaxCount  = 1<<31 - 1

	MaxURL      = 2048
	MaxUsername = 255
	MaxName     = 1 << 10   // display names, titles, names of profile fields
	MaxValue    = 4 << 10   // values of profile fields
	MaxSummary  = 20 << 10  // biographies, content warnings
	MaxContent  = 100 << 10 // bodies of posts, their sources
	MaxAltText  = 10 << 10
	MaxHashtag  = 300 // a hundred characters of any script
	MaxOption   = 500 // one choice of a poll
	MaxToken    = 128 // media types, shortcodes, types, blurhashes
	MaxPEM      = 16 << 10

	MaxAudience    = 1000 // addressees in each of to, cc, audience
	MaxTags        = 100  // mentions, hashtags and emojis, each
	MaxAttachments = 32
	MaxFields      = 50
	MaxOptions     = 50
	MaxAliases     = 50
	MaxKeys        = 10
	MaxObjects     = 100  // objects of one activity (a Flag has several)
	MaxItems       = 1000 // items of one collection page
	MaxLanguages   = 20
	MaxLinks       = 100 // links of one property, of a JRD
	MaxTypes       = 10
)

// Names with a fixed meaning.
const (
	// Public is the collection that means "everybody". Readers turn its aliases
	// as:Public and Public into this (ActivityPub 5.6).
	Public = "https://www.w3.org/ns/activitystreams#Public"

	// ContextIRI is the ActivityStreams context; Mastodon ignores documents without it.
	ContextIRI = "https://www.w3.org/ns/activitystreams"

	// MediaType is what we send; LDMediaType is the other correct spelling.
	MediaType   = "application/activity+json"
	LDMediaType = `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
)
