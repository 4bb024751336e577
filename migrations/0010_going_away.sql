-- Accounts that are going away, and how far upkeep has come in each tenant.

-- +goose Up

-- A deleted account is found by nobody from that moment on. Its row and keys stay until
-- its content is removed and its farewell is delivered.
ALTER TABLE accounts ADD COLUMN deleted_at timestamptz;

-- Upkeep walks over tables in the order of their keys, a page a transaction. A walk
-- that is interrupted goes on where it was, in whichever process.
CREATE TABLE upkeep_walks (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    kind        text NOT NULL,
    position    text NOT NULL DEFAULT '', -- the last key that was looked at; '' is the beginning
    finished_at timestamptz,              -- when a walk last came to the end
    PRIMARY KEY (tenant_id, kind)
);

SELECT isolate('upkeep_walks');
