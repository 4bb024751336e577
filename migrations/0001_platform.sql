-- The platform's own tables: tenants, their hosts, people, and what is public
-- by nature and shared over tenants. Everything of one tenant is in later files.

-- +goose Up
-- +goose StatementBegin
-- isolate puts the fourth lock on a tenant table: row-level security, forced, with
-- one policy for the serving role and one for the audited way across tenants.
CREATE FUNCTION isolate(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format($p$CREATE POLICY tenant ON %s TO rookery_app
        USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::bigint)$p$, target);
    EXECUTE format('CREATE POLICY platform ON %s TO rookery_platform USING (true)', target);
END $$;
-- +goose StatementEnd

CREATE TABLE tenants (
    id               bigint PRIMARY KEY,
    name             text NOT NULL,
    host             text NOT NULL UNIQUE,
    handle_domain    text NOT NULL UNIQUE,
    scheme           text NOT NULL CHECK (scheme IN ('https', 'http')),
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'deleted')),
    description      text NOT NULL DEFAULT '',
    contact_mail     text NOT NULL DEFAULT '',
    brand_colour     text NOT NULL DEFAULT '',
    authorized_fetch boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);

-- Every name that leads to a tenant. A name belongs to one tenant for ever.
CREATE TABLE tenant_hosts (
    host       text PRIMARY KEY CHECK (host = lower(host)),
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    role       text NOT NULL CHECK (role IN ('service', 'handle', 'alias')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenant_hosts_tenant ON tenant_hosts (tenant_id);

-- People log in; accounts are what they act as. One person may belong to several tenants.
CREATE TABLE persons (
    id            bigint PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    name          text NOT NULL DEFAULT '',
    password_hash text NOT NULL DEFAULT '',
    locale        text NOT NULL DEFAULT 'en',
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);

-- Browser sessions on the platform host. Those of a tenant host are tenant rows.
CREATE TABLE console_sessions (
    id_hash      bytea PRIMARY KEY,
    person_id    bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    user_agent   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX console_sessions_person ON console_sessions (person_id);

-- Failed log-ins, for limits that hold over restarts and processes. Hashed subjects only.
CREATE TABLE login_attempts (
    subject      text NOT NULL, -- "ip:…" or "mail:…"
    window_start timestamptz NOT NULL,
    failures     integer NOT NULL,
    PRIMARY KEY (subject, window_start)
);

-- Public keys of remote actors, shared because public (SECURITY.md rule 15).
CREATE TABLE remote_keys (
    key_id     text PRIMARY KEY,
    owner_uri  text NOT NULL DEFAULT '',
    public_pem text NOT NULL DEFAULT '',
    fetched_at timestamptz NOT NULL,
    -- a failed look-up is remembered until then
    failed_until timestamptz,
    failure      text NOT NULL DEFAULT ''
);
CREATE INDEX remote_keys_owner ON remote_keys (owner_uri);
CREATE INDEX remote_keys_fetched ON remote_keys (fetched_at);

-- Health of the servers we deliver to: the breaker's memory.
CREATE TABLE peer_hosts (
    host          text PRIMARY KEY,
    failures      integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_try_at   timestamptz,
    last_ok_at    timestamptz,
    last_error    text NOT NULL DEFAULT '',
    rfc9421       boolean NOT NULL DEFAULT false,
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- The serving role has no business with people, sessions or the list of tenants.
REVOKE ALL ON tenants, tenant_hosts, persons, console_sessions, login_attempts FROM rookery_app;
