-- Roles and grants of a Rookery database, for a Postgres where the migrating login may
-- not create roles. Run once in the (empty) database as a login that may:
--
--   psql "$ADMIN_URL" -f deploy/postgres/roles.sql
--
-- `rookery migrate up` does the same where it may (internal/pg/provision.go; a test
-- holds the two together). Then give the three roles passwords, or grant them to one login.

CREATE ROLE rookery_owner LOGIN;    -- owns the tables, runs migrations, sees no rows
CREATE ROLE rookery_app LOGIN;      -- serves: one tenant at a time
CREATE ROLE rookery_platform LOGIN; -- the audited way across tenants

CREATE SCHEMA IF NOT EXISTS river AUTHORIZATION rookery_owner;
GRANT CREATE, USAGE ON SCHEMA public TO rookery_owner;
GRANT USAGE ON SCHEMA public, river TO rookery_app, rookery_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE rookery_owner IN SCHEMA public, river
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rookery_app, rookery_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE rookery_owner IN SCHEMA river
    GRANT USAGE ON SEQUENCES TO rookery_app, rookery_platform;
