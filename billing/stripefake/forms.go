package stripefake

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// params are a request's parameters by dotted path: items[0][price] is
// "items.0.price". What they may be was checked before a handler sees them.
type params map[string]string

// decode flattens a form. Elements without a number are numbered in order.
func decode(form url.Values) params {
	out := params{}
	for key, values := range form {
		path := strings.ReplaceAll(strings.ReplaceAll(key, "]", ""), "[", ".")
		if base, ok := strings.CutSuffix(path, "."); ok {
			for i, value := range values {
				out[base+"."+strconv.Itoa(i)] = value
			}
			continue
		}
		out[path] = values[len(values)-1]
	}
	return out
}

// spec says which parameters a route takes: "items.#.quantity:int" is a
// number in each element, "metadata.*" any key. Kinds: int, bool, time (a
// number or "now"), words parted by |; without a kind, text.
type spec []string

func specOf(lists ...string) spec {
	var out spec
	for _, list := range lists {
		out = append(out, strings.Fields(list)...)
	}
	return append(out, "expand.#")
}

// check refuses what the route does not know, before anything is changed.
func (sp spec) check(p params) *apiError {
	for _, path := range p.paths() {
		kind, known := sp.kind(path)
		if !known {
			name := bracketed(path)
			return wrong(stripe.ErrorCodeParameterUnknown, name, "Received unknown parameter: %s", name)
		}
		if err := checkKind(kind, path, p[path]); err != nil {
			return err
		}
	}
	return nil
}

func (sp spec) kind(path string) (string, bool) {
	segments := strings.Split(path, ".")
	for _, entry := range sp {
		pattern, kind, _ := strings.Cut(entry, ":")
		if fits(strings.Split(pattern, "."), segments) {
			return kind, true
		}
	}
	return "", false
}

func fits(pattern, segments []string) bool {
	if len(pattern) != len(segments) {
		return false
	}
	for i, want := range pattern {
		switch {
		case want == "*":
		case want == "#":
			if _, err := strconv.ParseUint(segments[i], 10, 16); err != nil {
				return false
			}
		case want != segments[i]:
			return false
		}
	}
	return true
}

func checkKind(kind, path, value string) *apiError {
	if kind == "" || value == "" { // "" unsets
		return nil
	}
	name := bracketed(path)
	switch {
	case kind == "int", kind == "time" && value != "now":
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return wrong(stripe.ErrorCodeParameterInvalidInteger, name, "Invalid integer: %s", value)
		}
	case kind == "bool":
		if value != "true" && value != "false" {
			return wrong("", name, "Invalid boolean: %s", value)
		}
	case strings.Contains(kind, "|"):
		if !slices.Contains(strings.Split(kind, "|"), value) {
			return wrong("", name, "Invalid %s: must be one of %s", name, strings.ReplaceAll(kind, "|", ", "))
		}
	}
	return nil
}

// bracketed is a path as Stripe writes it.
func bracketed(path string) string {
	head, rest, found := strings.Cut(path, ".")
	if !found {
		return head
	}
	return head + "[" + strings.ReplaceAll(rest, ".", "][") + "]"
}

func (p params) paths() []string {
	out := make([]string, 0, len(p))
	for path := range p {
		out = append(out, path)
	}
	sort.Strings(out)
	return out
}

// has tells whether a parameter, or anything below it, was sent.
func (p params) has(path string) bool {
	if _, ok := p[path]; ok {
		return true
	}
	return len(p.below(path)) > 0
}

func (p params) str(path string) string { return p[path] }
func (p params) flag(path string) bool  { return p[path] == "true" }
func (p params) or(path, def string) string {
	if v := p[path]; v != "" {
		return v
	}
	return def
}

// num is a number that check has seen; absent is 0.
func (p params) num(path string) int64 {
	n, _ := strconv.ParseInt(p[path], 10, 64)
	return n
}

// below are the parameters under a path, without it.
func (p params) below(path string) params {
	out := params{}
	for key, value := range p {
		if rest, ok := strings.CutPrefix(key, path+"."); ok {
			out[rest] = value
		}
	}
	return out
}

// list are the elements of an array, in order of their numbers.
func (p params) list(path string) []params {
	byNumber := map[int]params{}
	var numbers []int
	for key, value := range p.below(path) {
		number, rest, _ := strings.Cut(key, ".")
		n, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		if byNumber[n] == nil {
			byNumber[n] = params{}
			numbers = append(numbers, n)
		}
		byNumber[n][rest] = value
	}
	sort.Ints(numbers)
	out := make([]params, len(numbers))
	for i, n := range numbers {
		out[i] = byNumber[n]
	}
	return out
}

// texts are the elements of an array of texts.
func (p params) texts(path string) []string {
	var out []string
	for _, element := range p.list(path) {
		out = append(out, element[""])
	}
	return out
}

// mergeMetadata changes metadata as Stripe does: an empty value removes the
// key, an empty metadata removes all.
func (p params) mergeMetadata(have map[string]string, path string) map[string]string {
	out := map[string]string{}
	if value, all := p[path]; !all || value != "" {
		for key, value := range have {
			out[key] = value
		}
	}
	for key, value := range p.below(path) {
		if value == "" {
			delete(out, key)
		} else {
			out[key] = value
		}
	}
	return out
}
