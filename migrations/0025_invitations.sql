-- People are invited into a company by mail.

-- +goose Up
CREATE TABLE invitations (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    id          bigint NOT NULL,
    token_hash  bytea NOT NULL,             -- of the link of the latest mail; those before do not work
    email       text NOT NULL CHECK (email = lower(email)),
    role        text NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'moderator', 'member')),
    -- [{"account": "1", "role": "drafter"}]: no keys, since an account may go before the answer.
    grants      jsonb NOT NULL DEFAULT '[]',
    locale      text NOT NULL DEFAULT 'en', -- of the mail
    invited_by  bigint NOT NULL,            -- a person; no key, since people leave
    created_at  timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by bigint NOT NULL DEFAULT 0,
    revoked_at  timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_token ON invitations (token_hash); -- a link does not name its tenant

SELECT isolate('invitations');
