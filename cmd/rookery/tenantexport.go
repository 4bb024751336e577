package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant/export"
)

func tenantExport(g *globals) *cobra.Command {
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use:   "export HOST --out FILE",
		Short: "Write all that an organisation has into one archive",
		Long: `Write all that an organisation has into one archive: accounts with their posts and files,
whom they follow and who follows them, people and roles, notes and the audit log. A README
in it explains each file. Passwords, tokens and private keys are not in it.`,
		Example: "  rookery tenant export social.acme.com --out acme.zip",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return wrongUse("say where to: --out FILE; see `%s --help`", cmd.CommandPath())
			}
			return g.withSystem(cmd.Context(), func(s *system) error { return s.exportTenant(cmd, args[0], file, asJSON) })
		},
	}
	c.Flags().StringVar(&file, "out", "", "the file to write; one that is there is not touched")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// exportTenant writes an archive beside its place and moves it there when it is whole: a
// file of that name is never half an archive.
func (s *system) exportTenant(cmd *cobra.Command, host, file string, asJSON bool) error {
	ctx := cmd.Context()
	t, err := s.tenantNamed(host)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return wrongUse("%s is there already: choose another name", file)
	}
	out, err := os.OpenFile(file+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	defer os.Remove(out.Name()) //nolint:errcheck // it has moved, or is of no use
	defer out.Close()
	directory, err := os.CreateTemp("", "rookery-export-")
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	defer os.Remove(directory.Name()) //nolint:errcheck // temporary
	defer directory.Close()
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		return audit.Append(ctx, scope, audit.Entry{Actor: audit.ByOperator(), Action: "export.download", Target: "tenant:" + t.ID.String()})
	})
	if err != nil {
		return err
	}
	told := time.Now()
	p, sum, err := export.WriteTo(ctx, s.db, t, out, directory, func(p export.Progress) {
		if time.Since(told) > time.Second {
			told = time.Now()
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of about %d rows, %d files, %d bytes\n", p.Rows, p.Of, p.Files, p.Bytes)
		}
	})
	if err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if err := os.Rename(out.Name(), file); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), map[string]any{
			"tenant": t.ID.String(), "host": t.Host, "file": file, "bytes": p.Bytes, "files": p.Files, "rows": p.Rows, "sha256": hex.EncodeToString(sum),
		})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files, %d bytes\nSHA-256 %x\n", file, p.Files, p.Bytes, sum)
	return err
}
