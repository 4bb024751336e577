-- Sign-in on tenant hosts and OAuth 2.

-- +goose Up
CREATE TABLE sessions (
    tenant_id    bigint NOT NULL,
    id_hash      bytea NOT NULL,
    person_id    bigint NOT NULL,
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES memberships (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX sessions_person ON sessions (tenant_id, person_id);

CREATE TABLE apps (
    tenant_id     bigint NOT NULL REFERENCES tenants (id),
    id            bigint NOT NULL,
    client_id     text NOT NULL,
    secret_hash   bytea NOT NULL,
    name          text NOT NULL CHECK (length(name) <= 200),
    website       text NOT NULL DEFAULT '' CHECK (length(website) <= 2048),
    redirect_uris text[] NOT NULL,
    scopes        text[] NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, client_id)
);

CREATE TABLE tokens (
    tenant_id    bigint NOT NULL,
    id           bigint NOT NULL,
    token_hash   bytea NOT NULL,
    app_id       bigint NOT NULL,
    person_id    bigint, -- NULL: the app itself (client credentials)
    account_id   bigint,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    CHECK ((person_id IS NULL) = (account_id IS NULL)),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, account_id, person_id) REFERENCES operators (tenant_id, account_id, person_id) ON DELETE CASCADE
);
CREATE INDEX tokens_operator ON tokens (tenant_id, account_id, person_id);
CREATE INDEX tokens_app ON tokens (tenant_id, app_id);

CREATE TABLE oauth_codes (
    tenant_id      bigint NOT NULL,
    code_hash      bytea NOT NULL,
    app_id         bigint NOT NULL,
    person_id      bigint NOT NULL,
    account_id     bigint NOT NULL,
    redirect_uri   text NOT NULL,
    scopes         text[] NOT NULL,
    code_challenge text NOT NULL DEFAULT '', -- S256, or '' without PKCE
    expires_at     timestamptz NOT NULL,
    token_id       bigint, -- set when redeemed; a second try revokes it
    PRIMARY KEY (tenant_id, code_hash),
    FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, account_id, person_id) REFERENCES operators (tenant_id, account_id, person_id) ON DELETE CASCADE
);
CREATE INDEX oauth_codes_app ON oauth_codes (tenant_id, app_id);
CREATE INDEX oauth_codes_operator ON oauth_codes (tenant_id, account_id, person_id);

SELECT isolate('sessions'), isolate('apps'), isolate('tokens'), isolate('oauth_codes');
