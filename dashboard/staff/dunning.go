package staff

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

// owing are the standings of who has not paid.
var owing = []tenant.Standing{tenant.Grace, tenant.Restricted, tenant.Unpaid, tenant.Closing}

const mostPages = 1000

func (h *Handlers) registerDunning(r registrar) {
	r.show("/dunning", h.at(DunningPlace, access.SeeTenants, h.dunning))
}

// DebtLine is somebody who has not paid.
type DebtLine struct {
	Name, Host, URL string
	Standing        Standing
	Since           time.Time
	NextAt          time.Time
	Next            Standing     // what comes then
	Owed            assets.Money // without a currency: nothing is open
	Oldest          time.Time
	Mail            string // the last letter, as its template is called after "billing_"
	MailAt          time.Time
}

// DunningView lists who has not paid.
type DunningView struct {
	Shell   Shell
	Picks   []Pick
	Lines   []DebtLine
	MoreURL string
	IsFirst bool
	IsAll   bool
}

// Pick is one of the ways to narrow a list.
type Pick struct {
	Text, URL string
	IsCurrent bool
}

// RenderDunning writes the list.
func RenderDunning(w io.Writer, v DunningView) error {
	return render(w, "Dunning", "", "staff-dunning", v)
}

// nextStanding is what the clock does next.
func nextStanding(s tenant.Standing) tenant.Standing {
	switch s {
	case tenant.Grace:
		return tenant.Restricted
	case tenant.Restricted:
		return tenant.Unpaid
	case tenant.Unpaid:
		return tenant.Closing
	}
	return tenant.ClosedUnpaid
}

// dunning is GET /staff/dunning.
func (h *Handlers) dunning(c echo.Context, v *visitor) error {
	at := Base + "/dunning"
	var only tenant.Standing
	view := DunningView{Shell: h.shell(v)}
	for _, s := range owing {
		if c.QueryParam("standing") == string(s) {
			only = s
		}
	}
	view.Picks, view.IsAll = append(view.Picks, Pick{"All", at, only == ""}), only == ""
	for _, s := range owing {
		view.Picks = append(view.Picks, Pick{Standing(s).Word(), at + "?standing=" + string(s), only == s})
	}
	page, _ := strconv.Atoi(c.QueryParam("page"))
	page = min(max(page, 0), mostPages)
	view.IsFirst = page == 0
	var rows []*billingstore.Debtor
	err := h.read(c, "list who has not paid", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		rows, err = billingstore.Debtors(ctx, tx, only, listed+1, page*listed)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		q := url.Values{"page": {strconv.Itoa(page + 1)}}
		if only != "" {
			q.Set("standing", string(only))
		}
		view.MoreURL = at + "?" + q.Encode()
	}
	for _, row := range rows {
		view.Lines = append(view.Lines, DebtLine{
			Name: row.Name, Host: row.Host, URL: tenantURL(row.ID), Standing: Standing(row.Standing), Since: row.Since, NextAt: timeOf(row.NextAt), Next: Standing(nextStanding(row.Standing)),
			Owed: assets.Money{Amount: row.Owed, Currency: row.Currency}, Oldest: timeOf(row.Oldest), Mail: strings.TrimPrefix(row.Mail, "billing_"), MailAt: timeOf(row.MailAt),
		})
	}
	return web.HTML(c, http.StatusOK, writer(RenderDunning, view))
}
