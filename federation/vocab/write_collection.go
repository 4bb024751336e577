package vocab

import "encoding/json"

// CollectionDocument is a collection or a page. Items are ids (string) or
// embedded Documents; the lists are left out when nil and [] when empty.
type CollectionDocument struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	TotalItems   *int   `json:"totalItems,omitempty"` // nil hides the number
	First        string `json:"first,omitempty"`
	Last         string `json:"last,omitempty"`
	PartOf       string `json:"partOf,omitempty"`
	Next         string `json:"next,omitempty"`
	Prev         string `json:"prev,omitempty"`
	Items        []any  `json:"items,omitzero"`
	OrderedItems []any  `json:"orderedItems,omitzero"`
}

// NewOrderedCollection makes a collection whose items are on pages; first is ""
// where the items are nobody's business.
func NewOrderedCollection(id string, total *int, first string) *CollectionDocument {
	return &CollectionDocument{ID: id, Type: TypeOrderedCollection, TotalItems: total, First: first}
}

// NewOrderedItems makes a short collection with everything inside, such as featured.
func NewOrderedItems(id string, items []any) *CollectionDocument {
	total := len(items)
	return &CollectionDocument{ID: id, Type: TypeOrderedCollection, TotalItems: &total, OrderedItems: filled(items)}
}

// NewOrderedPage makes one page; set Next, Prev and TotalItems where they are known.
func NewOrderedPage(id, partOf string, items []any) *CollectionDocument {
	return &CollectionDocument{ID: id, Type: TypeOrderedCollectionPage, PartOf: partOf, OrderedItems: filled(items)}
}

// NewCollection makes an unordered collection, such as replies.
func NewCollection(id, first string) *CollectionDocument {
	return &CollectionDocument{ID: id, Type: TypeCollection, First: first}
}

// NewPage makes a page of an unordered collection.
func NewPage(id, partOf string, items []any) *CollectionDocument {
	return &CollectionDocument{ID: id, Type: TypeCollectionPage, PartOf: partOf, Items: filled(items)}
}

// The context is the richest of the items'; a collection holds one kind.
func (c *CollectionDocument) context() json.RawMessage {
	context := plainContext
	for _, item := range c.documents() {
		if own := item.context(); len(own) > len(context) {
			context = own
		}
	}
	return context
}

func (c *CollectionDocument) prepare() {
	for _, item := range c.documents() {
		item.prepare()
	}
}

func (c *CollectionDocument) documents() []Document {
	var docs []Document
	for _, list := range [][]any{c.Items, c.OrderedItems} {
		for _, item := range list {
			if doc, ok := item.(Document); ok {
				docs = append(docs, doc)
			}
		}
	}
	return docs
}
