-- Which servers a person does without, and from where nobody registers.

-- +goose Up
-- A domain counts as an account's handle names it: what is below it is another one.
CREATE TABLE domain_blocks (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    domain     text NOT NULL CHECK (domain = lower(domain) AND length(domain) BETWEEN 1 AND 253),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, domain),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX domain_blocks_account ON domain_blocks (tenant_id, account_id, id DESC);

SELECT isolate('domain_blocks');

-- Whose mail addresses register nobody: of a domain and of those below it.
CREATE TABLE blocked_mail_domains (
    domain     text PRIMARY KEY CHECK (domain = lower(domain) AND length(domain) BETWEEN 1 AND 253),
    comment    text NOT NULL DEFAULT '' CHECK (length(comment) <= 1000),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- From which addresses nobody registers, or nobody reaches the platform at all.
CREATE TABLE blocked_networks (
    network    cidr PRIMARY KEY,
    severity   text NOT NULL CHECK (severity IN ('sign_up_block', 'no_access')),
    comment    text NOT NULL DEFAULT '' CHECK (length(comment) <= 1000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON blocked_mail_domains, blocked_networks FROM rookery_app;
