package stripefake

import (
	"encoding/json"
	"reflect"
	"strings"
)

// obj is an object as it goes out.
type obj map[string]any

// ref names another object: its id, or the object itself where expanded.
type ref string

// MarshalJSON writes null for no object.
func (r ref) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(r))
}

// text is null when empty, as Stripe has it.
func text(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// when is null when never.
func when(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}

func metadata(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// render shows any object by its id.
func (s *Server) render(id string) (obj, bool) {
	if strings.HasPrefix(id, "sub_sched_") {
		return shown(&s.schedules, id, s.scheduleObject)
	}
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "cus":
		return shown(&s.customers, id, s.customerObject)
	case "sub":
		return shown(&s.subs, id, s.subObject)
	case "in":
		return shown(&s.invoices, id, s.invoiceObject)
	case "pm":
		return shown(&s.methods, id, s.methodObject)
	case "pi":
		return shown(&s.intents, id, s.intentObject)
	case "ch":
		return shown(&s.charges, id, s.chargeObject)
	case "re":
		return shown(&s.refunds, id, s.refundObject)
	case "clock":
		c, ok := s.clocks[id]
		if !ok {
			return nil, false
		}
		return clockObject(c), true
	}
	if o, ok := shown(&s.prices, id, s.priceObject); ok {
		return o, true
	}
	return shown(&s.products, id, s.productObject)
}

func shown[T any](t *table[T], id string, show func(T) obj) (obj, bool) {
	v, ok := t.get(id)
	if !ok {
		return nil, false
	}
	return show(v), true
}

// expand replaces ids by objects along the paths asked for.
func (s *Server) expand(answer any, paths []string) *apiError {
	for _, path := range paths {
		segments := strings.Split(path, ".")
		if len(segments) > 4 {
			return wrong("", "expand", "You cannot expand more than 4 levels of a property. Property: %s", path)
		}
		if !s.expandAt(answer, segments) {
			return wrong("", "expand", "This property cannot be expanded (%s).", path)
		}
	}
	return nil
}

func (s *Server) expandAt(node any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			if !s.expandAt(element, path) {
				return false
			}
		}
		return true
	case obj:
		value, ok := node[path[0]]
		if !ok {
			return false
		}
		if id, isRef := value.(ref); isRef {
			if id == "" {
				return true
			}
			if value, ok = s.render(string(id)); !ok {
				return false
			}
			node[path[0]] = value
		}
		switch value.(type) {
		case obj, []any:
			return s.expandAt(value, path[1:])
		}
		return value == nil
	}
	return false
}

// page is a list endpoint's answer: newest first, cut by the cursors.
func page[T any](c *call, all []T, id func(T) string, keep func(T) bool, show func(T) obj) (any, error) {
	limit := 10
	if c.p.has("limit") {
		limit = int(c.p.num("limit"))
		if limit < 1 || limit > 100 {
			return nil, wrong("", "limit", "Invalid limit: must be between 1 and 100")
		}
	}
	var kept []T
	for i := len(all) - 1; i >= 0; i-- {
		if keep == nil || keep(all[i]) {
			kept = append(kept, all[i])
		}
	}
	more := false
	after, before := c.p.str("starting_after"), c.p.str("ending_before")
	switch {
	case after != "":
		at := position(kept, id, after)
		if at < 0 {
			return nil, absent("object", after, "starting_after")
		}
		kept = kept[at+1:]
	case before != "":
		at := position(kept, id, before)
		if at < 0 {
			return nil, absent("object", before, "ending_before")
		}
		kept = kept[:at]
		if more = len(kept) > limit; more {
			kept = kept[len(kept)-limit:]
		}
	}
	if len(kept) > limit {
		kept, more = kept[:limit], true
	}
	data := make([]any, len(kept))
	for i, v := range kept {
		data[i] = show(v)
	}
	return obj{"object": "list", "url": c.path, "has_more": more, "data": data}, nil
}

func position[T any](list []T, id func(T) string, want string) int {
	for i, v := range list {
		if id(v) == want {
			return i
		}
	}
	return -1
}

// whole is a list inside an object.
func whole(url string, data []any) obj {
	if data == nil {
		data = []any{}
	}
	return obj{"object": "list", "url": url, "has_more": false, "data": data}
}

// createdIn tells whether a moment is in the range of a filter such as
// created[gte].
func (p params) createdIn(path string, at int64) bool {
	ok := true
	for suffix, fits := range map[string]func(limit int64) bool{
		"":     func(limit int64) bool { return at == limit },
		".gt":  func(limit int64) bool { return at > limit },
		".gte": func(limit int64) bool { return at >= limit },
		".lt":  func(limit int64) bool { return at < limit },
		".lte": func(limit int64) bool { return at <= limit },
	} {
		if _, given := p[path+suffix]; given {
			ok = ok && fits(p.num(path+suffix))
		}
	}
	return ok
}

const (
	rangeOfCreated = "created:int created.gt:int created.gte:int created.lt:int created.lte:int"
	cursors        = "limit:int starting_after ending_before"
)

// changes are the former values of what differs: an event's
// previous_attributes.
func changes(before, after obj) obj {
	out := obj{}
	for key, was := range before {
		if !reflect.DeepEqual(was, after[key]) {
			out[key] = was
		}
	}
	return out
}
