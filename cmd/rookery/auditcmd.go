package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/store"
	"rookery/tenant"
)

func auditCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Prove and export the record of who did what",
		Long: `Prove and export the record of who did what.

Each organisation has a chain of entries, and the platform one of its own. Every
entry's hash covers the one before, so that a change shows.`,
	}
	c.AddCommand(auditVerify(g), auditExport(g))
	return c
}

func auditVerify(g *globals) *cobra.Command {
	var owner string
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify [--tenant D]",
		Short: "Check that no entry was changed, taken out or cut off; exits with 1 where one was",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error {
				chains, err := s.chains(cmd.Context(), owner)
				if err != nil {
					return err
				}
				reports := make([]audit.Report, len(chains))
				for i, of := range chains {
					if reports[i], err = audit.Verify(cmd.Context(), s.db, of); err != nil {
						return err
					}
				}
				return s.printReports(cmd.OutOrStdout(), reports, asJSON)
			})
		},
	}
	c.Flags().StringVar(&owner, "tenant", "", "one organisation alone, by one of its hosts")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// chains are those of one tenant, or all, the platform's too.
func (s *system) chains(ctx context.Context, owner string) ([]tenant.ID, error) {
	if owner == "" {
		return audit.Chains(ctx, s.db)
	}
	t, err := s.tenantNamed(owner)
	if err != nil {
		return nil, err
	}
	return []tenant.ID{t.ID}, nil
}

var errBroken = errors.New("the audit log is not as it was written")

func (s *system) printReports(out io.Writer, reports []audit.Report, asJSON bool) error {
	broken := false
	if asJSON {
		if err := printJSON(out, reports); err != nil {
			return err
		}
	}
	for _, r := range reports {
		broken = broken || r.Broken != 0
		if asJSON {
			continue
		}
		text := fmt.Sprintf("%s: %d entries, as they were written", s.chainName(r.Tenant), r.Entries)
		if r.Broken != 0 {
			text = fmt.Sprintf("%s: broken at entry %d: %s", s.chainName(r.Tenant), r.Broken, r.Why)
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	if broken {
		return errBroken
	}
	return nil
}

func (s *system) chainName(of tenant.ID) string {
	if of == audit.Platform {
		return "the platform"
	}
	if t, ok := s.registry.ByID(of); ok {
		return t.Host
	}
	return "tenant " + of.String()
}

func auditExport(g *globals) *cobra.Command {
	var owner, since string
	c := &cobra.Command{
		Use:   "export [--tenant D] [--since TIME]",
		Short: "Print the entries, the oldest first, one JSON document a line",
		Long: `Print the entries, the oldest first, one JSON document a line.

"entry" holds the very bytes that were hashed: sha256(hash before, entry) is "hash".`,
		Example: `  rookery audit export --tenant social.acme.com --since 2027-01-01 > audit.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := momentOf(since)
			if err != nil {
				return err
			}
			return g.withSystem(cmd.Context(), func(s *system) error {
				chains, err := s.chains(cmd.Context(), owner)
				if err != nil {
					return err
				}
				for _, of := range chains {
					if err := s.exportChain(cmd.Context(), cmd.OutOrStdout(), of, from); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&owner, "tenant", "", "one organisation alone, by one of its hosts")
	c.Flags().StringVar(&since, "since", "", "only entries from then on: 2027-01-31, or with a time as in RFC 3339")
	c.Flags().Bool("json", true, "JSON lines, which is the only form there is")
	return c
}

// momentOf reads a day or a time; "" is the beginning.
func momentOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, wrongUse("“%s” is no time; write 2027-01-31 or 2027-01-31T08:00:00Z", text)
}

func (s *system) exportChain(ctx context.Context, out io.Writer, of tenant.ID, from time.Time) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	return audit.Walk(ctx, s.db, of, func(e *store.AuditEntry) error {
		if e.At.Before(from) {
			return nil
		}
		return lines.Encode(map[string]any{
			"tenant_id": of.String(), "seq": e.Seq, "hash": hex.EncodeToString(e.Hash), "entry": json.RawMessage(e.Body),
		})
	})
}
