package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// mostInMonth is how many posts of a month are shown; the page says so where there are more.
const mostInMonth = 100

// publishCalendar is GET /tenants/:id/publish/calendar: a month of what was sent and what
// is to be.
func (h *Handlers) publishCalendar(c echo.Context, v *visitor) error {
	base := h.publishURL(v.tenant)
	out := PublishCalendar{Shell: h.shell(v), ListURL: base, Action: base + "/calendar", Zones: commonZones}
	l := &planList{}
	var first, next time.Time
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if l.voices, err = h.voices(ctx, scope, v); err != nil {
			return err
		}
		if out.Zone = c.QueryParam("zone"); out.Zone == "" {
			out.Zone, err = store.ZoneOfPerson(ctx, scope, l.voices.ids(), v.person.ID)
			if err != nil && !fault.IsNotFound(err) {
				return err
			}
		}
		where, err := zoneOf(out.Zone)
		if err != nil {
			out.ZoneError, out.Zone, where = "We don’t know the time zone “"+out.Zone+"”. Write it as Europe/Berlin or UTC.", "UTC", time.UTC
		}
		if out.Zone == "" {
			out.Zone = "UTC"
		}
		first, next = monthOf(c.QueryParam("month"), where)
		return l.readMonth(ctx, scope, first, next)
	})
	if err != nil {
		return err
	}
	cards, err := h.planCards(c, v, l)
	if err != nil {
		return err
	}
	out.Month, out.MonthField = first, first.Format("2006-01")
	at := func(month time.Time) string {
		return base + "/calendar?" + url.Values{"month": {month.Format("2006-01")}, "zone": {out.Zone}}.Encode()
	}
	out.EarlierURL, out.LaterURL = at(first.AddDate(0, -1, 0)), at(next)
	out.IsCut = len(l.sent) >= mostInMonth || len(l.plans) >= mostInMonth
	out.Weeks = weeksOf(first, next, cards, time.Now().In(first.Location()))
	return web.HTML(c, http.StatusOK, writer(RenderCalendar, out))
}

// monthOf reads "2026-11"; anything else is this month.
func monthOf(text string, where *time.Location) (first, next time.Time) {
	first, err := time.ParseInLocation("2006-01", text, where)
	if err != nil || first.Year() < 2000 || first.Year() > 2200 {
		now := time.Now().In(where)
		first = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, where)
	}
	return first, first.AddDate(0, 1, 0)
}

func (l *planList) readMonth(ctx context.Context, scope *pg.Scope, first, next time.Time) (err error) {
	states := []social.PlanState{social.PlanScheduled, social.PlanWaiting}
	if l.plans, err = store.PlansBetween(ctx, scope, l.voices.ids(), states, first, next, mostInMonth); err != nil {
		return err
	}
	l.sent, err = store.SentPosts(ctx, scope, l.voices.ids(), store.Page{MaxID: ids.Floor(next), SinceID: ids.Floor(first) - 1, Limit: mostInMonth})
	return err
}

// weeksOf lays a month out in weeks that begin on Monday.
func weeksOf(first, next time.Time, cards []PlanCard, now time.Time) [][]PublishDay {
	byDay := map[string][]PlanCard{}
	for _, card := range cards {
		card.Clock = card.At.In(first.Location()).Format("15:04")
		day := card.At.In(first.Location()).Format(time.DateOnly)
		byDay[day] = append(byDay[day], card)
	}
	var weeks [][]PublishDay
	start := first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
	for day := start; day.Before(next); {
		var week []PublishDay
		for range 7 {
			key := day.Format(time.DateOnly)
			d := PublishDay{Number: day.Day(), Date: day, IsOutside: day.Before(first) || !day.Before(next), IsToday: key == now.Format(time.DateOnly)}
			if !d.IsOutside {
				d.Posts = inClockOrder(byDay[key])
			}
			week, day = append(week, d), day.AddDate(0, 0, 1)
		}
		weeks = append(weeks, week)
	}
	return weeks
}
