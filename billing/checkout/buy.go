package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	pagesOfTenant = 5 // an hour
	pagesTime     = time.Hour

	// Whoever tries stolen cards does it many times in a row, as companies made for it.
	failedMost = 20
	failedTime = 10 * time.Minute
	newTime    = billing.Day

	// shortestTrial is the least time before a first charge that the provider takes (48
	// hours), and the time that somebody may take on its page.
	shortestTrial = 49 * time.Hour
)

// CardTesting is the matter left to the staff when many payments fail at once.
const CardTesting = "card_testing"

// pagesOfAddress is how many pages one address may open.
var pagesOfAddress = limit.Rule{Name: "checkout", Max: 10, Per: time.Hour}

// customerOrder and pageOrder are what is written down before the provider is asked.
type customerOrder struct {
	By       audit.Actor         `json:"by"`
	Currency string              `json:"currency"`
	Customer billing.NewCustomer `json:"customer"`
}

type pageOrder struct {
	By     audit.Actor         `json:"by"`
	Choice billing.Choice      `json:"choice"`
	Page   billing.NewCheckout `json:"page"`
}

// Start returns the address of the provider's page on which a tenant pays for a choice. The
// page of the same choice is used again until it ends; of another one, it ends first.
//
// Where a plan is paid for already it refuses with fault.Conflict.
func (s *Service) Start(ctx context.Context, who Buyer, t *tenant.Tenant, want billing.Choice) (url string, err error) {
	_, _, ok := s.Plans.Offered(want)
	switch {
	case !ok:
		return "", errNoOffer
	case who.Email == "":
		return "", errMail
	case t.State.IsClosed():
		return "", errLeaving
	}
	isCounted := false
	for range 3 { // another tab may do the same
		if url, err = s.tryStart(ctx, who, t, want, &isCounted); !errors.Is(err, errStale) {
			return url, err
		}
	}
	return "", err
}

func (s *Service) tryStart(ctx context.Context, who Buyer, t *tenant.Tenant, want billing.Choice, isCounted *bool) (string, error) {
	st, err := s.read(ctx, t.ID)
	if err != nil {
		return "", err
	}
	switch {
	case st.live != nil:
		return "", errHas
	case st.isHeld:
		return "", errHeld
	}
	if url, err := s.again(ctx, t.ID, st.page, want); url != "" || err != nil {
		return url, err
	}
	if err := s.mayOpen(ctx, t.ID); err != nil {
		return "", err
	}
	if !*isCounted && s.Limiter != nil && !s.Limiter.Take(pagesOfAddress, limit.AddressKey(who.Address)).OK {
		return "", errAddress
	}
	*isCounted = true
	if err := s.expire(ctx, t.ID, st.page); err != nil {
		return "", err
	}
	customer, err := s.customer(ctx, who, t, st, want.Currency)
	if err != nil {
		return "", err
	}
	page, err := s.page(ctx, t.ID, st, customer, want)
	if err != nil {
		return "", err
	}
	in, err := s.begin(ctx, t.ID, st.asked, kindPage, want.Plan+"-"+want.Currency+"-"+string(want.Every), pageOrder{By: who.Actor, Choice: want, Page: page})
	if err != nil {
		return "", err
	}
	return s.makePage(ctx, in)
}

// page is what the provider's page is to sell.
func (s *Service) page(ctx context.Context, id tenant.ID, st *state, customer string, want billing.Choice) (billing.NewCheckout, error) {
	plan, price, _ := s.Plans.Offered(want)
	ids, err := s.priceIDs(ctx, want)
	return billing.NewCheckout{
		Tenant: id, Customer: customer, BasePrice: ids[billing.Base], ExtraID: ids[billing.Extra], Extra: plan.ExtraFor(price, st.usage.Accounts),
		TrialEnd: s.TrialEnd(st.entitlement), Success: s.room(id) + "/done?session={CHECKOUT_SESSION_ID}", Cancel: s.room(id),
	}, err
}

