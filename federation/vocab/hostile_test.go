package vocab_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"rookery/federation/vocab"
	"rookery/internal/testkit"
)

// repeated builds a JSON list of n items; %d is the item's number.
func repeated(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// INP-07: numbers of any kind become counts that every database and client holds.
func TestCountsAreClamped(t *testing.T) {
	t.Parallel()
	tests := map[string]int{
		"1e400": vocab.MaxCount, "1e140000": vocab.MaxCount, "9223372036854775808": vocab.MaxCount,
		"-1": 0, "-1e400": 0, `"12"`: 12, `"-12"`: 0, `"1e9"`: 0, `"99999999999999999999"`: 0,
		"true": 0, "[]": 0, "[3]": 0, "{}": 0, "null": 0, "7": 7, "7.9": 7, "0": 0,
	}
	for in, want := range tests {
		doc := mustParse(t, `{"type":"Question","totalItems":`+in+`,"votersCount":`+in+`,
			"oneOf":[{"name":"a","replies":{"totalItems":`+in+`}}],
			"attachment":{"type":"Image","url":"https://q.test/a","width":`+in+`,"height":`+in+`}}`)
		note, collection := vocab.ReadNote(doc), vocab.ReadCollection(doc)
		got := []int{
			collection.TotalItems, note.Poll.VotersCount, note.Poll.Options[0].Votes,
			note.Attachments[0].Width, note.Attachments[0].Height,
		}
		for _, n := range got {
			if n != want {
				t.Errorf("%s is read as %v, want %d", in, got, want)
			}
		}
		if _, err := json.Marshal(note); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// INP-09: a time that Go, Postgres or a client cannot hold never gets further.
func TestTimesAreClamped(t *testing.T) {
	t.Parallel()
	epoch := time.Unix(0, 0).UTC()
	tests := map[string]func(time.Time) bool{
		`"2024-02-29T12:00:00Z"`:      func(got time.Time) bool { return got.Equal(on(t, "2024-02-29T12:00:00Z")) },
		`"2024-02-29T12:00:00+0200"`:  func(got time.Time) bool { return got.Equal(on(t, "2024-02-29T10:00:00Z")) },
		`"2024-02-29T12:00Z"`:         func(got time.Time) bool { return got.Equal(on(t, "2024-02-29T12:00:00Z")) },
		`"2024-02-29"`:                func(got time.Time) bool { return got.Equal(on(t, "2024-02-29T00:00:00Z")) },
		`"9999-12-31T23:59:59-23:59"`: isTomorrow,
		`"2999-01-01T00:00:00Z"`:      isTomorrow,
		`"0000-01-01T00:00:00Z"`:      epoch.Equal,
		`"1969-12-31T23:59:59Z"`:      epoch.Equal,
		`"10000-01-01T00:00:00Z"`:     time.Time.IsZero,
		`"yesterday"`:                 time.Time.IsZero,
		`"2024-02-30T00:00:00Z"`:      time.Time.IsZero,
		`""`:                          time.Time.IsZero,
		`1700000000`:                  time.Time.IsZero,
		`["2024-02-29T12:00:00Z"]`:    time.Time.IsZero,
		`null`:                        time.Time.IsZero,
	}
	for in, ok := range tests {
		doc := mustParse(t, `{"published":`+in+`,"updated":`+in+`}`)
		note, activity, actor := vocab.ReadNote(doc), vocab.ReadActivity(doc), vocab.ReadActor(doc)
		for _, got := range []time.Time{note.Published, note.Updated, activity.Published, actor.Published} {
			if !ok(got) {
				t.Errorf("%s is read as %v", in, got)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("%s: %v", in, err)
			}
		}
	}
	poll := vocab.ReadNote(mustParse(t, `{"type":"Question","endTime":"9999-12-31T23:59:59-23:59","oneOf":[{"name":"a"}]}`)).Poll
	if poll.EndTime.Before(time.Now()) || poll.EndTime.Year() > time.Now().Year()+11 {
		t.Errorf("a poll ends at %v", poll.EndTime)
	}
}

func isTomorrow(got time.Time) bool {
	ahead := time.Until(got)
	return ahead > 23*time.Hour && ahead <= 24*time.Hour
}

// INP-11: a flood of addressees and mentions is cut at the door, quickly.
func TestFloodsAreCut(t *testing.T) {
	t.Parallel()
	raw := `{"id":"https://q.test/1","type":"Create","actor":"https://q.test/u",
		"to":` + repeated(10_000, `"https://v.test/u%d"`) + `,"cc":` + repeated(10_000, `"https://v.test/u1"`) + `,
		"tag":[` + strings.Trim(repeated(8_000, `{"type":"Mention","href":"https://v.test/u%d","name":"@u"}`), "[]") + `,
			{"type":"Hashtag","name":"#kept"}]}`
	var note vocab.Note
	if took := testkit.Work(func() { note = vocab.ReadNote(mustParse(t, raw)) }); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if len(note.To) != vocab.MaxAudience || len(note.CC) != 1 || len(note.Mentions) != vocab.MaxTags {
		t.Errorf("%d to, %d cc, %d mentions", len(note.To), len(note.CC), len(note.Mentions))
	}
	if len(note.Hashtags) != 1 {
		t.Error("mentions pushed the hashtag out")
	}
}

// INP-12: everything long is cut or dropped at its documented limit.
func TestLongThingsAreCut(t *testing.T) {
	t.Parallel()
	note := vocab.ReadNote(mustParse(t, `{"type":"Question",
		"content":"`+strings.Repeat("é", 250_000)+`","name":"`+strings.Repeat("n", 10_000)+`",
		"summary":"`+strings.Repeat("s", 50_000)+`",
		"oneOf":`+repeated(600, `{"type":"Note","name":"option %d"}`)+`,
		"attachment":`+repeated(1000, `{"type":"Document","url":"https://q.test/%d.png"}`)+`,
		"tag":[{"type":"Emoji","name":":`+strings.Repeat("e", 3000)+`:","icon":{"url":"https://q.test/e.png"}},
			{"type":"Emoji","name":":<b>:","icon":{"url":"https://q.test/e.png"}}]}`))
	if n := len(note.Content); n > vocab.MaxContent || n < vocab.MaxContent-1 || strings.Trim(note.Content, "é") != "" {
		t.Errorf("content of %d bytes, or cut inside a character", n)
	}
	if len(note.Name) != vocab.MaxName || len(note.Summary) != vocab.MaxSummary {
		t.Errorf("name of %d, summary of %d bytes", len(note.Name), len(note.Summary))
	}
	if len(note.Poll.Options) != vocab.MaxOptions || len(note.Attachments) != vocab.MaxAttachments || len(note.Emojis) != 0 {
		t.Errorf("%d options, %d attachments, %d emojis", len(note.Poll.Options), len(note.Attachments), len(note.Emojis))
	}

	actor := vocab.ReadActor(mustParse(t, `{"type":"Person","preferredUsername":"`+strings.Repeat("u", 300)+`",
		"name":"`+strings.Repeat("n", 10_000)+`","summary":"`+strings.Repeat("s", 50_000)+`",
		"alsoKnownAs":`+repeated(300, `"https://q.test/%d"`)+`,
		"attachment":`+repeated(60, `{"type":"PropertyValue","name":"f%d","value":"`+strings.Repeat("v", 5000)+`"}`)+`,
		"publicKey":`+repeated(12, `{"id":"https://q.test/#%d","publicKeyPem":"`+strings.Repeat("p", 20_000)+`"}`)+`}`))
	if actor.PreferredUsername != "" {
		t.Error("a username was cut to another one")
	}
	if len(actor.Name) != vocab.MaxName || len(actor.Summary) != vocab.MaxSummary || len(actor.AlsoKnownAs) != vocab.MaxAliases {
		t.Errorf("name %d, summary %d, %d aliases", len(actor.Name), len(actor.Summary), len(actor.AlsoKnownAs))
	}
	if len(actor.Fields) != vocab.MaxFields || len(actor.Fields[0].Value) != vocab.MaxValue {
		t.Errorf("%d fields, first of %d bytes", len(actor.Fields), len(actor.Fields[0].Value))
	}
	if len(actor.Keys) != vocab.MaxKeys || actor.Keys[0].PEM != "" {
		t.Errorf("%d keys, first of %d bytes", len(actor.Keys), len(actor.Keys[0].PEM))
	}
}

// INP-20: no URL field lets another scheme through.
func TestOnlyWebURLsSurvive(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:alert(1)", "data:text/html,<script>", "file:///etc/passwd",
		"vbscript:x", "//q.test/x", "/x", "https://v.test@q.test/x", "blob:https://q.test/x", "about:blank",
	} {
		b := fmt.Sprintf("%q", bad)
		doc := mustParse(t, `{"id":`+b+`,"type":["Note"],"url":[`+b+`,{"type":"Link","href":`+b+`}],
			"icon":{"type":"Image","url":`+b+`},"image":`+b+`,"inbox":`+b+`,"outbox":`+b+`,"followers":`+b+`,
			"following":`+b+`,"featured":`+b+`,"movedTo":`+b+`,"alsoKnownAs":`+b+`,"actor":`+b+`,"object":`+b+`,
			"attributedTo":{"id":`+b+`},"inReplyTo":`+b+`,"quoteUrl":`+b+`,"replies":{"first":`+b+`},"target":`+b+`,
			"endpoints":{"sharedInbox":`+b+`},"to":`+b+`,"cc":[`+b+`],"first":`+b+`,"next":`+b+`,"items":[`+b+`],
			"attachment":[`+b+`,{"type":"Document","url":`+b+`},{"type":"Image","url":[{"href":`+b+`}]}],
			"tag":[{"type":"Mention","href":`+b+`},{"type":"Emoji","name":":a:","icon":{"url":`+b+`}}],
			"publicKey":{"id":`+b+`,"owner":`+b+`},
			"links":[{"rel":"self","type":"application/activity+json","href":`+b+`},{"rel":"lrdd","template":`+b+`}]}`)
		activity := vocab.ReadActivity(doc)
		activity.Raw = vocab.Doc{}
		for _, view := range []any{
			activity, vocab.ReadActor(doc), vocab.ReadNote(doc), vocab.ReadCollection(doc), vocab.ReadJRD(doc),
		} {
			out := fmt.Sprintf("%+v", view)
			if strings.Contains(out, strings.TrimSpace(bad)) {
				t.Errorf("%s survives in %s", bad, out)
			}
		}
	}
}

// INP-28: an id that cannot be stored or fetched is none; it is never cut.
func TestBadIDsAreNone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		`null`, `{}`, `{"id":"https://q.test/1"}`, `["https://q.test/1"]`, `7`, `true`, `""`, `"about:blank"`,
		`"https://q.test/` + strings.Repeat("a", 10_240) + `"`, `"urn:uuid:1"`, `"https://q.test/a b"`,
	} {
		doc := mustParse(t, `{"id":`+id+`,"type":"Create"}`)
		if got := vocab.ReadActivity(doc).ID + vocab.ReadActor(doc).ID + vocab.ReadNote(doc).ID; got != "" {
			t.Errorf("id %.40s is read as %.40q", id, got)
		}
	}
	if got := vocab.ReadActivity(mustParse(t, `{"type":"Create"}`)).ID; got != "" {
		t.Errorf("an absent id is read as %q", got)
	}
}

