// Package insight knows how a company's accounts fare: followers, posts, what they were
// given, and how long people wait for an answer.
//
// Counter counts the days that have ended, in the night, for all tenants; nothing is
// counted while something happens. Report puts a time of some accounts together for the
// console, beside the same time before it. It must not decide who may see which account.
package insight

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// MostDays is the longest time that a report covers.
const MostDays = 366

// DailyUntil is the longest time that is shown day by day; a longer one is shown in weeks.
const DailyUntil = 92

// What is refused.
var (
	ErrTooLong = fault.New(fault.Invalid, "A report covers 366 days at most. Choose a shorter time.")
	ErrOrder   = fault.New(fault.Invalid, "The first day is after the last one.")
	ErrFuture  = fault.New(fault.Invalid, "These days have not ended yet. Numbers end with yesterday.")
)

// DayOf is the day of UTC that a moment belongs to.
func DayOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Span is some days: from one to before another.
type Span struct{ From, Until time.Time }

// Last are the last so many days that have ended.
func Last(days int, now time.Time) Span {
	today := DayOf(now)
	return Span{today.AddDate(0, 0, -days), today}
}

// Between is the days from first to last, the last one that has ended at most.
func Between(first, last, now time.Time) (Span, error) {
	s := Span{DayOf(first), DayOf(last).AddDate(0, 0, 1)}
	switch today := DayOf(now); {
	case !s.From.Before(s.Until):
		return s, ErrOrder
	case s.Days() > MostDays:
		return s, ErrTooLong
	case !s.From.Before(today):
		return s, ErrFuture
	case s.Until.After(today):
		s.Until = today
	}
	return s, nil
}

// Days is how many days it has.
func (s Span) Days() int { return int(s.Until.Sub(s.From).Hours() / 24) }

// Before is as many days before it.
func (s Span) Before() Span { return Span{s.From.AddDate(0, 0, -s.Days()), s.From} }

// Step is how many days stand together as one point of a chart.
func (s Span) Step() int {
	if s.Days() > DailyUntil {
		return 7
	}
	return 1
}

// first is where the first whole part begins: what is left over is at the beginning.
func (s Span) first() time.Time { return s.From.AddDate(0, 0, s.Days()%s.Step()) }

// Sums are the numbers of a time.
type Sums struct {
	Counted                                     int // days
	Gained, Lost, Posts, Replies, Boosts, Likes int
	Followers                                   int // at the end
	AnswerSeconds                               float64
	Answers                                     int
}

// Reactions are what others gave.
func (s Sums) Reactions() int { return s.Replies + s.Boosts + s.Likes }

// Part is a day or a week of a report.
type Part struct {
	From time.Time
	Sums
}

// Report is how accounts fared in a time.
type Report struct {
	Span
	Sums        // of all of it
	Before Sums // of the time before
	Parts  []Part
	// Earlier are as many parts of the time before.
	Earlier []Part
	Last    time.Time // the last day that is counted; zero: none is
}

// Read puts a report together.
func Read(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, s Span) (*Report, error) {
	out := &Report{Span: s}
	if len(accounts) == 0 {
		return out, nil
	}
	before := s.Before()
	// One day more: who left on the first day is seen by the number of the day before it.
	days, err := store.DaysOf(ctx, scope, accounts, before.From.AddDate(0, 0, -1), s.Until)
	if err != nil {
		return nil, fmt.Errorf("read the days of %d accounts: %w", len(accounts), err)
	}
	step := s.Step()
	for at := s.first(); at.Before(s.Until); at = at.AddDate(0, 0, step) {
		out.Parts = append(out.Parts, Part{From: at})
		out.Earlier = append(out.Earlier, Part{From: at.AddDate(0, 0, -s.Days())})
	}
	var eve *store.Day
	for _, d := range days {
		switch {
		case !d.Day.Before(s.From):
			out.add(d, eve)
			out.Last = d.Day
			addTo(out.Parts, step, d, eve)
		case !d.Day.Before(before.From):
			out.Before.add(d, eve)
			addTo(out.Earlier, step, d, eve)
		}
		eve = d
	}
	err = out.answers(ctx, scope, accounts)
	return out, err
}

// addTo adds a day to the part that it belongs to, if any.
func addTo(parts []Part, step int, d, eve *store.Day) {
	if len(parts) == 0 || d.Day.Before(parts[0].From) {
		return
	}
	if i := int(d.Day.Sub(parts[0].From).Hours()/24) / step; i < len(parts) {
		parts[i].add(d, eve)
	}
}

// add adds a day; eve is the one before it, if it was counted.
func (s *Sums) add(d, eve *store.Day) {
	s.Counted++
	s.Gained += d.Gained
	s.Posts += d.Posts
	s.Replies += d.Replies
	s.Boosts += d.Boosts
	s.Likes += d.Favourites
	s.Followers = d.Followers
	if eve != nil && eve.Day.AddDate(0, 0, 1).Equal(d.Day) {
		s.Lost += max(eve.Followers+d.Gained-d.Followers, 0)
	}
}

func (r *Report) answers(ctx context.Context, scope *pg.Scope, accounts []social.AccountID) error {
	b := r.Span.Before()
	earlier, err := store.AnswerTimes(ctx, scope, accounts, b.From, b.Until, b.Days())
	if err != nil {
		return err
	}
	first, step := r.first(), r.Step()
	now, err := store.AnswerTimes(ctx, scope, accounts, r.From, r.Until, step)
	if err != nil {
		return err
	}
	if first.After(r.From) { // the parts are those of the chart
		parts, err := store.AnswerTimes(ctx, scope, accounts, first, r.Until, step)
		if err != nil {
			return err
		}
		now = append(now[:min(len(now), 1)], parts[min(len(parts), 1):]...)
	}
	for _, a := range earlier {
		if a.Part < 0 {
			r.Before.AnswerSeconds, r.Before.Answers = a.Seconds, a.Answers
		}
	}
	for _, a := range now {
		switch {
		case a.Part < 0:
			r.AnswerSeconds, r.Answers = a.Seconds, a.Answers
		case a.Part < len(r.Parts):
			r.Parts[a.Part].AnswerSeconds, r.Parts[a.Part].Answers = a.Seconds, a.Answers
		}
	}
	return nil
}