// TrialEnd is when who buys now is charged first: at the end of a trial that still runs, so
// that nobody pays for days that were promised for nothing. Zero: at once.
func (s *Service) TrialEnd(e tenant.Entitlement) time.Time {
	if e.Standing != tenant.Trial || e.EndsAt.Sub(s.Now()) < shortestTrial {
		return time.Time{}
	}
	return e.EndsAt
}

// room is where the console shows a tenant's purchases.
func (s *Service) room(id tenant.ID) string {
	return s.Console + "/tenants/" + id.String() + "/billing"
}

// again returns the address of a page that is still open for the same choice.
func (s *Service) again(ctx context.Context, id tenant.ID, have *store.Checkout, want billing.Choice) (url string, err error) {
	if have == nil {
		return "", nil
	}
	page, err := s.Till.Checkout(ctx, have.SessionID)
	switch {
	case fault.IsNotFound(err):
		return "", s.close(ctx, id, have.SessionID, billing.PageExpired)
	case err != nil:
		return "", err
	case page.Status == billing.PageComplete: // and the ledger has not heard of it yet
		return "", s.paidMeanwhile(ctx, id, have)
	case page.Status != billing.PageOpen:
		return "", s.close(ctx, id, have.SessionID, page.Status)
	case have.Plan == want.Plan && have.Currency == want.Currency && have.Every == want.Every:
		return page.URL, nil
	}
	return "", nil
}

// expire ends a page for another choice, so that two cannot be paid. Somebody may just have
// paid on it, in another window: then nothing more is sold.
func (s *Service) expire(ctx context.Context, id tenant.ID, have *store.Checkout) error {
	if have == nil {
		return nil
	}
	refused := s.Till.ExpireCheckout(ctx, have.SessionID)
	if refused != nil && fault.CodeOf(refused) != fault.Invalid && !fault.IsNotFound(refused) {
		return refused
	}
	page, err := s.Till.Checkout(ctx, have.SessionID)
	switch {
	case fault.IsNotFound(err): // nobody can pay on it
	case err != nil:
		return err
	case page.Status == billing.PageComplete:
		return s.paidMeanwhile(ctx, id, have)
	case page.Status == billing.PageOpen:
		return cmp.Or(refused, error(errAway))
	}
	return s.close(ctx, id, have.SessionID, billing.PageExpired)
}

// paidMeanwhile refuses while what was paid for on an earlier page is live. Where it has
// ended since, something new can be bought.
func (s *Service) paidMeanwhile(ctx context.Context, id tenant.ID, page *store.Checkout) error {
	st, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	if st.current != nil {
		s.refresh(ctx, st.current.CustomerID)
		if st, err = s.read(ctx, id); err != nil {
			return err
		}
	}
	if st.live == nil && !slices.ContainsFunc(st.all, func(sub *store.Subscription) bool { return !sub.Created.Before(page.CreatedAt.Add(-time.Minute)) }) {
		return errAway // it was paid, and nobody can say yet for what: not a second time
	}
	if err := s.close(ctx, id, page.SessionID, billing.PageComplete); err != nil || st.live == nil {
		return err
	}
	return errHas
}

func (s *Service) close(ctx context.Context, id tenant.ID, session string, status billing.PageStatus) error {
	return s.DB.Platform(ctx, "close a page to pay on", func(tx *pg.PlatformTx) error {
		return store.CloseCheckout(ctx, tx, id, session, string(status))
	})
}

