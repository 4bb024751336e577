package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/config"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/tenant"
)

// finding is one thing the doctor looked at.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Fact   string `json:"fact"`
	Advice string `json:"advice,omitempty"`
}

func doctorCommand(g *globals) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check the whole installation and say what to do",
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := g.examine(cmd.Context())
			return printFindings(cmd.OutOrStdout(), findings, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// printFindings prints what was looked at, and fails where something is to be mended.
func printFindings(out io.Writer, findings []finding, asJSON bool) error {
	bad := 0
	for _, f := range findings {
		if !f.OK {
			bad++
		}
	}
	if asJSON {
		if err := printJSON(out, findings); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for _, f := range findings {
			mark := "ok"
			if !f.OK {
				mark = "WRONG"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", mark, f.Check, f.Fact)
			if f.Advice != "" {
				fmt.Fprintf(w, "\t\t→ %s\n", f.Advice)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks found something to mend", bad, len(findings))
	}
	return nil
}

// examine runs every check; one that needs another's success is left out after its failure.
func (g *globals) examine(ctx context.Context) []finding {
	cfg, err := g.load(g.devSettingsIfAny())
	if err != nil {
		return []finding{{Check: "settings", Fact: err.Error(), Advice: "Correct the setting; `rookery config` lists all with their meaning."}}
	}
	out := []finding{{Check: "settings", OK: true, Fact: "readable"}}
	out = append(out, checkProduction(cfg)...)
	d, err := g.findDatabase(ctx, cfg)
	if err != nil {
		return append(out, finding{Check: "database", Fact: err.Error(), Advice: "Set ROOKERY_DATABASE_URL to a Postgres 15 or newer."})
	}
	defer d.stop()
	s, err := newSystem(ctx, cfg, d)
	if err != nil {
		return append(out, finding{Check: "master key", Fact: err.Error(), Advice: "Set ROOKERY_MASTER_KEY to the key that this database was made with."})
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.db.Ready(ctx); err != nil {
		return append(out, finding{Check: "database", Fact: err.Error(), Advice: "Run `rookery migrate up`, and see that Postgres runs and the URL is right."})
	}
	out = append(out, finding{Check: "database", OK: true, Fact: "reachable, schema current, serving role behind row-level security"})
	out = append(out, checkMigrations(ctx, d))
	if err := s.registry.Load(ctx); err != nil {
		return append(out, finding{Check: "tenants", Fact: err.Error()})
	}
	out = append(out, s.checkTenants(ctx)...)
	out = append(out, s.checkCertificates(ctx)...)
	out = append(out, s.checkMail(ctx)...)
	if s.money != nil {
		out = append(out, s.examineBilling(ctx)...)
	}
	return out
}

// checkProduction names settings that are right for development only.
func checkProduction(cfg *config.Config) []finding {
	if cfg.String("public_scheme") == "http" {
		return []finding{{Check: "mode", OK: true, Fact: "development: plain http"}}
	}
	var out []finding
	if cfg.Bool("federation_allow_http") {
		out = append(out, finding{Check: "federation", Fact: "peers may be reached over plain http", Advice: "Unset ROOKERY_FEDERATION_ALLOW_HTTP."})
	}
	if len(cfg.Prefixes("federation_allow_prefixes")) > 0 {
		out = append(out, finding{Check: "federation", Fact: "outgoing requests may reach extra address ranges: " + cfg.String("federation_allow_prefixes"), Advice: "Unset ROOKERY_FEDERATION_ALLOW_PREFIXES."})
	}
	if cfg.String("platform_host") == cfg.String("media_host") {
		out = append(out, finding{Check: "media host", Fact: "user files share an origin with the console", Advice: "Give ROOKERY_MEDIA_HOST a host of its own."})
	}
	return out
}

func checkMigrations(ctx context.Context, d *database) finding {
	rows, err := pg.MigrationStatus(ctx, d.ownerURL)
	if err != nil {
		return finding{Check: "migrations", Fact: err.Error(), Advice: "Set ROOKERY_DATABASE_OWNER_URL to a login that may act as rookery_owner."}
	}
	for _, r := range rows {
		if !r.Applied {
			return finding{Check: "migrations", Fact: r.Name + " has not run", Advice: "Run `rookery migrate up`."}
		}
	}
	return finding{Check: "migrations", OK: true, Fact: fmt.Sprintf("all %d have run", len(rows))}
}

// checkTenants sees that each tenant's instance key opens with the master key: if one
// does not, nothing of that tenant can be signed.
func (s *system) checkTenants(ctx context.Context) []finding {
	all := s.registry.All()
	if len(all) == 0 {
		return []finding{{Check: "tenants", OK: true, Fact: "none yet", Advice: "Make one: rookery tenant create --domain social.example.com --name Example"}}
	}
	var out []finding
	good := 0
	for _, t := range all {
		if t.State == tenant.Deleted {
			continue
		}
		if _, err := s.keyring.ForTenant(ctx, t); err != nil {
			out = append(out, finding{Check: "keys of " + account.InstanceURI(t), Fact: err.Error(), Advice: "Start with the master key that this database was made with."})
			continue
		}
		good++
	}
	return append(out, finding{Check: "tenants", OK: true, Fact: fmt.Sprintf("%d, their keys open", good)})
}
