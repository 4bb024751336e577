-- Certificates and what belongs to getting them, for any number of processes.

-- +goose Up
-- What CertMagic stores: keys are paths. Values of private keys are sealed with the
-- master key, so a dump of the database opens nothing.
CREATE TABLE cert_kv (
    key      text PRIMARY KEY,
    value    bytea NOT NULL,
    modified timestamptz NOT NULL DEFAULT now()
);
-- Prefixes are listed, in any collation.
CREATE INDEX cert_kv_prefix ON cert_kv (key text_pattern_ops);

-- Leases, not session locks: those need a connection each and break behind PgBouncer.
CREATE TABLE cert_locks (
    name       text PRIMARY KEY,
    owner      text NOT NULL,
    expires_at timestamptz NOT NULL
);

-- What was ordered when: the authority counts orders, and so do we, before it does.
CREATE TABLE cert_orders (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    registrable text NOT NULL,
    renewal     boolean NOT NULL DEFAULT false,
    at          timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    error_code  text NOT NULL DEFAULT ''
);
CREATE INDEX cert_orders_at ON cert_orders (at);
CREATE INDEX cert_orders_name ON cert_orders (name, at);
CREATE INDEX cert_orders_registrable ON cert_orders (registrable, at);

REVOKE ALL ON cert_kv, cert_locks, cert_orders FROM rookery_app;
