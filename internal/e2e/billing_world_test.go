package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
)

// shop is the product with billing switched on and its stand-in for Stripe, whose clock
// these tests move.
type shop struct {
	*server
	client  *http.Client
	console string
}

const stripeKey = "sk_test_of_end_to_end_tests"

// sells are the settings of a product that sells.
func sells(others map[string]string) map[string]string {
	out := map[string]string{"BILLING": "fake", "STRIPE_KEY": stripeKey, "QUEUES": "inbox=4,deliver=16,fanout=2,fetch=4,billing=4,upkeep=2"}
	for name, value := range others {
		out[name] = value
	}
	return out
}

// pass lets time pass, at the provider and here.
func (s *shop) pass(t *testing.T, d time.Duration) {
	t.Helper()
	s.control(t, "clock", map[string]string{"advance": d.String()})
}

// customer is the provider's id of the only one there is.
func (s *shop) customer(t *testing.T) (id string) {
	t.Helper()
	s.look(t, `SELECT customer_id FROM billing_customers`, &id)
	return id
}

func (s *shop) count(t *testing.T, sql string) (n int) {
	t.Helper()
	s.look(t, sql, &n)
	return n
}

// look looks behind the scenes.
func (s *shop) look(t *testing.T, sql string, into any) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), s.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(t.Context()) }()
	if err := db.QueryRow(t.Context(), sql).Scan(into); err != nil {
		t.Fatal(err)
	}
}

// control does something at the provider that nobody could through its API.
func (s *shop) control(t *testing.T, name string, values map[string]string) {
	t.Helper()
	form := url.Values{}
	for key, value := range values {
		form.Set(key, value)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.console+"/stripe-fake/_fake/"+name, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s", name, values, answer.Status)
	}
}

// standing is what the operator's command says of a tenant.
func (s *shop) standing(host string) (standing, plan string) {
	var shown struct{ Standing, Plan string }
	if err := json.Unmarshal([]byte(s.rookery("billing", "show", host, "--json")), &shown); err != nil {
		s.t.Fatal(err)
	}
	return shown.Standing, shown.Plan
}

func (s *shop) awaitStanding(t *testing.T, host, want string) {
	t.Helper()
	testkit.Eventually(t, time.Minute, host+" is "+want, func() bool {
		got, _ := s.standing(host)
		return got == want
	})
}
