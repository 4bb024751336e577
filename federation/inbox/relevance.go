package inbox

import (
	"rookery/federation/vocab"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// needOf says what must be true of the sender for an activity to concern anybody
// here: nothing if it names somebody or something of ours or came to a personal
// inbox, else that it is known or followed. Shared inboxes get much that is for
// nobody, such as everything of a server that once sent one message.
func needOf(t *tenant.Tenant, a vocab.Activity, account social.AccountID) store.Need {
	if account != 0 || namesUs(t, a) {
		return store.NeedNothing
	}
	switch a.Type {
	case vocab.TypeCreate, vocab.TypeAnnounce, vocab.TypeAdd, vocab.TypeRemove:
		return store.NeedFollowed
	}
	return store.NeedKnown
}

// namesUs reports whether an activity is addressed to, about or an answer to
// something on the tenant's host.
func namesUs(t *tenant.Tenant, a vocab.Activity) bool {
	ours := func(uri string) bool { return uri != "" && vocab.HostOf(uri) == t.Host }
	oneOfUs := func(lists ...[]string) bool {
		for _, list := range lists {
			for _, uri := range list {
				if ours(uri) {
					return true
				}
			}
		}
		return false
	}
	if ours(a.Target) || oneOfUs(a.To, a.CC, a.Audience) {
		return true
	}
	for _, object := range a.Objects {
		if ours(object.ID) {
			return true
		}
		inner := object.Doc
		if inner.IsZero() {
			continue
		}
		if ours(inner.IRI("inReplyTo")) || ours(inner.Object().ID) || ours(inner.Actor()) ||
			oneOfUs(inner.IRIs("to", vocab.MaxAudience), inner.IRIs("cc", vocab.MaxAudience), quotes(inner)) {
			return true
		}
		for _, tag := range inner.Subs("tag") {
			if ours(tag.IRI("href")) {
				return true
			}
		}
	}
	return false
}

func quotes(inner vocab.Doc) []string {
	var out []string
	for _, key := range []string{"quote", "quoteUrl", "quoteUri", "_misskey_quote"} {
		out = append(out, inner.IRI(key))
	}
	return out
}
