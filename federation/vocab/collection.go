package vocab

// Collection is a collection or one page of it.
type Collection struct {
	ID         string
	Type       string
	PartOf     string
	First      Ref // often an embedded page
	Last       string
	Next       string
	Prev       string
	TotalItems int
	Items      []Ref // at most MaxItems; ordered or not
}

// IsPage reports whether this is a page rather than the collection.
func (c Collection) IsPage() bool {
	return c.Type == TypeCollectionPage || c.Type == TypeOrderedCollectionPage
}

// ReadCollection reads a collection or a page. Walking pages, and the limit on
// it, is the caller's: next may lead anywhere, also back here.
func ReadCollection(d Doc) Collection {
	c := Collection{
		ID:         d.ID(),
		Type:       d.typeIn(IsCollection),
		PartOf:     d.IRI("partOf"),
		First:      d.Ref("first"),
		Last:       d.IRI("last"),
		Next:       d.IRI("next"),
		Prev:       d.IRI("prev"),
		TotalItems: d.Count("totalItems"),
		Items:      d.Refs("orderedItems", MaxItems),
	}
	if len(c.Items) == 0 {
		c.Items = d.Refs("items", MaxItems)
	}
	return c
}