// INP-29: odd types and nesting are read one level deep.
func TestOddTypesAndNesting(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"known one of a list": {`["Weird","as:Create",7,null]`, "Create"},
		"unknown":             {`"Frobnicate"`, "Frobnicate"},
		"full IRI":            {`"https://www.w3.org/ns/activitystreams#Like"`, "Like"},
		"null":                {`null`, ""},
		"object":              {`{"type":"Create"}`, ""},
		"number":              {`3`, ""},
		"empty list":          {`[]`, ""},
		"huge":                {`"` + strings.Repeat("T", 10_000) + `"`, ""},
		"other case":          {`"create"`, "create"},
	}
	for name, tt := range tests {
		if got := vocab.ReadActivity(mustParse(t, `{"type":`+tt.in+`}`)).Type; got != tt.want {
			t.Errorf("%s: type %q, want %q", name, got, tt.want)
		}
	}

	deep := `"https://q.test/note"`
	for i := range 20 {
		deep = fmt.Sprintf(`{"type":"Announce","id":"https://q.test/%d","actor":"https://q.test/u","object":%s}`, i, deep)
	}
	if got := vocab.ReadActivity(mustParse(t, deep)); got.ID != "https://q.test/19" || got.Object.ID != "https://q.test/18" {
		t.Errorf("nested Announce is read as %q of %q", got.ID, got.Object.ID)
	}
	for _, object := range []string{`null`, `[]`, `[null]`, `[[["https://q.test/1"]]]`, `7`, `""`} {
		if got := vocab.ReadActivity(mustParse(t, `{"object":`+object+`}`)); !got.Object.IsZero() || len(got.Objects) != 0 {
			t.Errorf("object %s is read as %+v", object, got.Objects)
		}
	}
}

// OWN-17: names that would read as somebody else's handle.
func TestNamesThatPretend(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`"ceo@v.test"`, `"a/b"`, `"a b"`, `"a＠v.test"`, `"a\u202eb"`, `"a\u200bb"`, `""`, `null`, `["a"]`, `{"a":"b"}`} {
		if got := vocab.ReadActor(mustParse(t, `{"preferredUsername":`+name+`}`)).PreferredUsername; got != "" {
			t.Errorf("%s is read as %q", name, got)
		}
	}
	for address, want := range map[string]string{
		"acct:a@V.test": "a@v.test", "@a@v.test": "a@v.test", "a@v.test:8443": "a@v.test:8443", "a.b_c-d@v.test": "a.b_c-d@v.test",
		"a@b@v.test": "", "a@v.test/x": "", "a@v.test.": "", "v.test": "", "@v.test": "", "a@": "", "a@v.test?x": "", "a@v.test#x": "",
	} {
		if got := vocab.ReadActor(mustParse(t, fmt.Sprintf(`{"webfinger":%q}`, address))).Webfinger; got != want {
			t.Errorf("webfinger %q is read as %q, want %q", address, got, want)
		}
	}
}
