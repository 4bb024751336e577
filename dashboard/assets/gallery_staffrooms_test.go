package assets_test

import (
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/staff"
)

// euros are so many cents.
func euros(n int64) assets.Money { return assets.Money{Amount: n, Currency: "eur"} }

// staffRooms are the staff's pages besides those of tenants.
func staffRooms() []galleryPage {
	const day = 24 * time.Hour
	months := make([]time.Time, 12)
	for i := range months {
		months[i] = time.Date(2026, time.Month(i+1), 1, 0, 0, 0, 0, time.UTC)
	}
	revenue := staff.RevenueView{
		Shell: staffShell(staff.RevenuePlace), CSVURL: "/staff/revenue.csv", Monthly: []assets.Money{{Amount: 1_294_850, Currency: "eur"}, {Amount: 98_000, Currency: "usd"}}, Paying: 214, Late: 3, Trials: 31, EndingSoon: 4, Unknown: 2,
		Sold:     []staff.SoldLine{{Plan: "Team", Every: "month", N: 180, Monthly: assets.Money{Amount: 1_198_000, Currency: "eur"}, IsKnown: true}, {Plan: "Enterprise, by contract of 2024", Every: "year", N: 1, Monthly: assets.Money{Currency: "usd"}}},
		HasMoves: true, HasPaid: true,
		Moves: assets.Chart{ID: "moves", Title: "Tenants that came and went, by month", Finding: "%d came or came back, %d went in twelve months.", Numbers: []int{112, 19}, Days: months, Months: true, Series: []assets.Series{
			{Name: "New", Values: []int{3, 5, 8, 9, 8, 11, 9, 10, 14, 12, 9, 7}}, {Name: "Gone", Values: []int{0, 1, 0, 2, 1, 3, 2, 1, 4, 2, 2, 1}}, {Name: "Came back", Values: []int{0, 0, 0, 1, 0, 1, 0, 2, 1, 1, 0, 1}}}},
		Paid: assets.Chart{ID: "paid", Title: "Paid invoices, by month", Finding: "Without tax and what was given back, in whole units.", Days: months, Months: true, Series: []assets.Series{
			{Name: "EUR", Values: []int{1200, 2900, 4100, 5500, 6400, 7900, 8800, 9700, 11000, 12100, 12800, 12948}}, {Name: "USD", Values: []int{0, 0, 120, 300, 420, 510, 640, 700, 810, 900, 960, 980}}}},
	}
	debts := staff.DunningView{
		Shell: staffShell(staff.DunningPlace), IsFirst: true, IsAll: true, MoreURL: "/staff/dunning?page=1",
		Picks: []staff.Pick{{Text: "All", URL: "/staff/dunning", IsCurrent: true}, {Text: "Payment failed", URL: "/x"}, {Text: "Read only", URL: "/x"}, {Text: "Closed, unpaid", URL: "/x"}, {Text: "About to be deleted", URL: "/x"}},
		Lines: []staff.DebtLine{
			{Name: "Globex Vereinigte Fahrradteilefabriken", Host: "fahrradteile.globex.example", URL: "/x", Standing: "grace", Since: ago(3 * day), NextAt: soon(11 * day), Next: "restricted", Owed: euros(129_000), Oldest: ago(3 * day), Mail: "payment_failed", MailAt: ago(2 * day)},
			{Name: "Initech", Host: "initech.example", URL: "/x", Standing: "suspended", Since: ago(30 * day), NextAt: soon(70 * day), Next: "closing"},
		},
	}
	paid := debts
	paid.Lines, paid.MoreURL = nil, ""
	matters := staff.MattersView{
		Shell: staffShell(staff.MattersPlace), HasMoney: true, OpenURL: "/staff/matters", DoneURL: "/staff/matters?done=1", MoreURL: "/x",
		Lines: []staff.MatterLine{{Title: "A payment is disputed", URL: "/x", TenantName: "Globex Vereinigte Fahrradteilefabriken", At: ago(9 * day)}, {Title: "A customer that is nobody’s", URL: "/x", At: ago(20 * day), DoneAt: ago(day)}},
		Names: []staff.NameMatter{{Name: "xn--pple-43d.example", TenantName: "Acme Cycles", TenantURL: "/x", Since: ago(day)}, {Name: "fahrradteile.globex.example", TenantName: "Globex", TenantURL: "/x", IsDispute: true, Since: ago(3 * day)}},
	}
	quiet, bare := matters, matters
	quiet.Lines, quiet.Names, quiet.MoreURL = nil, nil, ""
	bare.HasMoney = false
	matter := staff.MatterView{
		Shell: staffShell(staff.MattersPlace), Token: "t0ken", Action: "/staff/matters/1", ListURL: "/staff/matters", At: ago(9 * day), TenantName: "Globex Vereinigte Fahrradteilefabriken", TenantURL: "/x", IsAllowed: true, ProviderURL: "/x",
		Words:   staff.MatterWords{Title: "A payment is disputed", What: "The owner of a card contests a payment at the bank. Until it is settled nothing can be added; if it is lost, the paid time ends.", Do: "Answer at the provider before the day it names: with the invoice, and what the tenant has used. Ask the owner whether it was a mistake."},
		Details: [][2]string{{"reason", "product_not_received"}, {"id", "dp_1QmX2vB1nTz8eKa9LrYtUiOp"}}, NoteError: "Write down what you did, in a sentence.",
	}
	done := matter
	done.DoneAt, done.By, done.Note = ago(day), "Katharina Brandstätter", "Sent the invoice and the log of sign-ins."
	event := staff.EventLine{ID: "evt_1QmX2vB1nTz8eKa9LrYtUiOp", URL: "/x", Type: "customer.subscription.pending_update_applied", Customer: "cus_QmX2vB1nTz8eKa", TenantName: "Globex Vereinigte Fahrradteilefabriken", TenantURL: "/x", Outcome: "Looked at", Tone: "ok", Source: "It was sent", At: ago(time.Hour)}
	nobodys := event
	nobodys.TenantName, nobodys.TenantURL, nobodys.Outcome, nobodys.Tone, nobodys.Type = "", "", "Nobody’s customer", "bad", "invoice.paid"
	events := staff.EventsView{
		Shell: staffShell(staff.EventsPlace), Action: "/staff/events", IsAll: true, IsFirst: true, MoreURL: "/x", Outcomes: []staff.Choice{{Value: "waiting", Text: "Waits"}, {Value: "synced", Text: "Looked at"}, {Value: "ignored", Text: "Not ours"}}, Lines: []staff.EventLine{event, nobodys},
	}
	none := events
	none.Lines, none.MoreURL, none.Type, none.IsAll = nil, "", "invoice.", false
	one := staff.EventView{
		Shell: staffShell(staff.EventsPlace), Token: "t0ken", ListURL: "/staff/events", Event: event, Object: "sub_1QmX2vB1nTz8eKa9LrYtUiOp", Made: ago(time.Hour), HandledAt: ago(time.Hour), IsTest: true, Version: "2023-10-16",
		Payload: "{\n  \"id\": \"evt_1QmX2vB1nTz8eKa9LrYtUiOp\",\n  \"description\": \"A very long line that nobody has broken, because programs do not care how long a line is, and people scroll\"\n}", IsCut: true, ReplayURL: "/x/replay", CustomerURL: "/x",
	}
	again := one
	again.CanReplay, again.HandledAt, again.Event = true, time.Time{}, nobodys
	days := make([]time.Time, 30)
	found := make([]int, 30)
	for i := range days {
		days[i], found[i] = ago(time.Duration(29-i)*day), i%4
	}
	drift := staff.DriftView{
		Shell: staffShell(staff.DriftPlace), Days: 30, Fields: []staff.DriftField{{Field: "status", N: 31, Last: ago(day)}, {Field: "period_end", N: 2, Last: ago(9 * day)}},
		Chart: assets.Chart{ID: "drift", Title: "Differences found, by day", Finding: "%d differences in %d days.", Numbers: []int{33, 30}, Days: days, Series: []assets.Series{{Name: "Differences", Values: found}}},
	}
	return []galleryPage{
		view("staff-revenue", staff.RenderRevenue, revenue), view("staff-revenue-none", staff.RenderRevenue, staff.RevenueView{Shell: staffShell(staff.RevenuePlace)}),
		view("staff-dunning", staff.RenderDunning, debts), view("staff-dunning-none", staff.RenderDunning, paid),
		view("staff-matters", staff.RenderMatters, matters), view("staff-matters-none", staff.RenderMatters, quiet), view("staff-matters-free", staff.RenderMatters, bare),
		view("staff-matter", staff.RenderMatter, matter), view("staff-matter-done", staff.RenderMatter, done),
		view("staff-events", staff.RenderEvents, events), view("staff-events-none", staff.RenderEvents, none), view("staff-event", staff.RenderEvent, one), view("staff-event-again", staff.RenderEvent, again),
		view("staff-drift", staff.RenderDrift, drift), view("staff-drift-none", staff.RenderDrift, staff.DriftView{Shell: staffShell(staff.DriftPlace), Days: 30}),
	}
}
