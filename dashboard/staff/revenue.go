package staff

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/billing"
	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	monthsShown   = 12
	monthsOfAYear = 12
	thisWeek      = 7 * 24 * time.Hour
)

func (h *Handlers) registerRevenue(r registrar) {
	r.show("/revenue", h.at(RevenuePlace, access.SeeMoney, h.revenue))
	r.show("/revenue.csv", h.at(RevenuePlace, access.SeeMoney, h.revenueCSV))
}

// SoldLine is how often something is sold, and what that brings a month.
type SoldLine struct {
	Plan, Every string
	N           int
	Monthly     assets.Money
	IsKnown     bool // its price stands in the plans file
}

// RevenueView is what comes in.
type RevenueView struct {
	Shell      Shell
	CSVURL     string
	Monthly    []assets.Money // a month, by currency
	Paying     int
	Late       int // of them, a payment failed
	Trials     int
	EndingSoon int
	Unknown    int // subscriptions to prices that are in no plan
	Sold       []SoldLine
	Moves      assets.Chart
	HasMoves   bool
	Paid       assets.Chart
	HasPaid    bool
}

// RenderRevenue writes it.
func RenderRevenue(w io.Writer, v RevenueView) error {
	return render(w, "Revenue", "", "staff-revenue", v)
}

// income is what is read for the page and for the file.
type income struct {
	sold      []*billingstore.Sold
	standings []*billingstore.StandingCount
	ending    int
	moves     []*billingstore.MonthMoves
	paid      []*billingstore.MonthPaid
	months    []time.Time // the first day of each, the oldest first
}

func (h *Handlers) income(c echo.Context) (*income, error) {
	now := h.now().UTC()
	first := time.Date(now.Year(), now.Month()-monthsShown+1, 1, 0, 0, 0, 0, time.UTC)
	in := &income{}
	for i := range monthsShown {
		in.months = append(in.months, first.AddDate(0, i, 0))
	}
	err := h.read(c, "count what comes in", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if in.sold, err = billingstore.SoldNow(ctx, tx); err != nil {
			return err
		}
		if in.standings, err = billingstore.StandingCounts(ctx, tx); err != nil {
			return err
		}
		if in.ending, err = billingstore.TrialsEnding(ctx, tx, now, now.Add(thisWeek)); err != nil {
			return err
		}
		if in.moves, err = billingstore.MovesByMonth(ctx, tx, first); err != nil {
			return err
		}
		in.paid, err = billingstore.PaidByMonth(ctx, tx, first)
		return err
	})
	return in, err
}

// month is which of the months a day is in, or -1.
func (in *income) month(day time.Time) int {
	return slices.IndexFunc(in.months, func(m time.Time) bool { return m.Year() == day.Year() && m.Month() == day.Month() })
}

// revenue is GET /staff/revenue.
func (h *Handlers) revenue(c echo.Context, v *visitor) error {
	in, err := h.income(c)
	if err != nil {
		return err
	}
	view := RevenueView{Shell: h.shell(v), CSVURL: Base + "/revenue.csv", EndingSoon: in.ending}
	for _, s := range in.standings {
		switch s.Standing {
		case tenant.Paid, tenant.PaidEnding:
			view.Paying += s.N
		case tenant.Grace:
			view.Paying += s.N
			view.Late += s.N
		case tenant.Trial:
			view.Trials += s.N
		}
	}
	h.recurring(&view, in.sold)
	view.Moves, view.HasMoves = in.movesChart(), len(in.moves) > 0
	view.Paid, view.HasPaid = in.paidChart(), len(in.paid) > 0
	return web.HTML(c, http.StatusOK, writer(RenderRevenue, view))
}

// recurring adds up what subscriptions bring a month, after coupons and by the prices that
// they were bought at.
func (h *Handlers) recurring(view *RevenueView, sold []*billingstore.Sold) {
	total := map[string]int64{}
	lines := map[[3]string]*SoldLine{}
	for _, s := range sold {
		if s.Status == billing.Trialing || s.IsPaused {
			continue
		}
		key := [3]string{s.Plan, string(s.Every), s.Currency}
		line := lines[key]
		if line == nil {
			line = &SoldLine{Plan: h.planName(s.Plan), Every: string(s.Every), Monthly: assets.Money{Currency: s.Currency}}
			lines[key] = line
		}
		line.N += s.N
		amount, ok := h.monthly(s)
		if !ok {
			view.Unknown += s.N
			continue
		}
		line.IsKnown = true
		line.Monthly.Amount += amount
		total[s.Currency] += amount
	}
	for currency, amount := range total {
		view.Monthly = append(view.Monthly, assets.Money{Amount: amount, Currency: currency})
	}
	slices.SortFunc(view.Monthly, func(a, b assets.Money) int { return strings.Compare(a.Currency, b.Currency) })
	for _, line := range lines {
		view.Sold = append(view.Sold, *line)
	}
	slices.SortFunc(view.Sold, func(a, b SoldLine) int {
		return strings.Compare(a.Monthly.Currency+a.Plan+a.Every, b.Monthly.Currency+b.Plan+b.Every)
	})
}

