package entity_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/api/entity"
)

// Write and encoding/json have to agree, filled and empty, because tests, streams and
// golden files use both.
func TestWriteSaysWhatEncodingJSONSays(t *testing.T) {
	t.Parallel()
	for _, kind := range []any{
		entity.Status{}, entity.CredentialAccount{}, entity.Notification{}, entity.GroupedNotificationsResults{}, entity.Instance{},
		entity.InstanceV1{}, entity.Relationship{}, entity.Context{}, entity.MediaAttachment{}, entity.Error{}, entity.SearchResults{},
	} {
		for name, v := range map[string]reflect.Value{"empty": reflect.New(reflect.TypeOf(kind)), "filled": reflect.New(reflect.TypeOf(kind))} {
			if name == "filled" {
				fill(v.Elem(), 0)
			}
			var want, got any
			raw, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := entity.Write(&b, v.Interface()); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatalf("%T %s: %v in %s", kind, name, err, b.Bytes())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%T %s (-encoding/json +Write):\n%s", kind, name, diff)
			}
		}
	}
}

func BenchmarkWriteTimeline(b *testing.B) {
	account := &entity.Account{ID: 7, Username: "support", Acct: "support@acme.test", Note: "<p>Help</p>", CreatedAt: entity.Midnight(time.Now())}
	var list entity.Array[*entity.Status]
	for i := range 20 {
		list = append(list, &entity.Status{ID: entity.ID(i), Account: account, CreatedAt: entity.Time(time.Now()), Content: "<p>Does your rear hub tick?</p>"})
	}
	var w bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		w.Reset()
		if err := entity.Write(&w, list); err != nil {
			b.Fatal(err)
		}
	}
}
