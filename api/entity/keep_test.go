package entity_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/api/entity"
)

// filled has something in every field, so that a member that is forgotten anywhere is
// missed.
func filled() *entity.Status {
	s := new(entity.Status)
	fill(reflect.ValueOf(s).Elem(), 0)
	return s
}

func keep(t testing.TB, s *entity.Status) *entity.Status {
	t.Helper()
	for _, one := range []interface{ Keep() error }{s, s.Reblog, s.Account, s.Account.Moved, s.Reblog.Account} {
		if err := one.Keep(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func written(t testing.TB, document any) (out any) {
	t.Helper()
	var b bytes.Buffer
	if err := entity.Write(&b, document); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	return out
}

func TestWhatIsKeptIsWrittenLikeEverythingElse(t *testing.T) {
	t.Parallel()
	plain, other := filled(), filled()
	changed := func(s *entity.Status) *entity.Status { // after Keep, as each reading does
		s.Favourited, s.Muted, s.RepliesCount, s.Text, s.Pinned = false, false, 99, nil, false
		s.Account.FollowersCount, s.Account.LastStatusAt, s.Account.Moved = 12, nil, nil
		return s
	}
	for name, document := range map[string]func(*entity.Status) any{
		"one":          func(s *entity.Status) any { return s },
		"list":         func(s *entity.Status) any { return []*entity.Status{s, s} },
		"none":         func(*entity.Status) any { return []*entity.Status(nil) },
		"notification": func(s *entity.Status) any { return &entity.Notification{Account: s.Account, Status: s} },
		"thread":       func(s *entity.Status) any { return &entity.Context{Ancestors: entity.Array[*entity.Status]{s}} },
		"accounts":     func(s *entity.Status) any { return entity.Array[*entity.Account]{s.Account} },
		"embedded":     func(s *entity.Status) any { return &entity.CredentialAccount{Account: *s.Account} },
	} {
		if diff := cmp.Diff(written(t, document(plain)), written(t, document(keep(t, filled())))); diff != "" {
			t.Errorf("%s (-plain +kept):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(written(t, changed(plain)), written(t, changed(keep(t, other)))); diff != "" {
		t.Errorf("after changes (-plain +kept):\n%s", diff)
	}
}

func BenchmarkWriteTwenty(b *testing.B) {
	for name, prepare := range map[string]func(*entity.Status) *entity.Status{
		"plain": func(s *entity.Status) *entity.Status { return s },
		"kept":  func(s *entity.Status) *entity.Status { return keep(b, s) },
	} {
		b.Run(name, func(b *testing.B) {
			var list []*entity.Status
			for range 20 {
				list = append(list, prepare(filled()))
			}
			var out bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				out.Reset()
				if err := entity.Write(&out, list); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
