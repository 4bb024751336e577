-- An account changes its name and its keys without losing anybody.

-- +goose Up
-- When an account took another name of late: it may do so only so often. The names
-- themselves are rows of handles, old ones too.
ALTER TABLE accounts ADD COLUMN renamed_at timestamptz[] NOT NULL DEFAULT '{}';

-- The id of a key ends in its number, so that nobody takes a new key for the one they
-- remember. The key before signs what announces the new one, and goes then.
ALTER TABLE account_keys
    ADD COLUMN number        integer NOT NULL DEFAULT 1 CHECK (number > 0),
    ADD COLUMN former_sealed bytea,
    ADD COLUMN former_until  timestamptz,
    ADD CONSTRAINT account_keys_former CHECK ((former_sealed IS NULL) = (former_until IS NULL));
CREATE INDEX account_keys_former ON account_keys (former_until) WHERE former_until IS NOT NULL;
