-- Who did what, so that nobody can change it afterwards unseen: each entry's hash covers
-- the one before it, and no role may update or delete.

-- +goose Up
CREATE TABLE audit_entries (
    tenant_id  bigint NOT NULL,     -- 0 is the platform itself
    seq        bigint NOT NULL,     -- 1, 2, 3 … without a gap
    at         timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id   bigint NOT NULL DEFAULT 0,
    action     text NOT NULL,
    target     text NOT NULL DEFAULT '',
    body       bytea NOT NULL,      -- the whole entry as JSON, the very bytes that were hashed
    hash       bytea NOT NULL,      -- sha256(hash of the entry before || body)
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_entries_time ON audit_entries (tenant_id, at DESC);
SELECT isolate('audit_entries');
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM rookery_app, rookery_platform;

-- The end of each chain. Whoever appends locks it, so entries have one order.
CREATE TABLE audit_heads (
    tenant_id bigint PRIMARY KEY,
    seq       bigint NOT NULL,
    hash      bytea NOT NULL
);
SELECT isolate('audit_heads');
REVOKE DELETE, TRUNCATE ON audit_heads FROM rookery_app, rookery_platform;