// monthly is what so many subscriptions of a kind bring a month; of those that were not read
// yet, by the prices of the plans file.
func (h *Handlers) monthly(s *billingstore.Sold) (int64, bool) {
	if s.Monthly != nil {
		return *s.Monthly, true
	}
	plan, ok := h.Billing.Plans.Plan(s.Plan)
	if !ok {
		return 0, false
	}
	price, ok := plan.Price(s.Currency, s.Every)
	if !ok {
		return 0, false
	}
	amount := (price.Base + int64(s.Extra)*price.Extra) * int64(s.N)
	if s.Every == billing.Yearly {
		amount /= monthsOfAYear
	}
	return amount, true
}

func (in *income) movesChart() assets.Chart {
	fresh, gone, again := make([]int, monthsShown), make([]int, monthsShown), make([]int, monthsShown)
	came, went := 0, 0
	for _, m := range in.moves {
		if i := in.month(m.Month); i >= 0 {
			fresh[i], gone[i], again[i] = m.Fresh, m.Gone, m.Again
			came, went = came+m.Fresh+m.Again, went+m.Gone
		}
	}
	return assets.Chart{
		ID: "moves", Title: "Tenants that came and went, by month", Finding: "%d came or came back, %d went in twelve months.", Numbers: []int{came, went}, Days: in.months, Months: true,
		Series: []assets.Series{{Name: "New", Values: fresh}, {Name: "Gone", Values: gone}, {Name: "Came back", Values: again}},
	}
}

// currencies are those in which something was paid.
func (in *income) currencies() (out []string) {
	for _, p := range in.paid {
		if !slices.Contains(out, p.Currency) {
			out = append(out, p.Currency)
		}
	}
	slices.Sort(out)
	return out
}

func (in *income) paidChart() assets.Chart {
	chart := assets.Chart{ID: "paid", Title: "Paid invoices, by month", Finding: "Without tax and what was given back, in whole units.", Days: in.months, Months: true}
	for _, currency := range in.currencies() {
		values := make([]int, monthsShown)
		for _, p := range in.paid {
			if i := in.month(p.Month); i >= 0 && p.Currency == currency {
				values[i] = assets.Money{Amount: max(p.Amount, 0), Currency: currency}.Whole()
			}
		}
		chart.Series = append(chart.Series, assets.Series{Name: strings.ToUpper(currency), Values: values})
	}
	return chart
}

// revenueCSV is GET /staff/revenue.csv: the months in numbers, amounts in the smallest unit.
func (h *Handlers) revenueCSV(c echo.Context, _ *visitor) error {
	in, err := h.income(c)
	if err != nil {
		return err
	}
	header := []string{"month", "new", "gone", "came_back"}
	currencies := in.currencies()
	for _, currency := range currencies {
		header = append(header, "paid_"+currency)
	}
	rows := make([][]string, len(in.months))
	for i, m := range in.months {
		rows[i] = make([]string, len(header))
		rows[i][0] = m.Format("2006-01")
		for k := 1; k < len(header); k++ {
			rows[i][k] = "0"
		}
	}
	for _, m := range in.moves {
		if i := in.month(m.Month); i >= 0 {
			rows[i][1], rows[i][2], rows[i][3] = strconv.Itoa(m.Fresh), strconv.Itoa(m.Gone), strconv.Itoa(m.Again)
		}
	}
	for _, p := range in.paid {
		if i := in.month(p.Month); i >= 0 {
			rows[i][4+slices.Index(currencies, p.Currency)] = strconv.FormatInt(p.Amount, 10)
		}
	}
	var out strings.Builder
	w := csv.NewWriter(&out)
	_ = w.Write(header) // a builder takes everything
	_ = w.WriteAll(rows)
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="revenue.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte(out.String()))
}
