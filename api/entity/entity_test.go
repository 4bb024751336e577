package entity_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/api/entity"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// documents are all entities that are sent by themselves.
var documents = []any{
	entity.Account{}, entity.CredentialAccount{}, entity.Relationship{}, entity.FamiliarFollowers{},
	entity.Preferences{}, entity.FeaturedTag{}, entity.Suggestion{}, entity.Status{}, entity.Tag{},
	entity.CustomEmoji{}, entity.Poll{}, entity.PreviewCard{}, entity.Context{}, entity.StatusSource{},
	entity.StatusEdit{}, entity.ScheduledStatus{}, entity.MediaAttachment{}, entity.Notification{},
	entity.GroupedNotificationsResults{}, entity.UnreadCount{}, entity.NotificationPolicy{},
	entity.WebPushSubscription{}, entity.Instance{}, entity.InstanceV1{}, entity.Rule{},
	entity.ExtendedDescription{}, entity.Language{}, entity.DomainBlock{}, entity.Announcement{},
	entity.Marker{}, entity.List{}, entity.FilterV1{}, entity.Filter{}, entity.FilterResult{},
	entity.Conversation{}, entity.SearchResults{}, entity.Report{}, entity.Application{},
	entity.CredentialApplication{}, entity.Token{}, entity.Error{},
}

func name(document any) string { return reflect.TypeOf(document).Name() }

// TestGolden writes each entity twice: as its zero value, which shows what is
// never left out, and with every field filled, which shows every name and form.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, document := range documents {
		t.Run(name(document), func(t *testing.T) {
			t.Parallel()
			full := reflect.New(reflect.TypeOf(document)).Elem()
			fill(full, 0)
			got, err := json.MarshalIndent(map[string]any{"zero": document, "full": full.Interface()}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			path := filepath.Join("testdata", name(document)+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run with -update and read the diff (-want +got):\n%s", diff)
			}
		})
	}
}

// maxNesting stops fill inside types that contain themselves.
const maxNesting = 2

func fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case entity.Time, entity.Midnight, entity.Date:
		when := time.Date(2026, 11, 20, 23, 42, 0, 123_456_789, time.FixedZone("CET", 3600))
		v.Set(reflect.ValueOf(when).Convert(v.Type()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth)
			}
		}
	case reflect.Pointer:
		if depth < maxNesting {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if depth < maxNesting {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), depth+1)
		}
	case reflect.Map:
		item := reflect.New(v.Type().Elem()).Elem()
		fill(item, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), item)
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(115_000_000_000_000_042)
	case reflect.Float64:
		v.SetFloat(1.5)
	default:
		panic("entity of a kind that fill does not know: " + v.Type().String())
	}
}

// leftOut are the fields that may be absent, each with a comment at its place.
var leftOut = map[string]bool{
	"Account.moved": true, "Account.suspended": true, "Account.limited": true, "Account.memorial": true,
	"Status.text": true, "Notification.report": true, "NotificationGroup.report": true,
	"GroupedNotificationsResults.partial_accounts": true,
	"MediaMeta.original":                           true, "MediaMeta.small": true, "MediaMeta.focus": true,
	"MediaSize.width": true, "MediaSize.height": true, "MediaSize.size": true, "MediaSize.aspect": true,
	"MediaSize.frame_rate": true, "MediaSize.duration": true, "MediaSize.bitrate": true,
	"Error.error_description": true, "Error.details": true,
}

// TestNoFieldIsLeftOutAndNoListIsNull walks the types, so that a new field
// cannot bring back a null list or an omitempty.
func TestNoFieldIsLeftOutAndNoListIsNull(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	for _, document := range documents {
		walk(t, reflect.TypeOf(document), seen)
	}
}

func walk(t *testing.T, typ reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if seen[typ] || !strings.HasSuffix(typ.PkgPath(), "api/entity") && typ.Kind() == reflect.Struct {
		return
	}
	seen[typ] = true
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		walk(t, typ.Elem(), seen)
		return
	case reflect.Struct:
	default:
		return
	}
	for i := range typ.NumField() {
		checkField(t, typ, typ.Field(i), seen)
	}
}

