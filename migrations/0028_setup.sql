-- How far the set-up of a company is that somebody made in the console. Companies that were
-- made otherwise have no row: nobody leads them through anything.

-- +goose Up
CREATE TABLE tenant_setups (
    tenant_id  bigint PRIMARY KEY REFERENCES tenants (id),
    founded_by bigint NOT NULL, -- a person; no key: people leave, companies stay
    founded_at timestamptz NOT NULL,
    -- Of the form that made it: the same form sent twice makes one company.
    nonce      text NOT NULL CHECK (length(nonce) BETWEEN 1 AND 64),
    domain_at  timestamptz, -- when the second screen was left behind
    people_at  timestamptz, -- when the third one was
    ended_at   timestamptz  -- when it was finished, or put away
);
CREATE INDEX tenant_setups_founder ON tenant_setups (founded_by, founded_at);

SELECT isolate('tenant_setups');
