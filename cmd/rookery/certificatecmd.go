package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"rookery/internal/pg"
	"rookery/tenant/certs"
)

func certificateCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "certificate", Short: "List certificates and see when they are renewed"}
	c.AddCommand(certificateList(g))
	return c
}

func certificateList(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the names with certificates, their ends, next orders and what went wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				all, err := s.certificates(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), all)
				}
				if len(all) == 0 {
					_, err := fmt.Fprintln(cmd.OutOrStdout(), "No certificate yet. With ROOKERY_TLS=acme the worker orders one for each name that works.")
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tENDS\tNEXT ORDER\tFAILURES\tWHY")
				for _, one := range all {
					ends := "none yet"
					if !one.NotAfter.IsZero() {
						ends = one.NotAfter.Format(time.DateTime)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s %s\n", one.Name, ends, one.NextOrderAt.Format(time.DateTime), one.Failures, one.ErrorCode, one.ErrorDetail["text"])
				}
				return w.Flush()
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

const certificatePage = 500

func (s *system) certificates(ctx context.Context) ([]*certs.State, error) {
	all := []*certs.State{}
	for after := ""; ; {
		var page []*certs.State
		err := s.db.Platform(ctx, "list certificates", func(tx *pg.PlatformTx) (err error) {
			page, err = certs.List(ctx, tx, after, certificatePage)
			return err
		})
		all = append(all, page...)
		if err != nil || len(page) < certificatePage {
			return all, err
		}
		after = page[len(page)-1].Name
	}
}

// certificateDanger is how near its end a certificate may come before the doctor speaks up.
const certificateDanger = 10 * 24 * time.Hour

// checkCertificates names certificates that should have been renewed by now.
func (s *system) checkCertificates(ctx context.Context) []finding {
	if s.cfg.String("tls") != tlsACME {
		return nil
	}
	all, err := s.certificates(ctx)
	if err != nil {
		return []finding{{Check: "certificates", Fact: err.Error()}}
	}
	var out []finding
	good := 0
	for _, one := range all {
		switch left := time.Until(one.NotAfter); {
		case one.NotAfter.IsZero() && one.ErrorCode != "":
			out = append(out, finding{Check: "certificate of " + one.Name, Fact: "there is none: " + one.ErrorCode + " " + one.ErrorDetail["text"], Advice: "`rookery domain check " + one.Name + "` says what to change."})
		case !one.NotAfter.IsZero() && left < certificateDanger:
			out = append(out, finding{Check: "certificate of " + one.Name, Fact: fmt.Sprintf("ends in %.0f days and was not renewed: %s %s", left.Hours()/24, one.ErrorCode, one.ErrorDetail["text"]), Advice: "See that a worker runs (ROOKERY_ROLES) and reaches ROOKERY_ACME_CA."})
		case !one.NotAfter.IsZero():
			good++
		}
	}
	return append(out, finding{Check: "certificates", OK: true, Fact: fmt.Sprintf("%d in order", good)})
}

// certificateMetrics are what to be woken up by: an end that comes near.
func (s *system) certificateMetrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "rookery", Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("certificates", "Names with a certificate.", func() float64 {
			count, _ := s.registry.Certificates()
			return float64(count)
		}),
		gauge("certificate_first_end_seconds", "Time until the first certificate ends; renewals come weeks before.", func() float64 {
			count, first := s.registry.Certificates()
			if count == 0 {
				return 0
			}
			return time.Until(first).Seconds()
		}),
	}
}
