package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rookery/internal/config"
	"rookery/internal/devpg"
	"rookery/internal/pg"
)

// globals are the flags that every command knows.
type globals struct {
	configFile  string
	databaseURL string
	dataDir     string
}

const devDatabase = "rookery"

// load reads the settings; overrides are flags of the command, by key.
func (g *globals) load(overrides map[string]string) (*config.Config, error) {
	flags := map[string]string{}
	for k, v := range overrides {
		flags[k] = v
	}
	if g.databaseURL != "" {
		flags["database_url"] = g.databaseURL
	}
	cfg, err := config.Load(g.configFile, flags, os.LookupEnv)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// database is where the commands find Postgres, and the master key that goes with it.
type database struct {
	appURL, platformURL, ownerURL string
	adminURL                      string // may create roles; for migrate up
	masterKey                     string
	stop                          func()
}

// findDatabase looks, in this order, at the settings and at the data folder of a
// `rookery dev`, whose Postgres it starts for the length of the command if it is not running.
func (g *globals) findDatabase(ctx context.Context, cfg *config.Config) (*database, error) {
	if u := cfg.String("database_url"); u != "" {
		d := &database{appURL: u, platformURL: cfg.String("database_platform_url"), ownerURL: cfg.String("database_owner_url"), masterKey: cfg.String("master_key"), stop: func() {}}
		if d.ownerURL == "" {
			d.ownerURL = u
		}
		d.adminURL = d.ownerURL
		if d.masterKey == "" {
			key, err := readDevKey(g.dataDir) // rookery dev --database-url keeps its key there
			if err != nil {
				return nil, wrongUse("ROOKERY_MASTER_KEY is not set: it opens the private keys in the database. Make one with `openssl rand -base64 32` and keep it apart from backups")
			}
			d.masterKey = key
		}
		return d, nil
	}
	key, err := readDevKey(g.dataDir)
	if err != nil {
		return nil, wrongUse("no database: set ROOKERY_DATABASE_URL, pass --database-url, or name the data folder of a `rookery dev` with --data (%s is none)", g.dataDir)
	}
	if u, ok := devpg.Running(postgresDir(g.dataDir)); ok {
		return devURLs(u, key, func() {})
	}
	server, err := devpg.Start(ctx, devpg.Options{DataDir: postgresDir(g.dataDir)})
	if err != nil {
		return nil, err
	}
	d, err := devURLs(server.URL("postgres", devpg.Superuser), key, func() { _ = server.Stop() })
	if err != nil {
		_ = server.Stop()
	}
	return d, err
}

// devURLs derives the three roles' URLs from the superuser's of an own Postgres, whose
// socket trusts local logins: serving never connects as the superuser.
func devURLs(superURL, masterKey string, stop func()) (*database, error) {
	d := &database{masterKey: masterKey, stop: stop}
	admin, err := devpg.WithUser(superURL, devDatabase, "")
	if err != nil {
		return nil, err
	}
	d.adminURL = admin
	for role, dst := range map[string]*string{pg.RoleApp: &d.appURL, pg.RolePlatform: &d.platformURL, pg.RoleOwner: &d.ownerURL} {
		u, err := devpg.WithUser(superURL, devDatabase, role)
		if err != nil {
			return nil, err
		}
		*dst = u
	}
	return d, nil
}

func postgresDir(dataDir string) string { return filepath.Join(dataDir, "postgres") }

func devKeyFile(dataDir string) string { return filepath.Join(dataDir, "master.key") }

func readDevKey(dataDir string) (string, error) {
	b, err := os.ReadFile(devKeyFile(dataDir))
	if err != nil {
		return "", fmt.Errorf("read the data folder's master key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
