package vocab_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/testkit"
)

func mustParse(t testing.TB, raw string) vocab.Doc {
	t.Helper()
	doc, err := vocab.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("Parse(%.200q): %v", raw, err)
	}
	return doc
}

func asJSON(t testing.TB, doc vocab.Doc) string {
	t.Helper()
	b, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		code fault.Code
	}{
		"nothing":                    {"", fault.Malformed},
		"a list on top":              {`[{"id":"https://q.test/1"}]`, fault.Malformed},
		"a text on top":              {`"https://q.test/1"`, fault.Malformed},
		"trailing data":              {`{} {}`, fault.Malformed},
		"trailing bracket":           {`{}}`, fault.Malformed},
		"no end":                     {`{"a":[1,2`, fault.Malformed},
		"no value":                   {`{"a":}`, fault.Malformed},
		"no colon":                   {`{"a" 1}`, fault.Malformed},
		"comma at the end":           {`{"a":1,}`, fault.Malformed},
		"comma at the end of a list": {`{"a":[1,]}`, fault.Malformed},
		"single quotes":              {`{'a':1}`, fault.Malformed},
		"leading zero":               {`{"a":012}`, fault.Malformed},
		"half an exponent":           {`{"a":1e}`, fault.Malformed},
		"NaN":                        {`{"a":NaN}`, fault.Malformed},
		"bare line end":              {"{\"a\":\"x\ny\"}", fault.Malformed},
		"bad escape":                 {`{"a":"\x41"}`, fault.Malformed},
		"short unicode escape":       {`{"a":"\u12"}`, fault.Malformed},
		"escape at the end":          {`{"a":"\`, fault.Malformed},
		"word cut short":             {`{"a":tru}`, fault.Malformed},

		"INP-02 actor twice":             {`{"actor":"https://q.test/a","actor":"https://v.test/a"}`, fault.Malformed},
		"INP-02 twice, once escaped":     {`{"actor":"https://q.test/a","\u0061ctor":"https://v.test/a"}`, fault.Malformed},
		"INP-02 twice, inside":           {`{"object":{"id":"https://q.test/1","id":"https://v.test/1"}}`, fault.Malformed},
		"INP-02 twice, in a list":        {`{"object":[{"type":"Note","type":"Person"}]}`, fault.Malformed},
		"INP-02 twice, unknown property": {`{"x":{"y":1,"y":1}}`, fault.Malformed},
		"INP-02 twice among many":        {`{` + manyKeys(500) + `"k7":1}`, fault.Malformed},

		"INP-05 65 levels":    {nested(65), fault.Malformed},
		"INP-05 200 levels":   {nested(200), fault.Malformed},
		"INP-05 9999 levels":  {nested(9999), fault.Malformed},
		"INP-05 20000 levels": {nested(20000), fault.Malformed},
		"INP-05 open lists":   {`{"a":` + strings.Repeat("[", vocab.MaxBody-10), fault.Malformed},
		"INP-05 open objects": {strings.Repeat(`{"a":`, 200_000), fault.Malformed},
		"INP-05 1 MiB of [":   {strings.Repeat("[", vocab.MaxBody), fault.Malformed},

		"INP-06 too large": {`{"a":"` + strings.Repeat("x", vocab.MaxBody) + `"}`, fault.TooLarge},
		"too many values":  {`{"a":[` + strings.Repeat("0,", vocab.MaxValues) + `0]}`, fault.TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc vocab.Doc
			var err error
			took := testkit.Work(func() { doc, err = vocab.Parse([]byte(tt.in)) })
			if fault.CodeOf(err) != tt.code {
				t.Errorf("Parse = %v, want code %q", err, tt.code)
			}
			if err != nil && !doc.IsZero() {
				t.Error("a refused document has contents")
			}
			if took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func nested(levels int) string {
	return strings.Repeat(`{"a":`, levels-1) + `{}` + strings.Repeat(`}`, levels-1)
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":0,`, i)
	}
	return b.String()
}

// A hostile document must cost little: the time that matters is that of refusing it.
// Not parallel, as AllocsPerRun demands.
func TestDeepDocumentsAreRefusedAtTheLimit(t *testing.T) {
	deep := []byte(`{"a":` + strings.Repeat("[", vocab.MaxBody-10))
	allocated := testing.AllocsPerRun(5, func() { _, _ = vocab.Parse(deep) })
	if allocated > 4*vocab.MaxDepth {
		t.Errorf("%v allocations to refuse 1 MiB of brackets; the parser goes deeper than %d", allocated, vocab.MaxDepth)
	}
	if _, err := vocab.Parse([]byte(nested(vocab.MaxDepth))); err != nil {
		t.Errorf("%d levels are allowed: %v", vocab.MaxDepth, err)
	}
}

// MaxValues bounds what one request can make the server hold. Not
// parallel: the counter is that of the whole process.
func TestDenseDocumentsStaySmall(t *testing.T) {
	for name, item := range map[string]string{
		"empty objects": `{}`, "empty lists": `[]`, "small objects": `{"a":0}`, "numbers": `1.5`, "texts": `"abcde"`,
	} {
		half := vocab.MaxValues/2 - 2
		raw := []byte(`{"a":[` + strings.Repeat(item+",", half) + item + `]}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := vocab.Parse(raw); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if size := after.TotalAlloc - before.TotalAlloc; size > 20<<20 {
			t.Errorf("%s: %d bytes for a document of %d", name, size, len(raw))
		}
	}
}

func TestParseKeepsDocuments(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"order and every kind": {
			"\n{ \"z\" : [1, -2.5, 1e3 , true,false, null ],\t\"a\":{\"b\":\"c\"} , \"e\":[], \"f\":{} }\r\n",
			`{"z":[1,-2.5,1000,true,false,null],"a":{"b":"c"},"e":[],"f":{}}`,
		},
		"byte order mark": {"\ufeff{\"a\":1}", `{"a":1}`},
		"escapes":         {`{"a":"\"\\\/\n\t\r\u00e9\ud83d\ude00"}`, `{"a":"\"\\/\n\t\ré😀"}`},

		"INP-03 NUL vanishes":               {`{"name":"a\u0000b","x":{"y":["\u0000"]}}`, `{"name":"ab","x":{"y":[""]}}`},
		"INP-03 other controls vanish":      {`{"name":"\u0001\b\f\u001f"}`, `{"name":""}`},
		"INP-03 NUL in a key names nothing": {`{"act\u0000or":1}`, "{\"act\ufffdor\":1}"},
		"INP-04 bad bytes":                  {"{\"a\":\"x\xff\xc3(\xed\xa0\x80\"}", "{\"a\":\"x\ufffd\ufffd(\ufffd\ufffd\ufffd\"}"},
		"INP-04 lone high surrogate":        {`{"a":"\ud800"}`, "{\"a\":\"\ufffd\"}"},
		"INP-04 lone low surrogate":         {`{"a":"\udc00x"}`, "{\"a\":\"\ufffdx\"}"},
		"INP-04 surrogate then escape":      {`{"a":"\ud800\u0041\ud800\n"}`, "{\"a\":\"\ufffdA\ufffd\\n\"}"},
		"INP-04 surrogate in a key":         {`{"\ud800":1}`, "{\"\ufffd\":1}"},

		"INP-07 numbers are clamped": {
			`{"a":1e400,"b":1e140000,"c":9223372036854775808,"d":-1e400,"e":-1,"f":1e-400}`,
			`{"a":9.007199254740992e+15,"b":9.007199254740992e+15,"c":9.007199254740992e+15,"d":-9.007199254740992e+15,"e":-1,"f":0}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := asJSON(t, mustParse(t, tt.in))
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !utf8.ValidString(got) || !json.Valid([]byte(got)) {
				t.Errorf("%q is no valid JSON in UTF-8", got)
			}
		})
	}
}