// mayOpen refuses who opens too many pages and, while somebody tries cards, everybody who might
// be the one: who never paid, and is new here or was refused just now.
func (s *Service) mayOpen(ctx context.Context, id tenant.ID) error {
	var opened int
	var refused *store.Refusals
	now := s.Now()
	err := s.DB.Platform(ctx, "count pages to pay on", func(tx *pg.PlatformTx) (err error) {
		if opened, err = store.CountCheckouts(ctx, tx, id, now.Add(-pagesTime)); err != nil {
			return err
		}
		if refused, err = store.RefusalsOf(ctx, tx, id, now.Add(-failedTime), now.Add(-newTime)); err != nil || refused.OfStrangers <= failedMost {
			return err
		}
		_, err = store.AddTask(ctx, tx, store.Task{
			Key: CardTesting + "/" + now.UTC().Format("2006-01-02T15"), Kind: CardTesting, Detail: map[string]string{"failed": fmt.Sprint(refused.OfStrangers)},
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case refused.OfStrangers > failedMost && !refused.HasPaid && (refused.IsNew || refused.OfTenant > 0):
		s.Log.WarnContext(ctx, "a newcomer cannot buy: many payments fail", "tenant", id, "failed", refused.OfStrangers)
		return errCalm
	case opened >= pagesOfTenant:
		return errPages
	}
	return nil
}

// customer returns who pays: one customer for each currency, because the provider keeps a
// customer's for ever.
func (s *Service) customer(ctx context.Context, who Buyer, t *tenant.Tenant, st *state, currency string) (string, error) {
	for _, c := range st.customers {
		if c.DeletedAt != nil || c.Livemode != s.Livemode || c.Currency != currency && c.Currency != "" {
			continue
		}
		if c.IsCurrent && c.Currency == currency {
			return c.CustomerID, nil
		}
		c.Currency, c.Email = currency, who.Email
		return c.CustomerID, s.DB.Platform(ctx, "take an earlier customer again", func(tx *pg.PlatformTx) error { return store.PutCustomer(ctx, tx, c) })
	}
	in, err := s.begin(ctx, t.ID, st.asked, kindCustomer, currency, customerOrder{
		By: who.Actor, Currency: currency, Customer: billing.NewCustomer{Tenant: t.ID, Name: t.Name, Email: who.Email},
	})
	if err != nil {
		return "", err
	}
	id, err := s.makeCustomer(ctx, in)
	st.asked = max(st.asked, number(in)+2)
	return id, err
}

func (s *Service) makeCustomer(ctx context.Context, in *store.Intent) (string, error) {
	order, err := decode[customerOrder](in)
	if err != nil {
		return "", err
	}
	id, err := s.Till.CreateCustomer(ctx, in.IdempotencyKey, order.Customer)
	if err != nil {
		return "", s.failed(ctx, in, err)
	}
	return id, s.done(ctx, in, id, func(ctx context.Context, tx *pg.PlatformTx) error {
		if _, err := store.LockCustomers(ctx, tx, in.TenantID); err != nil {
			return err
		}
		return store.PutCustomer(ctx, tx, &store.Customer{
			CustomerID: id, TenantID: in.TenantID, Livemode: s.Livemode, Currency: order.Currency, Email: order.Customer.Email,
		})
	})
}

func (s *Service) makePage(ctx context.Context, in *store.Intent) (url string, err error) {
	order, err := decode[pageOrder](in)
	if err != nil {
		return "", err
	}
	page, err := s.Till.OpenCheckout(ctx, in.IdempotencyKey, order.Page)
	if err != nil {
		return "", s.failed(ctx, in, err)
	}
	return page.URL, s.done(ctx, in, page.ID, func(ctx context.Context, tx *pg.PlatformTx) error {
		err := store.AddCheckout(ctx, tx, in.TenantID, &store.Checkout{
			SessionID: page.ID, Plan: order.Choice.Plan, Currency: order.Choice.Currency, Every: order.Choice.Every, URL: page.URL, ExpiresAt: page.Expires, CreatedAt: s.Now(),
		})
		if err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, in.TenantID, audit.Entry{
			Actor: order.By, Action: "billing.checkout", Target: "checkout:" + page.ID, Detail: map[string]string{"plan": s.label(order.Choice)},
		})
	})
}
