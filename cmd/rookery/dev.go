package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rookery/internal/devpg"
	"rookery/internal/pg"
	"rookery/internal/seal"
)

func devCommand(g *globals) *cobra.Command {
	var listen string
	var noDemo bool
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: own Postgres, plain http, two demo tenants",
		Long: `Run everything on this machine, for trying Rookery and for developing it.

Starts a Postgres of its own in the data folder (or uses --database-url), brings
the schema up to date, serves plain http and works all queues. The first start
makes two tenants, acme and globex, whose accounts follow each other, and prints
how to log in. Everything is kept in the data folder; delete it to begin anew.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd.Context(), cmd.OutOrStdout(), g, listen, !noDemo)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address and port to serve on")
	c.Flags().BoolVar(&noDemo, "no-demo", false, "make no demo tenants")
	return c
}

func runDev(ctx context.Context, out io.Writer, g *globals, listen string, demo bool) error {
	settings, err := devSettings(listen)
	if err != nil {
		return err
	}
	cfg, err := g.load(settings)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(g.dataDir, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	key, err := devKey(g.dataDir)
	if err != nil {
		return err
	}
	d, err := devDatabaseFor(ctx, out, g, cfg.String("database_url"), key)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := pg.Provision(ctx, d.adminURL); err != nil {
		return err
	}
	if err := pg.Migrate(ctx, d.ownerURL); err != nil {
		return err
	}
	s, err := newSystem(ctx, cfg, d)
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(ctx, func(ctx context.Context, p *parts) error {
		if demo {
			if err := makeDemo(ctx, s, p, g.dataDir); err != nil {
				return err
			}
		}
		return printWelcome(ctx, out, s, g.dataDir)
	})
}

// devDatabaseFor starts an own Postgres unless a URL names another one.
func devDatabaseFor(ctx context.Context, out io.Writer, g *globals, databaseURL, key string) (*database, error) {
	if databaseURL != "" {
		d := &database{appURL: databaseURL, platformURL: databaseURL, ownerURL: databaseURL, adminURL: databaseURL, masterKey: key, stop: func() {}}
		return d, nil
	}
	fmt.Fprintln(out, "Starting Postgres …")
	server, err := devpg.Start(ctx, devpg.Options{DataDir: postgresDir(g.dataDir)})
	if err != nil {
		return nil, err
	}
	stop := func() { _ = server.Stop() }
	superURL := server.URL("postgres", devpg.Superuser)
	if err := pg.CreateDatabase(ctx, superURL, devDatabase); err != nil {
		stop()
		return nil, err
	}
	d, err := devURLs(superURL, key, stop)
	if err != nil {
		stop()
	}
	return d, err
}

// devKey returns the data folder's master key and makes it at the first start.
func devKey(dataDir string) (string, error) {
	key, err := readDevKey(dataDir)
	if err == nil {
		return key, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	key = seal.Generate()
	if err := os.WriteFile(filepath.Clean(devKeyFile(dataDir)), []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the master key: %w", err)
	}
	return key, nil
}

// devSettings are the settings that follow from the address; variables cannot override
// them, because the demo's URLs depend on them.
func devSettings(listen string) (map[string]string, error) {
	suffix, err := portSuffix(listen)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"listen": listen, "public_scheme": "http", "tls": "off",
		"platform_host": "rookery.localhost" + suffix, "media_host": "media.localhost" + suffix, "sign_up": "on",
	}, nil
}
