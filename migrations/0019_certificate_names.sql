-- What is known of each name's certificate: a customer's name or one of the platform's own.
-- It is kept apart from claims (domains): a certificate outlives them, and package certs
-- alone writes it. The files themselves are in cert_kv.

-- +goose Up
CREATE TABLE certificates (
    name           text PRIMARY KEY CHECK (name = lower(name) AND name <> ''),
    -- The platform's own names are wanted always, a customer's while a claim serves it.
    own            boolean NOT NULL DEFAULT false,
    not_before     timestamptz,              -- of the certificate that is stored
    not_after      timestamptz,
    -- When to order next: at the renewal, or after a failure.
    next_order_at  timestamptz NOT NULL DEFAULT now(),
    -- Until when an order runs: so long challenges are answered, and no second order starts.
    ordering_until timestamptz,
    -- When the authority was last asked for its advice on the renewal (RFC 9773).
    advised_at     timestamptz,
    failures       integer NOT NULL DEFAULT 0,
    error_code     text NOT NULL DEFAULT '',
    error_detail   jsonb NOT NULL DEFAULT '{}',
    failed_at      timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX certificates_next_order ON certificates (next_order_at);

REVOKE ALL ON certificates FROM rookery_app;

-- Kept there no longer; no release has written them.
ALTER TABLE domains DROP COLUMN certificate_not_after, DROP COLUMN certificate_renew_at;
