package vocab

import "encoding/json"

// Servers that compact documents as JSON-LD (Friendica, Hubzilla) lose every term
// that @context does not define, so each kind of document defines all it may send.
// The maps are marshalled with sorted keys, hence always the same bytes.

type terms map[string]any

var (
	namespaces = terms{
		"toot": "http://joinmastodon.org/ns#",
		"gts":  "https://gotosocial.org/ns#",
	}
	emojiTerms = terms{"Emoji": "toot:Emoji"}
	actorTerms = terms{
		"manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
		"movedTo":                   idTerm("as:movedTo"),
		"alsoKnownAs":               idTerm("as:alsoKnownAs"),
		"featured":                  idTerm("toot:featured"),
		"featuredTags":              idTerm("toot:featuredTags"),
		"discoverable":              "toot:discoverable",
		"indexable":                 "toot:indexable",
		"memorial":                  "toot:memorial",
		"suspended":                 "toot:suspended",
		"Hashtag":                   "as:Hashtag",
		"PropertyValue":             "schema:PropertyValue",
		"value":                     "schema:value",
		"schema":                    "http://schema.org#",
		// FEP-2c59 inline: its own context document is one more that a reader would
		// have to fetch.
		"webfinger": terms{
			"@id":   "https://purl.archive.org/socialweb/webfinger#webfinger",
			"@type": "http://www.w3.org/2001/XMLSchema#string",
		},
	}
	noteTerms = terms{
		"misskey":            "https://misskey-hub.net/ns#",
		"fedibird":           "http://fedibird.com/ns#",
		"sensitive":          "as:sensitive",
		"Hashtag":            "as:Hashtag",
		"blurhash":           "toot:blurhash",
		"focalPoint":         terms{"@container": "@list", "@id": "toot:focalPoint"},
		"votersCount":        "toot:votersCount",
		"quote":              idTerm("https://w3id.org/fep/044f#quote"),
		"quoteUri":           "fedibird:quoteUri",
		"_misskey_quote":     "misskey:_misskey_quote",
		"QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
		"quoteAuthorization": idTerm("https://w3id.org/fep/044f#quoteAuthorization"),
	}
	policyTerms = terms{
		"interactionPolicy": idTerm("gts:interactionPolicy"),
		"canQuote":          idTerm("gts:canQuote"),
		"automaticApproval": idTerm("gts:automaticApproval"),
		"manualApproval":    idTerm("gts:manualApproval"),
		"QuoteRequest":      "https://w3id.org/fep/044f#QuoteRequest",
	}

	plainContext = mustContext(ContextIRI)
	actorContext = mustContext([]any{
		ContextIRI,
		"https://w3id.org/security/v1",
		joined(namespaces, emojiTerms, actorTerms, policyTerms),
	})
	noteContext  = mustContext([]any{ContextIRI, joined(namespaces, emojiTerms, noteTerms, policyTerms)})
	quoteContext = mustContext([]any{ContextIRI, joined(namespaces, terms{
		"QuoteRequest": policyTerms["QuoteRequest"],
	})})
)

func idTerm(id string) terms { return terms{"@id": id, "@type": "@id"} }

func joined(parts ...terms) terms {
	all := terms{}
	for _, part := range parts {
		for term, definition := range part {
			all[term] = definition
		}
	}
	return all
}

// mustContext marshals one of the constants above, which cannot fail.
func mustContext(context any) json.RawMessage {
	b, err := marshal(context)
	if err != nil {
		panic(err)
	}
	return b
}
