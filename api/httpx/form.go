package httpx

import (
	"net/url"
	"slices"
	"strings"

	"rookery/internal/fault"
)

// pair is one name=value of a form, in the order sent. The value is a string or
// a *multipart.FileHeader.
type pair struct {
	key   string
	value any
}

// Bounds that no app reaches, so that a request cannot make us build large trees.
const (
	maxPairs = 1000
	maxDepth = 5
)

var (
	errForm     = fault.New(fault.Malformed, "The form cannot be read.")
	errTooMany  = fault.New(fault.Invalid, "The request has too many parameters.")
	errTwoForms = fault.New(fault.Malformed, "A parameter is sent in two different shapes.")
)

// parsePairs reads a query or form body. url.ParseQuery would lose the order of
// names, which is what separates one attributes[][id] from the next.
func parsePairs(raw string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		if len(pairs) == maxPairs {
			return nil, errTooMany
		}
		key, value, _ := strings.Cut(part, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			return nil, fault.Wrap(err, fault.Malformed, errForm.Text)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, fault.Wrap(err, fault.Malformed, errForm.Text)
		}
		pairs = append(pairs, pair{key, value})
	}
	return pairs, nil
}

// interleave makes pairs of a parsed multipart form, whose order is lost: first
// every name's first value, then every second. That restores a[][id] and
// a[][text] as long as each element names the same fields; where they differ,
// guessing could put a description on the wrong picture, so it is refused.
func interleave(values map[string][]string) ([]pair, error) {
	longest, total := 0, 0
	elements := map[string]int{} // "a" -> how many a[][…]
	for key, list := range values {
		longest, total = max(longest, len(list)), total+len(list)
		if total > maxPairs {
			return nil, errTooMany
		}
		name, _, ok := strings.Cut(key, "[][")
		if !ok {
			continue
		}
		if n, seen := elements[name]; seen && n != len(list) {
			return nil, fault.Newf(fault.Invalid, "Number the elements of %s: %s[0], %s[1].", name, name, name)
		}
		elements[name] = len(list)
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	pairs := make([]pair, 0, total)
	for i := range longest {
		for _, key := range keys {
			if i < len(values[key]) {
				pairs = append(pairs, pair{key, values[key][i]})
			}
		}
	}
	return pairs, nil
}

// nest builds the tree that Rails would build: a[b][]=1 becomes {a: {b: [1]}}.
func nest(pairs []pair) (map[string]any, error) {
	tree := map[string]any{}
	for _, p := range pairs {
		path := splitKey(p.key)
		if len(path) > maxDepth {
			return nil, fault.New(fault.Malformed, "A parameter is nested too deeply.")
		}
		if err := insert(tree, path, p.value); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// splitKey cuts "a[b][]" into "a", "b", "". A name with unbalanced brackets is one plain name.
func splitKey(key string) []string {
	name, rest, ok := strings.Cut(key, "[")
	if !ok || name == "" || !strings.HasSuffix(rest, "]") {
		return []string{key}
	}
	return append([]string{name}, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
}

func insert(tree map[string]any, path []string, value any) error {
	name, rest := path[0], path[1:]
	if len(rest) == 0 {
		return insertScalar(tree, name, value)
	}
	if rest[0] == "" {
		return insertElement(tree, name, rest[1:], value)
	}
	if tree[name] == nil {
		tree[name] = map[string]any{}
	}
	child, ok := tree[name].(map[string]any)
	if !ok {
		return errTwoForms
	}
	return insert(child, rest, value)
}

// insertScalar keeps all values of a name that is sent twice without []: a list
// takes them all, everything else the last.
func insertScalar(tree map[string]any, name string, value any) error {
	switch old := tree[name].(type) {
	case nil:
		tree[name] = value
	case []any:
		tree[name] = append(old, value)
	case map[string]any:
		return errTwoForms
	default:
		tree[name] = []any{old, value}
	}
	return nil
}

func insertElement(tree map[string]any, name string, rest []string, value any) error {
	if tree[name] == nil {
		tree[name] = []any{}
	}
	list, ok := tree[name].([]any)
	if !ok {
		list = []any{tree[name]}
		if _, isMap := tree[name].(map[string]any); isMap {
			return errTwoForms
		}
	}
	if len(rest) == 0 {
		tree[name] = append(list, value)
		return nil
	}
	// a[][id]=1&a[][text]=x&a[][id]=2: a name that the last element has begins the next one.
	if n := len(list); n > 0 {
		last, isMap := list[n-1].(map[string]any)
		if !isMap {
			return errTwoForms
		}
		if _, has := last[rest[0]]; !has || len(rest) > 1 {
			return insert(last, rest, value)
		}
	}
	element := map[string]any{}
	tree[name] = append(list, element)
	return insert(element, rest, value)
}