// INP-01: only the exact key counts, for authorisation as for processing.
func TestKeysAreExact(t *testing.T) {
	t.Parallel()
	good, evil := "https://q.test/users/good", "https://v.test/users/evil"
	tests := map[string]struct{ in, want string }{
		"another case beside it": {`{"actor":"` + good + `","ACTOR":"` + evil + `"}`, good},
		"another case before it": {`{"Actor":"` + evil + `","actor":"` + good + `"}`, good},
		"another case alone":     {`{"Actor":"` + evil + `"}`, ""},
		"long s":                 {`{"actor":"` + good + `","object":"x","\u017fummary":"y"}`, good},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := mustParse(t, tt.in)
			if got := doc.Actor(); got != tt.want {
				t.Errorf("Actor() = %q, want %q", got, tt.want)
			}
			if got := vocab.ReadActivity(doc).Actor; got != tt.want {
				t.Errorf("Activity.Actor = %q, want %q", got, tt.want)
			}
		})
	}

	kelvin := mustParse(t, `{"publicKey":{"id":"`+good+`#k"},"public`+"\u212a"+`ey":{"id":"`+evil+`#k"}}`)
	keys := vocab.ReadActor(kelvin).Keys
	if len(keys) != 1 || keys[0].ID != good+"#k" {
		t.Errorf("U+212A was taken for k: %+v", keys)
	}
}
