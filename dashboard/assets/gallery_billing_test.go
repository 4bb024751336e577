package assets_test

import (
	"strconv"
	"strings"
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
)

const aDay = 24 * time.Hour

// billingPages are the room of what a company has, uses and pays, in each state it has.
func billingPages() []galleryPage {
	shell := companyShell(console.PlanAndBilling)
	shell.Room.More = append(shell.Room.More, console.Entry{Text: "Plan and billing", Icon: "receipt", URL: "/billing", IsCurrent: true})
	offer := func(id, name, summary string, price, extra int64, accounts, domains int, storage assets.Size, features ...string) console.BillingOffer {
		return console.BillingOffer{
			ID: id, Name: name, Summary: summary, Price: euros(price), ExtraPrice: euros(extra), HasExtra: extra > 0, Accounts: accounts, Seats: max(2, accounts), Domains: domains,
			Storage: storage, Features: features, Currency: "eur", Every: "month", BuyAction: "/billing/buy",
		}
	}
	offers := []console.BillingOffer{
		offer("solo", "Solo", "One account, two people.", 900, 0, 1, 1, 5e9),
		offer("team", "Team", "Roles, approval of posts and a shared inbox.", 4900, 400, 10, 1, 50e9, "Posts that wait for approval", "A shared inbox"),
		offer("business", "Business", "Single sign-on, three domains, and two years of audit log.", 19900, 300, 50, 3, 250e9,
			"Posts that wait for approval", "A shared inbox", "Single sign-on"),
	}
	var path strings.Builder
	for i := range 30 {
		path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + strconv.Itoa(i*100/29) + " " + strconv.Itoa(20-i/2+i%4))
	}
	use := func(name string, used, limit int) console.BillingUse {
		return console.BillingUse{Name: name, UsedN: used, LimitN: limit, Percent: min(100, 100*used/max(limit, 1)), IsOver: limit > 0 && used > limit, Spark: path.String()}
	}
	uses := []console.BillingUse{
		use("Accounts", 7, 10), use("People", 10, 10), use("Domains", 1, 1),
		{Name: "Storage", IsSize: true, Used: 23_400_000_000, Limit: 50e9, Percent: 46, Spark: path.String()},
		{Name: "Transfer", IsSize: true, Used: 4_250_000_000, Limit: 500e9, Percent: 24, IsMonthly: true, Spark: path.String()},
		{Name: "Deliveries", UsedN: 1_904_000, LimitN: 2_000_000, Percent: 95, IsMonthly: true, Spark: path.String()},
	}
	trial := console.BillingView{
		Shell: shell, Token: "t0ken", SelfURL: "/billing", MayPay: true, Plan: "Trial", State: console.BillingTrial, Until: ago(-9 * aDay), Uses: uses[:4], Month: ago(0),
		Offers: offers, IsBuying: true, TrialEnd: ago(-9 * aDay),
		Currencies: []console.BillingLink{{Text: "EUR", URL: "/b?c=eur", IsCurrent: true}, {Text: "USD", URL: "/b?c=usd"}},
		Intervals:  []console.BillingLink{{Text: "By the month", URL: "/b?e=month", IsCurrent: true}, {Text: "By the year", URL: "/b?e=year"}},
	}
	trial.Uses = append([]console.BillingUse(nil), trial.Uses...)
	for i := range trial.Uses {
		trial.Uses[i].Spark = ""
	}
	active := trial
	active.Plan, active.State, active.Since, active.Until, active.RenewsAt = "Team", console.BillingActive, ago(50*aDay), time.Time{}, ago(-12*aDay)
	active.HasPlan, active.Price, active.CardBrand, active.CardLast4 = true, euros(4900), "Visa", "4242"
	active.PortalAction, active.CancelURL, active.Uses, active.IsBuying, active.Currencies = "/billing/portal", "/billing/cancel", uses, false, active.Currencies[:1]
	active.Offers = append([]console.BillingOffer(nil), offers...)
	for i := range active.Offers {
		o := &active.Offers[i]
		o.BuyAction, o.ChangeURL = "", "/billing/change"
		if o.IsCurrent = o.ID == "team"; o.IsCurrent {
			o.ChangeURL = ""
		}
	}
	active.OlderURL = "/billing?before=x"
	for i, state := range []string{"Paid", "Paid", "Cancelled"} {
		active.Invoices = append(active.Invoices, console.BillingInvoice{
			Number: "7F3A-000" + strconv.Itoa(3-i), At: ago(time.Duration(i*31) * aDay), Amount: euros(5831), State: state, IsPaid: state == "Paid", URL: "/i", File: "/i.pdf",
		})
	}
	active.Invoices[1].Refunded = euros(1000)
	trialing := active
	trialing.State, trialing.Until, trialing.Invoices, trialing.OlderURL = console.BillingTrialing, ago(-9*aDay), nil, ""
	next := active
	next.Next = &console.BillingNext{Plan: "Solo", At: ago(-12 * aDay), Price: euros(900), KeepAction: "/billing/keep"}
	next.Extra, next.Price = 3, euros(6100)
	next.Uses = append([]console.BillingUse(nil), uses...)
	next.Uses[0] = console.BillingUse{Name: "Accounts", UsedN: 13, LimitN: 13, Percent: 100, Extra: 3, Spark: path.String()}
	ending := active
	ending.State, ending.Until, ending.CancelURL, ending.ResumeAction = console.BillingEnding, ago(-12*aDay), "", "/billing/resume"
	fixed := append([]console.BillingOffer(nil), active.Offers...)
	for i := range fixed {
		fixed[i].ChangeURL = ""
	}
	ending.Offers = fixed
	grace := ending
	ending.End = &console.BillingEnd{} // to the billing role
	grace.CancelURL, grace.ResumeAction = "/billing/cancel", ""
	owed := console.BillingInvoice{Number: "7F3A-0004", At: ago(4 * aDay), Amount: euros(5831), State: "To be paid", IsOpen: true, URL: "/i", File: "/i.pdf"}
	grace.State, grace.Since, grace.Until, grace.ToPay, grace.IsDisputed = console.BillingGrace, ago(4*aDay), ago(-10*aDay), &owed, true
	grace.Invoices = append([]console.BillingInvoice{owed}, active.Invoices...)
	restricted := trial
	restricted.Plan, restricted.State, restricted.Since, restricted.Until, restricted.TrialEnd = "Team", console.BillingRestricted, ago(3*aDay), ago(-117*aDay), time.Time{}
	restricted.PortalAction, restricted.Invoices, restricted.IsOver = "/billing/portal", active.Invoices, true
	restricted.End = &console.BillingEnd{Action: "/billing/goodbye"}
	suspended := restricted
	suspended.End = &console.BillingEnd{SaysGoodbye: true}
	suspended.State, suspended.Error = console.BillingSuspended, "The payment provider does not answer just now. Nothing was charged. Try again in a few minutes."
	closing := restricted
	closing.End = &console.BillingEnd{Action: "/billing/goodbye", SaysGoodbye: true}
	closing.State = console.BillingClosing
	pending := active
	pending.PendingUntil, pending.ToPay, pending.NoUploads, pending.Offers = ago(-20*time.Hour), &owed, true, fixed
	member := active
	member.MayPay, member.HasPlan, member.PortalAction, member.CancelURL, member.Invoices, member.OlderURL = false, false, "", "", nil, ""
	member.Offers = fixed
	change := console.BillingChangeView{
		Shell: shell, Token: "t0ken", Action: "/billing/change", CancelURL: "/billing", Plan: "Business", From: "Team", Choice: offers[2],
		IsNow: true, Now: euros(11234), Next: euros(23681), NextAt: ago(-12 * aDay),
	}
	later := change
	later.Plan, later.IsNow, later.At, later.Next, later.Extra, later.Loses = "Solo", false, ago(-12*aDay), euros(1071), 2, []string{"Posts that wait for approval", "A shared inbox"}
	refused := later
	refused.Exceeds = []console.BillingExcess{
		{What: "accounts", Used: 7, Limit: 1, URL: "/a"}, {What: "seats", Used: 10, Limit: 2, URL: "/p"}, {What: "domains", Used: 3, Limit: 1, URL: "/d"},
		{What: "storage", UsedSize: 23e9, LimitSize: 5e9},
	}
	done := console.BillingDoneView{Shell: shell, Plan: "Team", BackURL: "/billing", IsConfirmed: true}
	waiting, unpaid := done, done
	waiting.IsConfirmed, waiting.IsWaiting = false, true
	unpaid.IsConfirmed, unpaid.PayURL = false, "/pay"
	return []galleryPage{
		view("billing-trial", console.RenderBilling, trial), view("billing-trialing", console.RenderBilling, trialing), view("billing-active", console.RenderBilling, active),
		view("billing-next", console.RenderBilling, next), view("billing-ending", console.RenderBilling, ending), view("billing-grace", console.RenderBilling, grace),
		view("billing-restricted", console.RenderBilling, restricted), view("billing-suspended", console.RenderBilling, suspended), view("billing-closing", console.RenderBilling, closing),
		view("billing-pending", console.RenderBilling, pending), view("billing-member", console.RenderBilling, member),
		view("billing-change", console.RenderBillingChange, change), view("billing-later", console.RenderBillingChange, later), view("billing-refused", console.RenderBillingChange, refused),
		view("billing-cancel", console.RenderBillingCancel, console.BillingCancelView{
			Shell: shell, Token: "t0ken", Action: "/billing/cancel", CancelURL: "/billing", Plan: "Team", At: ago(-12 * aDay), Paused: ago(-26 * aDay), Closing: ago(-118 * aDay), Gone: ago(-132 * aDay),
		}),
		view("billing-done", console.RenderBillingDone, done), view("billing-confirming", console.RenderBillingDone, waiting), view("billing-unpaid", console.RenderBillingDone, unpaid),
	}
}
