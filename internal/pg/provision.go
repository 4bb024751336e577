package pg

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The roles. None is a superuser or has BYPASSRLS.
const (
	RoleOwner    = "rookery_owner"    // owns the tables, runs migrations, sees no rows
	RoleApp      = "rookery_app"      // serves: one tenant at a time
	RolePlatform = "rookery_platform" // the audited way across tenants
)

const createRoles = `
DO $$
DECLARE r text;
BEGIN
    -- roles belong to the whole server: two provisioning processes must not race
    PERFORM pg_advisory_xact_lock(hashtext('rookery_roles'));
    FOREACH r IN ARRAY ARRAY['rookery_owner', 'rookery_app', 'rookery_platform'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', r);
        END IF;
        -- whoever logs in as one of the three needs no other; from Postgres 16 on, whoever
        -- makes a role may hand it out, but may not act as it until it is granted
        IF current_user <> ALL (ARRAY['rookery_owner', 'rookery_app', 'rookery_platform'])
            AND NOT pg_has_role(current_user, r, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', r);
        END IF;
    END LOOP;
END $$`

const createGrants = `
CREATE SCHEMA IF NOT EXISTS river AUTHORIZATION rookery_owner;
GRANT CREATE, USAGE ON SCHEMA public TO rookery_owner;
GRANT USAGE ON SCHEMA public, river TO rookery_app, rookery_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE rookery_owner IN SCHEMA public, river
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rookery_app, rookery_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE rookery_owner IN SCHEMA river
    GRANT USAGE ON SEQUENCES TO rookery_app, rookery_platform;`

// hasGrants: what createGrants does was done before, by hand or by another login.
const hasGrants = `
SELECT has_schema_privilege('rookery_owner', 'public', 'CREATE') AND has_schema_privilege('rookery_app', 'public', 'USAGE')
    AND has_schema_privilege('rookery_platform', 'public', 'USAGE')
    AND count(*) FILTER (WHERE n.nspname = 'public' AND d.defaclobjtype = 'r') > 0
    AND count(*) FILTER (WHERE n.nspname = 'river' AND d.defaclobjtype = 'r') > 0
    AND count(*) FILTER (WHERE n.nspname = 'river' AND d.defaclobjtype = 'S') > 0
FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE d.defaclrole = 'rookery_owner'::regrole`

// Provision makes the roles and grants in the database of adminURL, whose login may
// create roles. It may run any number of times. On a managed Postgres without such a
// login, deploy/postgres/roles.sql says the same by hand, and Provision finds it done.
func Provision(ctx context.Context, adminURL string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to provision: %w", mapError(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, createRoles)
	if err == nil {
		_, err = conn.Exec(ctx, createGrants)
		if mayNot(err) && isGranted(ctx, conn) {
			return nil
		}
	}
	if mayNot(err) {
		return fmt.Errorf("provision roles: %w; run deploy/postgres/roles.sql once in this database as a login that may", err)
	}
	if err != nil {
		return fmt.Errorf("provision roles: %w", err)
	}
	return nil
}

// mayNot reports whether the login lacks a right or a role.
func mayNot(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "42501" || pgErr.Code == "42704") // insufficient_privilege, undefined_object
}

func isGranted(ctx context.Context, conn *pgx.Conn) bool {
	var granted bool
	err := conn.QueryRow(ctx, hasGrants).Scan(&granted)
	return err == nil && granted
}

// CreateDatabase makes an empty database on the server of adminURL unless it exists.
func CreateDatabase(ctx context.Context, adminURL, name string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect to create a database: %w", mapError(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", name, err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// As returns the URL with another login role, for servers that trust local sockets.
func As(databaseURL, role string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", fmt.Errorf("read the database URL: %w", err)
	}
	u.User = url.User(role)
	if q := u.Query(); q.Has("user") {
		q.Set("user", role)
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}
