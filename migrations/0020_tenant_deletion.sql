-- The end of a tenant: asked for, closed, said goodbye, removed, forgotten.

-- +goose Up
-- deleting: asked for, and can still be undone. An older binary takes it for suspended.
ALTER TABLE tenants DROP CONSTRAINT tenants_state_check;
ALTER TABLE tenants ADD CONSTRAINT tenants_state_check CHECK (state IN ('active', 'suspended', 'deleting', 'deleted'));

-- Each step has a time of its own, so that whichever process goes on knows what is done.
ALTER TABLE tenants
    ADD COLUMN state_before text NOT NULL DEFAULT '', -- of one being deleted: where an undo leads
    ADD COLUMN delete_at    timestamptz,              -- until then it can be undone
    ADD COLUMN deleted_at   timestamptz,              -- closed for good
    ADD COLUMN farewell_at  timestamptz,              -- all accounts have said goodbye
    ADD COLUMN removed_at   timestamptz,              -- its rows are gone
    ADD COLUMN forgotten_at timestamptz;              -- its tombstones too
CREATE INDEX tenants_ending ON tenants (id) WHERE state IN ('deleting', 'deleted') AND forgotten_at IS NULL;
