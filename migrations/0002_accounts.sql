-- Accounts of a tenant: its own, and copies of remote ones. People's rights on them.

-- +goose Up
CREATE TABLE tenant_keys (
    tenant_id      bigint NOT NULL REFERENCES tenants (id),
    kind           text NOT NULL CHECK (kind IN ('rsa', 'ed25519')),
    public_pem     text NOT NULL,
    private_sealed bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE accounts (
    tenant_id          bigint NOT NULL REFERENCES tenants (id),
    id                 bigint NOT NULL,
    uri                text NOT NULL CHECK (length(uri) <= 2048),
    username           text NOT NULL CHECK (length(username) <= 128),
    domain             text NOT NULL DEFAULT '' CHECK (length(domain) <= 255), -- '' is local
    actor_type         text NOT NULL DEFAULT 'Person',
    display_name       text NOT NULL DEFAULT '',
    note               text NOT NULL DEFAULT '',
    note_source        text NOT NULL DEFAULT '',
    fields             jsonb NOT NULL DEFAULT '[]',
    emojis             jsonb NOT NULL DEFAULT '[]',
    url                text NOT NULL DEFAULT '',
    inbox_url          text NOT NULL DEFAULT '',
    shared_inbox_url   text NOT NULL DEFAULT '',
    outbox_url         text NOT NULL DEFAULT '',
    followers_url      text NOT NULL DEFAULT '',
    following_url      text NOT NULL DEFAULT '',
    featured_url       text NOT NULL DEFAULT '',
    avatar_url         text NOT NULL DEFAULT '',
    avatar_key         text NOT NULL DEFAULT '',
    avatar_alt         text NOT NULL DEFAULT '',
    header_url         text NOT NULL DEFAULT '',
    header_key         text NOT NULL DEFAULT '',
    header_alt         text NOT NULL DEFAULT '',
    locked             boolean NOT NULL DEFAULT false,
    discoverable       boolean NOT NULL DEFAULT true,
    indexable          boolean NOT NULL DEFAULT false,
    memorial           boolean NOT NULL DEFAULT false,
    hide_collections   boolean NOT NULL DEFAULT false,
    default_visibility text NOT NULL DEFAULT 'public',
    default_sensitive  boolean NOT NULL DEFAULT false,
    default_language   text NOT NULL DEFAULT 'en',
    moved_to_uri       text NOT NULL DEFAULT '',
    also_known_as      text[] NOT NULL DEFAULT '{}',
    suspended_at       timestamptz,
    silenced_at        timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    fetched_at         timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, uri)
);
CREATE UNIQUE INDEX accounts_handle ON accounts (tenant_id, domain, lower(username));
CREATE INDEX accounts_inbox ON accounts (tenant_id, shared_inbox_url) WHERE domain <> '';

-- Counters live apart so that a busy remote account does not rewrite its wide row.
CREATE TABLE account_stats (
    tenant_id       bigint NOT NULL,
    account_id      bigint NOT NULL,
    statuses_count  bigint NOT NULL DEFAULT 0,
    followers_count bigint NOT NULL DEFAULT 0,
    following_count bigint NOT NULL DEFAULT 0,
    last_status_at  timestamptz,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Names of local accounts. A name that was used is never given to another account.
CREATE TABLE handles (
    tenant_id      bigint NOT NULL,
    domain         text NOT NULL,
    username_lower text NOT NULL CHECK (username_lower = lower(username_lower)),
    username       text NOT NULL,
    account_id     bigint NOT NULL,
    is_primary     boolean NOT NULL DEFAULT true,
    since          timestamptz NOT NULL DEFAULT now(),
    retired_at     timestamptz,
    PRIMARY KEY (tenant_id, domain, username_lower)
);
CREATE INDEX handles_account ON handles (tenant_id, account_id);

CREATE TABLE account_keys (
    tenant_id      bigint NOT NULL,
    account_id     bigint NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('rsa', 'ed25519')),
    public_pem     text NOT NULL,
    private_sealed bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id, kind),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE memberships (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    person_id  bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'moderator', 'member')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, person_id)
);
CREATE INDEX memberships_person ON memberships (person_id);

CREATE TABLE operators (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    person_id  bigint NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'publisher', 'drafter', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id, person_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES memberships (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX operators_person ON operators (tenant_id, person_id);

-- Gone for ever: answers 410 and refuses that the same URI comes again.
CREATE TABLE tombstones (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    uri         text NOT NULL CHECK (length(uri) <= 2048),
    former_type text NOT NULL DEFAULT 'Note',
    account_id  bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, uri)
);

SELECT isolate('tenant_keys'), isolate('accounts'), isolate('account_stats'), isolate('handles'),
       isolate('account_keys'), isolate('memberships'), isolate('operators'), isolate('tombstones');
