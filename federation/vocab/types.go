package vocab

import "slices"

// Activity types that are read or written here. Others pass through as they came.
const (
	TypeAccept          = "Accept"
	TypeAdd             = "Add"
	TypeAnnounce        = "Announce"
	TypeBlock           = "Block"
	TypeCreate          = "Create"
	TypeDelete          = "Delete"
	TypeDislike         = "Dislike"
	TypeEmojiReact      = "EmojiReact"
	TypeFlag            = "Flag"
	TypeFollow          = "Follow"
	TypeIgnore          = "Ignore"
	TypeJoin            = "Join"
	TypeLeave           = "Leave"
	TypeLike            = "Like"
	TypeMove            = "Move"
	TypeQuoteRequest    = "QuoteRequest" // FEP-044f
	TypeReject          = "Reject"
	TypeRemove          = "Remove"
	TypeTentativeAccept = "TentativeAccept"
	TypeTentativeReject = "TentativeReject"
	TypeUndo            = "Undo"
	TypeUpdate          = "Update"
	TypeView            = "View"
)

// Actor types.
const (
	TypeApplication  = "Application"
	TypeGroup        = "Group"
	TypeOrganization = "Organization"
	TypePerson       = "Person"
	TypeService      = "Service"
)

// Object types.
const (
	TypeNote                  = "Note"
	TypeQuestion              = "Question"
	TypeTombstone             = "Tombstone"
	TypeCollection            = "Collection"
	TypeCollectionPage        = "CollectionPage"
	TypeOrderedCollection     = "OrderedCollection"
	TypeOrderedCollectionPage = "OrderedCollectionPage"
)

var (
	activityTypes = []string{
		TypeAccept, TypeAdd, TypeAnnounce, TypeBlock, TypeCreate, TypeDelete, TypeDislike, TypeEmojiReact,
		TypeFlag, TypeFollow, TypeIgnore, TypeJoin, TypeLeave, TypeLike, TypeMove, TypeQuoteRequest,
		TypeReject, TypeRemove, TypeTentativeAccept, TypeTentativeReject, TypeUndo, TypeUpdate, TypeView,
	}
	actorTypes = []string{TypeApplication, TypeGroup, TypeOrganization, TypePerson, TypeService}

	// convertible posts are shown as a title, a text and a link, as Mastodon does;
	// the last row is BookWyrm's, which Mastodon ignores.
	convertible = []string{
		"Image", "Audio", "Video", "Article", "Page", "Event",
		"Review", "Comment", "Quotation", "GeneratedNote",
	}
	collectionTypes = []string{
		TypeCollection, TypeCollectionPage, TypeOrderedCollection, TypeOrderedCollectionPage,
	}
)

// IsActivity reports whether a type is an activity that is known here.
func IsActivity(name string) bool { return slices.Contains(activityTypes, name) }

// IsActor reports whether a type is one of the five actor types.
func IsActor(name string) bool { return slices.Contains(actorTypes, name) }

// IsPost reports whether a type can become a post: natively or converted.
func IsPost(name string) bool { return IsNative(name) || slices.Contains(convertible, name) }

// IsNative reports whether a type is shown as it is, without a title and a link.
func IsNative(name string) bool { return name == TypeNote || name == TypeQuestion }

// IsCollection reports whether a type is a collection or a page of one.
func IsCollection(name string) bool { return slices.Contains(collectionTypes, name) }
