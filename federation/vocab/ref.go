package vocab

// Ref points at another object. ID is "" where the other end sent none (or one
// that cannot be used). Doc is the embedded copy, zero where only the id came.
// An embedded copy proves nothing: only the id's own server speaks for it.
type Ref struct {
	ID  string
	Doc Doc
}

// IsZero reports whether the reference points nowhere.
func (r Ref) IsZero() bool { return r.ID == "" && r.Doc.IsZero() }

// IRI returns the id that a property points at: a string, an embedded object, a
// Link, or the first usable one of a list.
func (d Doc) IRI(key string) string {
	for _, v := range d.list(key) {
		if id := refOf(v).ID; id != "" {
			return id
		}
	}
	return ""
}

// IRIs returns every distinct id that a property points at, in order.
func (d Doc) IRIs(key string, limit int) []string {
	var ids []string
	seen := map[string]struct{}{}
	for _, v := range d.list(key) {
		if len(ids) == limit {
			break
		}
		id := refOf(v).ID
		if _, dup := seen[id]; dup || id == "" {
			continue
		}
		seen[id] = struct{}{}
		ids = append(ids, id)
	}
	return ids
}

// Ref returns the first reference of a property.
func (d Doc) Ref(key string) Ref {
	refs := d.Refs(key, 1)
	if len(refs) == 0 {
		return Ref{}
	}
	return refs[0]
}

// Refs returns the references of a property that may be one or a list.
func (d Doc) Refs(key string, limit int) []Ref {
	var refs []Ref
	for _, v := range d.list(key) {
		if len(refs) == limit {
			break
		}
		if r := refOf(v); !r.IsZero() {
			refs = append(refs, r)
		}
	}
	return refs
}

// refOf reads one reference. Lists inside lists are not followed.
func refOf(v any) Ref {
	switch v := v.(type) {
	case string:
		if v == "as:Public" || v == "Public" {
			return Ref{ID: Public}
		}
		return Ref{ID: CleanID(v)}
	case Doc:
		if id := v.ID(); id != "" || v.Has("id") {
			return Ref{ID: id, Doc: v}
		}
		href, _ := v.get("href").(string)
		return Ref{ID: CleanID(href), Doc: v}
	default:
		return Ref{}
	}
}