func checkField(t *testing.T, typ reflect.Type, field reflect.StructField, seen map[reflect.Type]bool) {
	t.Helper()
	if !field.IsExported() {
		return // inside Time and its like
	}
	tag := field.Tag.Get("json")
	key, options, _ := strings.Cut(tag, ",")
	where := typ.Name() + "." + key
	switch {
	case field.Anonymous:
	case key == "":
		t.Errorf("%s.%s has no JSON name", typ.Name(), field.Name)
	case options != "" && !leftOut[where]:
		t.Errorf("%s is %q; apps need every field", where, options)
	case options == "" && leftOut[where]:
		t.Errorf("%s is listed as left out but is always sent", where)
	}
	if kind := field.Type.Kind(); options == "" && (kind == reflect.Slice || kind == reflect.Map) {
		raw, err := json.Marshal(reflect.Zero(field.Type).Interface())
		if err != nil || bytes.Equal(raw, []byte("null")) {
			t.Errorf("%s is written as %s when empty (%v); use Array or Object", where, raw, err)
		}
	}
	walk(t, field.Type, seen)
}

// required are the fields whose absence or null makes Tusky or the official
// Android app throw the whole document away.
var required = map[string]string{
	"Account": "id username acct url display_name note avatar header created_at locked bot emojis fields " +
		"statuses_count followers_count following_count",
	"Status": "id uri created_at visibility sensitive spoiler_text media_attachments mentions tags emojis content " +
		"reblogs_count favourites_count replies_count filtered",
	"Instance": "domain title description version registrations configuration api_versions usage rules languages",
	"InstanceV1": "uri title description short_description version email urls stats registrations configuration rules " +
		"languages",
	"Notification":                "id type created_at group_key",
	"GroupedNotificationsResults": "accounts statuses notification_groups",
	"Relationship": "id following followed_by blocking muting muting_notifications requested showing_reblogs " +
		"domain_blocking blocked_by endorsed notifying note languages",
	"CredentialAccount": "id source role",
	"MediaAttachment":   "id type meta",
	"Context":           "ancestors descendants",
	"Token":             "access_token token_type scope created_at",
	"CredentialApplication": "id name client_id client_secret client_secret_expires_at redirect_uri redirect_uris scopes " +
		"vapid_key",
	"CustomEmoji": "shortcode url static_url visible_in_picker",
	"Poll":        "id options own_votes emojis expired multiple votes_count voted",
	"Filter":      "id title context filter_action keywords statuses",
	"PreviewCard": "url title description type",
	"Tag":         "name url history following",
	"Error":       "error",
}

func TestRequiredFieldsAreNeverNull(t *testing.T) {
	t.Parallel()
	left := len(required)
	for _, document := range documents {
		fields, ok := required[name(document)]
		if !ok {
			continue
		}
		left--
		raw, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		for field := range strings.FieldsSeq(fields) {
			if got[field] == nil {
				t.Errorf("an empty %s has no %q: %s", name(document), field, raw)
			}
		}
	}
	if left != 0 {
		t.Errorf("%d required entries name no document", left)
	}
}

func TestIDsAndTimesComeBackAsSent(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 20, 10, 42, 0, 123_000_000, time.UTC)
	in := entity.Marker{LastReadID: 1<<62 + 1, Version: 3, UpdatedAt: entity.Time(when)}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out entity.Marker
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if out.LastReadID != in.LastReadID || !time.Time(out.UpdatedAt).Equal(when) {
		t.Errorf("%s was read as %+v", raw, out)
	}
	var id entity.ID
	for _, bad := range []string{`1`, `"x"`, `"1.5"`, `null1`} {
		if err := json.Unmarshal([]byte(bad), &id); err == nil {
			t.Errorf("id %s was read as %d", bad, id)
		}
	}
}

func TestOptionalValuesAreNullWhenThereIsNone(t *testing.T) {
	t.Parallel()
	none, when := (*time.Time)(nil), time.Date(2026, 11, 20, 0, 30, 0, 0, time.FixedZone("CET", 3600))
	raw, err := json.Marshal([]any{
		entity.OptionalID(int64(0)), entity.OptionalID(int64(7)),
		entity.OptionalTime(none), entity.OptionalTime(&when),
		entity.OptionalDate(&time.Time{}), entity.OptionalDate(&when),
		entity.IDs([]int64{1, 2}), entity.IDs[int64](nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `[null,"7",null,"2026-11-19T23:30:00.000Z",null,"2026-11-19",["1","2"],[]]`
	if string(raw) != want {
		t.Errorf("got %s, want %s", raw, want)
	}
}
