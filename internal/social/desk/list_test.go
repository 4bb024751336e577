package desk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/store"
	"rookery/tenant/people"
)

// Pages follow one another without a gap, in the order of each list, and a page takes the
// same statements however long it is.
func TestPagesOfTheList(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := o.A.AddAccount(t, "news")
	o.A.Grant(t, other.ID, o.owner.Person, people.Owner)
	for i := range 7 {
		to := []*social.Account{o.A.Account}
		if i%2 == 0 {
			to = append(to, other)
		}
		o.says(o.remote(fmt.Sprintf("guest%d", i)), social.Public, "", to...)
	}
	for _, state := range []social.DeskState{social.DeskOpen, ""} {
		var got []store.DeskKey
		f := desk.Filter{State: state, Limit: 2}
		for range 9 {
			l := o.list(o.owner, f)
			for _, line := range l.Lines {
				got = append(got, line.Key())
			}
			if !l.More {
				break
			}
			f.After = desk.Cursor(l.Lines[len(l.Lines)-1], state)
		}
		whole := o.list(o.owner, desk.Filter{State: state, Limit: 50})
		var want []store.DeskKey
		for _, line := range whole.Lines {
			want = append(want, line.Key())
		}
		if len(want) != 11 || !cmp.Equal(want, got) {
			t.Errorf("%q: pages %v, at once %v", state, got, want)
		}
	}
	count := func(limit int) int {
		return len(o.DB.Statements.Record(func() { o.list(o.owner, desk.Filter{Limit: limit}) }))
	}
	if one, many := count(1), count(50); one != many {
		t.Errorf("a page of one takes %d statements, one of eleven %d", one, many)
	}
	_, k := o.asks(social.Public)
	read := func() int { return len(o.DB.Statements.Record(func() { o.thread(k) })) }
	before := read()
	for range 4 {
		o.says(o.remote(fmt.Sprintf("more%d", o.said)), social.Public, fmt.Sprintf("https://velo.test/notes/%d", o.said), o.A.Account)
		o.do(func(ctx context.Context, s *pg.Scope) error {
			return o.desk.Note(ctx, s, o.A.Tenant, o.owner, k, "note")
		})
	}
	if after := read(); after != before || len(o.thread(k).Entries) != 9 {
		t.Errorf("a thread of one takes %d statements, one of nine %d", before, after)
	}
}

// The median is that of first answers; half a conversation does not count.
func TestFirstAnswerTimes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, minutes := range []int{10, 30, 50, 600} {
		_, k := o.asks(social.Public)
		o.do(func(ctx context.Context, s *pg.Scope) error {
			_, err := pg.Exec(ctx, s, `UPDATE desk_threads SET opened_at = now() - make_interval(days => @days, mins => @minutes), first_answer_at = now() - make_interval(days => @days)
				WHERE tenant_id = @tenant_id AND conversation_id = @id`, map[string]any{"minutes": minutes, "days": map[bool]int{true: 20}[i == 3], "id": k.ConversationID})
			return err
		})
	}
	o.asks(social.Public)
	if got := o.list(o.owner, desk.Filter{}).Times; got.WeekSeconds != 30*60 || got.MonthSeconds != 40*60 || got.Week != 3 || got.Month != 4 {
		t.Errorf("%+v", got)
	}
}
