package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/billing/webhook"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

var errBillingOff = fault.New(fault.Invalid, "Billing is off here. ROOKERY_BILLING turns it on; `rookery config` lists the settings.")

func billingCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "billing", Short: "Plans, the payment provider, and what tenants are entitled to"}
	c.AddCommand(billingPlans(), billingCheck(g), billingSetup(g), billingShow(g))
	return c
}

func billingPlans() *cobra.Command {
	return &cobra.Command{
		Use:   "plans",
		Short: "Print an example of the file that ROOKERY_PLANS names",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), billing.Examples())
			return err
		},
	}
}

func billingCheck(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the plans file, the key and the endpoint for events, without changing anything",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				if s.money == nil {
					return errBillingOff
				}
				return printFindings(cmd.OutOrStdout(), s.examineBilling(cmd.Context()), asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func billingSetup(g *globals) *cobra.Command {
	var url string
	c := &cobra.Command{
		Use:   "setup",
		Short: "Make products, prices and the endpoint for events at Stripe",
		Long: `Make products, prices and the endpoint for events at Stripe, from the plans file.
Safe to run again: what is there stays, a price that changed gets a successor (who
pays the old one keeps it), and a new endpoint replaces the last one, whose secret
is good for another day.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				switch {
				case s.money == nil:
					return errBillingOff
				case s.money.fake != nil:
					return fault.New(fault.Invalid, "The stand-in for Stripe sets itself up when `rookery serve` or `rookery dev` starts.")
				}
				return s.renewProvider(cmd.Context(), cmd.OutOrStdout(), url)
			})
		},
	}
	c.Flags().StringVar(&url, "url", "", "where Stripe reaches this platform (else its own host and "+webhook.Path+")")
	return c
}

// renewProvider sets the provider up, and has it forget the endpoints from before.
func (s *system) renewProvider(ctx context.Context, out io.Writer, url string) error {
	if url == "" {
		url = s.console() + webhook.Path
	}
	before, err := s.endpoints(ctx)
	if err != nil {
		return err
	}
	if err := s.setUpProvider(ctx, url); err != nil {
		return err
	}
	for _, e := range before {
		if err := s.money.gateway.RemoveEndpoint(ctx, e.EndpointID); err != nil {
			return fmt.Errorf("remove the endpoint %s: %w", e.EndpointID, err)
		}
	}
	fmt.Fprintf(out, "Prices are there, and Stripe sends events to %s.\n", url)
	return nil
}

// endpoints are those of the key's mode.
func (s *system) endpoints(ctx context.Context) (out []*store.Endpoint, err error) {
	err = s.db.Platform(ctx, "list the payment provider's endpoints", func(tx *pg.PlatformTx) error {
		all, err := store.Endpoints(ctx, tx, time.Now())
		for _, e := range all {
			if e.Livemode == s.money.gateway.Livemode() {
				out = append(out, e)
			}
		}
		return err
	})
	return out, err
}

// examineBilling looks at everything that a payment needs.
func (s *system) examineBilling(ctx context.Context) []finding {
	m := s.money
	out := []finding{{Check: "plans", OK: true, Fact: fmt.Sprintf("%d, of which %d can be bought, in %v", len(m.plans.Plans), len(m.plans.Public()), m.plans.Currencies())}}
	if m.fake != nil {
		return append(out, finding{Check: "payment provider", OK: true, Fact: "a stand-in: no money moves"})
	}
	mode := "test mode: no money moves"
	if m.gateway.Livemode() {
		mode = "live mode"
	}
	if _, err := m.gateway.Undelivered(ctx, time.Now().Add(-time.Hour)); err != nil {
		out = append(out, finding{Check: "payment provider", Fact: err.Error(), Advice: "See ROOKERY_STRIPE_KEY, and that this machine reaches api.stripe.com."})
	} else {
		out = append(out, finding{Check: "payment provider", OK: true, Fact: "answers, " + mode})
	}
	secrets, err := m.secrets(ctx)
	f := finding{Check: "endpoint for events", OK: len(secrets) > 0, Fact: fmt.Sprintf("%d secrets are good", len(secrets)), Advice: "Run `rookery billing setup`."}
	if err != nil {
		f = finding{Check: "endpoint for events", Fact: err.Error()}
	}
	if f.OK {
		f.Advice = ""
	}
	return append(out, f)
}

// shownEntitlement is what `rookery billing show` prints.
type shownEntitlement struct {
	Tenant       string         `json:"tenant"`
	Standing     string         `json:"standing"`
	Plan         string         `json:"plan"`
	Since        *time.Time     `json:"since"`
	EndsAt       *time.Time     `json:"ends_at"`
	IsOver       bool           `json:"is_over"`
	IsDisputed   bool           `json:"is_disputed"`
	Limits       tenant.Limits  `json:"limits"`
	Usage        *billing.Usage `json:"usage"`
	NextChangeAt *time.Time     `json:"next_change_at"`
}

func billingShow(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show TENANT",
		Short: "Say what a tenant is entitled to, what it uses, and what comes next",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				if s.money == nil {
					return errBillingOff
				}
				t, err := s.tenantNamed(args[0])
				if err != nil {
					return err
				}
				shown, err := s.entitlementOf(cmd.Context(), t)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), shown)
				}
				return shown.print(cmd.OutOrStdout())
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (s *system) entitlementOf(ctx context.Context, t *tenant.Tenant) (*shownEntitlement, error) {
	e := t.Entitlement
	out := &shownEntitlement{
		Tenant: t.Host, Standing: string(e.Standing), Plan: e.Plan, Since: pg.NullTime(e.Since), EndsAt: pg.NullTime(e.EndsAt),
		IsOver: e.IsOver, IsDisputed: e.IsDisputed, Limits: e.Limits,
	}
	err := s.db.Platform(ctx, "say what a tenant uses", func(tx *pg.PlatformTx) error {
		usage, err := store.UsageOf(ctx, tx, t.ID, s.money.now())
		if err != nil {
			return err
		}
		out.Usage = &usage
		out.NextChangeAt, err = store.NextChange(ctx, tx, t.ID)
		return err
	})
	return out, err
}

func (e *shownEntitlement) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	date := func(t *time.Time) string {
		if t == nil {
			return "–"
		}
		return t.UTC().Format(time.RFC3339)
	}
	of := func(limit int64) string {
		if limit == 0 {
			return "no limit"
		}
		return fmt.Sprint(limit)
	}
	line("tenant", "%s", e.Tenant)
	line("standing", "%s since %s", e.Standing, date(e.Since))
	line("until", "%s", date(e.EndsAt))
	line("next change", "%s", date(e.NextChangeAt))
	line("plan", "%s", e.Plan)
	line("accounts", "%d of %s", e.Usage.Accounts, of(int64(e.Limits.Accounts)))
	line("people", "%d of %s", e.Usage.Seats, of(int64(e.Limits.Seats)))
	line("domains", "%d of %s", e.Usage.Domains, of(int64(e.Limits.Domains)))
	line("storage", "%d of %s bytes", e.Usage.StorageBytes, of(e.Limits.StorageBytes))
	line("transfer", "%d of %s bytes this month", e.Usage.EgressBytes, of(e.Limits.EgressBytes))
	line("deliveries", "%d of %s this month", e.Usage.Deliveries, of(e.Limits.Deliveries))
	if e.IsOver {
		line("", "uses more than its plan allows")
	}
	if e.IsDisputed {
		line("", "a payment is contested")
	}
	return w.Flush()
}
