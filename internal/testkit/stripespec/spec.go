// Package stripespec holds what goes to and comes from a stand-in for Stripe against Stripe's
// own description of its API, the file openapi/spec3.json of github.com/stripe/openapi, whose
// path is in ROOKERY_STRIPE_OPENAPI. Without it nothing is looked at.
//
// Tests of billing/stripefake and internal/testkit/billingtest put Watch before the fake. It
// knows of schemas what Stripe uses of them, and nothing of what the fake is for.
package stripespec

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
)

// Version is the one that stripe-go v76 speaks, and the fake.
const Version = "2023-10-16"

// Variable names the file with the description.
const Variable = "ROOKERY_STRIPE_OPENAPI"

// Spec is Stripe's description of its API.
type Spec struct {
	Info       struct{ Version string }
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]*schema }
}

// schema is one of OpenAPI 3.0, as far as Stripe uses them.
type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Nullable   bool
	Enum       []any
	AnyOf      []*schema
	Properties map[string]*schema
	Required   []string
	Items      *schema
	Additional json.RawMessage `json:"additionalProperties"`
}

// operation is what one method of a path takes and answers.
type operation struct {
	Parameters []struct {
		Name, In string
		Schema   *schema
	}
	RequestBody struct{ Content map[string]body }
	Responses   map[string]struct{ Content map[string]body }
}

type body struct{ Schema *schema }

// Load reads the description once; nil where nobody gave one.
var Load = sync.OnceValues(func() (*Spec, error) {
	path := os.Getenv(Variable)
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs the tests names it
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", Variable, err)
	}
	out := &Spec{}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("read %s: %w", Variable, err)
	}
	return out, nil
})

// operation finds a request's; a literal path goes before one with a place for an id.
func (sp *Spec) operation(method, path string) (*operation, error) {
	segments, best, places := strings.Split(path, "/"), "", math.MaxInt
	for template := range sp.Paths {
		pattern := strings.Split(template, "/")
		if len(pattern) != len(segments) {
			continue
		}
		n, fits := 0, true
		for i, p := range pattern {
			if strings.HasPrefix(p, "{") {
				n++
			} else if p != segments[i] {
				fits = false
			}
		}
		if fits && n < places {
			best, places = template, n
		}
	}
	raw, ok := sp.Paths[best][strings.ToLower(method)]
	if !ok {
		return nil, fmt.Errorf("Stripe has no %s %s", method, path)
	}
	op := &operation{}
	return op, json.Unmarshal(raw, op)
}

func (sp *Spec) deref(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = sp.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// Object says what is wrong with an object, which names its own type. One that was deleted is
// another type.
func (sp *Spec) Object(o map[string]any) []string {
	kind, _ := o["object"].(string)
	s := sp.Components.Schemas[kind]
	if o["deleted"] == true {
		s = sp.Components.Schemas["deleted_"+kind]
	}
	if s == nil {
		return []string{fmt.Sprintf("Stripe has no object %q", kind)}
	}
	return sp.check(kind, s, o)
}

// check says where a value is not what a schema wants.
func (sp *Spec) check(at string, s *schema, v any) []string {
	s = sp.deref(s)
	switch {
	case s == nil:
		return []string{at + ": no such schema"}
	case v == nil && s.Nullable:
		return nil
	case len(s.AnyOf) > 0:
		return sp.oneOf(at, s, v)
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		return []string{fmt.Sprintf("%s: %v is none of %v", at, v, s.Enum)}
	}
	ok := true
	switch s.Type {
	case "object":
		o, isObject := v.(map[string]any)
		if isObject {
			return sp.fields(at, s, o)
		}
		ok = false
	case "array":
		var list []any
		if list, ok = v.([]any); ok {
			var out []string
			for _, element := range list {
				out = append(out, sp.check(at+"[]", s.Items, element)...)
			}
			return out
		}
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number", "integer":
		var n float64
		n, ok = v.(float64)
		ok = ok && (s.Type == "number" || n == math.Trunc(n))
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no %s", at, v, s.Type)}
	}
	return nil
}

// oneOf takes the alternative that fits best: of objects, the one with their name.
func (sp *Spec) oneOf(at string, s *schema, v any) (best []string) {
	for i, alternative := range s.AnyOf {
		got := sp.check(at, alternative, v)
		if len(got) == 0 {
			return nil
		}
		if i == 0 || sp.isNamed(alternative, v) || len(got) < len(best) && !slices.ContainsFunc(s.AnyOf[:i], func(a *schema) bool { return sp.isNamed(a, v) }) {
			best = got
		}
	}
	return best
}

func (sp *Spec) isNamed(s *schema, v any) bool {
	o, _ := v.(map[string]any)
	named := sp.deref(sp.deref(s).Properties["object"])
	return o != nil && named != nil && slices.Contains(named.Enum, o["object"]) && (o["deleted"] == true) == slices.Contains(sp.deref(s).Required, "deleted")
}

// added are fields that came while the version was 2023-10-16: a description of before does
// not know them.
var added = []string{".issuer", ".automatic_tax.liability", ".data[].invoice", ".ui_mode"}

func (sp *Spec) isAdded(at string) bool {
	return sp.Info.Version < Version && slices.ContainsFunc(added, func(end string) bool { return strings.HasSuffix(at, end) })
}

func (sp *Spec) fields(at string, s *schema, o map[string]any) (out []string) {
	for _, name := range s.Required {
		if _, ok := o[name]; !ok {
			out = append(out, at+"."+name+": is missing")
		}
	}
	for name, v := range o {
		switch field, ok := s.Properties[name]; {
		case ok:
			out = append(out, sp.check(at+"."+name, field, v)...)
		case len(s.Properties) > 0 && !s.isOpen() && !sp.isAdded(at+"."+name):
			out = append(out, at+"."+name+": Stripe has no such field")
		}
	}
	return out
}

// isOpen: fields may have any name, as those of metadata.
func (s *schema) isOpen() bool { return len(s.Additional) > 0 && string(s.Additional) != "false" }

// takes says whether a parameter such as items[0][price] is one, and whether it may be value.
func (sp *Spec) takes(s *schema, path []string, value string) bool {
	s = sp.deref(s)
	switch {
	case s == nil:
		return false
	case len(s.AnyOf) > 0:
		return slices.ContainsFunc(s.AnyOf, func(a *schema) bool { return sp.takes(a, path, value) })
	case len(path) == 0:
		return s.Type != "object" && s.Type != "array" && (len(s.Enum) == 0 || slices.Contains(s.Enum, any(value)))
	case s.Type == "array":
		return sp.takes(s.Items, path[1:], value)
	case s.Properties[path[0]] != nil:
		return sp.takes(s.Properties[path[0]], path[1:], value)
	}
	return s.isOpen()
}
