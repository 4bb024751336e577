package staff

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/pg"
	"rookery/tenant/access"
)

const driftDays = 30

func (h *Handlers) registerDrift(r registrar) {
	r.show("/drift", h.at(DriftPlace, access.SeeMoney, h.drift))
}

// DriftField is how often one field differed.
type DriftField struct {
	Field string
	N     int
	Last  time.Time
}

// DriftView is what the nightly comparison with the payment provider found.
type DriftView struct {
	Shell  Shell
	Days   int
	Fields []DriftField
	Chart  assets.Chart
}

// RenderDrift writes it.
func RenderDrift(w io.Writer, v DriftView) error { return render(w, "Drift", "", "staff-drift", v) }

// drift is GET /staff/drift.
func (h *Handlers) drift(c echo.Context, v *visitor) error {
	today := h.now().UTC().Truncate(24 * time.Hour)
	since := today.AddDate(0, 0, 1-driftDays)
	var rows []*billingstore.Drift
	err := h.read(c, "see what differs from the payment provider", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		rows, err = billingstore.DriftSince(ctx, tx, since)
		return err
	})
	if err != nil {
		return err
	}
	view := DriftView{Shell: h.shell(v), Days: driftDays, Chart: assets.Chart{
		ID: "drift", Title: "Differences found, by day", Finding: "%d differences in %d days.", Series: []assets.Series{{Name: "Differences", Values: make([]int, driftDays)}},
	}}
	for day := range driftDays {
		view.Chart.Days = append(view.Chart.Days, since.AddDate(0, 0, day))
	}
	total, at := 0, map[string]int{}
	for _, row := range rows {
		n := int(row.N)
		total += n
		if day := int(row.Day.Sub(since).Hours() / 24); day >= 0 && day < driftDays {
			view.Chart.Series[0].Values[day] += n
		}
		i, known := at[row.Field]
		if !known {
			i = len(view.Fields)
			at[row.Field] = i
			view.Fields = append(view.Fields, DriftField{Field: row.Field})
		}
		view.Fields[i].N += n
		view.Fields[i].Last = row.Day
	}
	view.Chart.Numbers = []int{total, driftDays}
	slices.SortStableFunc(view.Fields, func(a, b DriftField) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Field, b.Field)
	})
	return web.HTML(c, http.StatusOK, writer(RenderDrift, view))
}
