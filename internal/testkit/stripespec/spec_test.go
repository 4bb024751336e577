package stripespec

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `{"info": {"version": "2023-10-16"},
"paths": {"/v1/things/{thing}": {"get": {}}, "/v1/things/upcoming": {"get": {"parameters": [{"name": "when", "in": "query", "schema": {"type": "integer"}}]}}},
"components": {"schemas": {
	"thing": {"type": "object", "required": ["id", "object", "state"], "properties": {
		"id": {"type": "string"}, "object": {"type": "string", "enum": ["thing"]}, "state": {"type": "string", "enum": ["open", "paid"], "nullable": true},
		"amount": {"type": "integer"}, "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
		"owner": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/thing"}, {"$ref": "#/components/schemas/deleted_thing"}]},
		"parts": {"type": "array", "items": {"$ref": "#/components/schemas/thing"}}}},
	"deleted_thing": {"type": "object", "required": ["deleted", "object"], "properties": {"object": {"type": "string", "enum": ["thing"]}, "deleted": {"type": "boolean"}}},
	"asked": {"type": "object", "properties": {
		"mode": {"type": "string", "enum": ["a", "b"]}, "metadata": {"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "string", "enum": [""]}]},
		"items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "string"}}}}}}}}}`

func parse(t *testing.T) *Spec {
	t.Helper()
	sp := &Spec{}
	if err := json.Unmarshal([]byte(small), sp); err != nil {
		t.Fatal(err)
	}
	return sp
}

// What differs is told by the place where it stands.
func TestWhatDiffers(t *testing.T) {
	t.Parallel()
	sp := parse(t)
	for text, want := range map[string][]string{
		`{"object": "thing", "id": "1", "state": null, "metadata": {"a": "b"}, "owner": "2", "parts": [], "amount": 3}`: nil,
		`{"object": "thing", "deleted": true}`:                        nil,
		`{"object": "other"}`:                                         {`Stripe has no object "other"`},
		`{"object": "thing", "id": null, "state": "late", "size": 1}`: {"thing.id: <nil> is no string", "thing.size: Stripe has no such field", "thing.state: late is none of [open paid]"},
		`{"object": "thing", "id": "1", "amount": 1.5, "parts": [{"object": "thing", "state": "open", "id": 2}]}`:                     {"thing.amount: 1.5 is no integer", "thing.parts[].id: 2 is no string", "thing.state: is missing"},
		`{"object": "thing", "id": "1", "state": "open", "owner": {"object": "thing", "id": "2"}, "parts": "none", "metadata": "no"}`: {"thing.metadata: no is no object", "thing.owner.state: is missing", "thing.parts: none is no array"},
		`{"object": "thing", "id": "1", "state": "open", "owner": {"object": "thing", "deleted": "yes"}}`:                             {"thing.owner.deleted: Stripe has no such field", "thing.owner.id: is missing", "thing.owner.state: is missing"},
	} {
		var o map[string]any
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		got := sp.Object(o)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", text, diff)
		}
	}
}

// A parameter is one where the whole of its path is.
func TestWhatIsAParameter(t *testing.T) {
	t.Parallel()
	sp := parse(t)
	for _, tt := range []struct {
		path, value string
		want        bool
	}{
		{"mode", "a", true}, {"mode", "c", false}, {"node", "a", false}, {"items.0.price", "p", true}, {"items.0.prise", "p", false}, {"items", "p", false},
		{"metadata.any", "x", true}, {"metadata", "", true}, {"metadata", "x", false},
	} {
		if got := sp.takes(sp.Components.Schemas["asked"], strings.Split(tt.path, "."), tt.value); got != tt.want {
			t.Errorf("%s=%s: %v", tt.path, tt.value, got)
		}
	}
}

// A path with a word of its own goes before one with a place for an id.
func TestWhichOperation(t *testing.T) {
	t.Parallel()
	sp := parse(t)
	if op, err := sp.operation("GET", "/v1/things/upcoming"); err != nil || len(op.Parameters) != 1 {
		t.Errorf("%+v, %v", op, err)
	}
	if op, err := sp.operation("GET", "/v1/things/thing_1"); err != nil || len(op.Parameters) != 0 {
		t.Errorf("%+v, %v", op, err)
	}
	for _, path := range []string{"/v1/things", "/v1/things/1/2"} {
		if _, err := sp.operation("GET", path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
	if _, err := sp.operation("POST", "/v1/things/1"); err == nil {
		t.Error("a method is there that is not")
	}
}
