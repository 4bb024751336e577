-- Which servers a tenant talks to: blocks, an allow-list, and the platform's own blocks.

-- +goose Up
CREATE TABLE server_policies (
    tenant_id    bigint PRIMARY KEY REFERENCES tenants (id),
    mode         text NOT NULL DEFAULT 'open' CHECK (mode IN ('open', 'allow_list')),
    show_blocks  text NOT NULL DEFAULT 'nobody' CHECK (show_blocks IN ('all', 'users', 'nobody')),
    show_reasons text NOT NULL DEFAULT 'nobody' CHECK (show_reasons IN ('all', 'users', 'nobody')),
    -- Goes up with every change here, of a rule or of the platform's: copies in memory compare it.
    version      bigint NOT NULL DEFAULT 1,
    -- The walk over the accounts that are known, which has what holds for their servers hold for them.
    walk_version bigint NOT NULL DEFAULT 0,
    walk_after   bigint NOT NULL DEFAULT 0, -- accounts up to this id are done
    walk_of      bigint NOT NULL DEFAULT 0,
    walk_seen    bigint NOT NULL DEFAULT 0,
    walk_hidden  bigint NOT NULL DEFAULT 0,
    walk_limited bigint NOT NULL DEFAULT 0,
    walk_freed   bigint NOT NULL DEFAULT 0,
    walk_follows bigint NOT NULL DEFAULT 0, -- that ended
    walk_from    timestamptz,
    walk_done    timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- A rule covers a domain and everything below it; the most specific one counts.
CREATE TABLE server_rules (
    tenant_id       bigint NOT NULL REFERENCES tenants (id),
    domain          text NOT NULL CHECK (domain = lower(domain) AND length(domain) BETWEEN 1 AND 253),
    severity        text NOT NULL CHECK (severity IN ('noop', 'silence', 'suspend')),
    reject_media    boolean NOT NULL DEFAULT false,
    reject_reports  boolean NOT NULL DEFAULT false,
    obfuscate       boolean NOT NULL DEFAULT false, -- in public lists
    public_comment  text NOT NULL DEFAULT '' CHECK (length(public_comment) <= 1000),
    private_comment text NOT NULL DEFAULT '' CHECK (length(private_comment) <= 1000),
    made_by         text NOT NULL DEFAULT '', -- a name as it was then
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, domain)
);

-- Whom a tenant with an allow-list talks to.
CREATE TABLE server_allows (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    domain     text NOT NULL CHECK (domain = lower(domain) AND length(domain) BETWEEN 1 AND 253),
    comment    text NOT NULL DEFAULT '' CHECK (length(comment) <= 1000),
    made_by    text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, domain)
);

SELECT isolate('server_policies'), isolate('server_rules'), isolate('server_allows');

-- What holds for every tenant.
CREATE TABLE platform_server_rules (
    domain          text PRIMARY KEY CHECK (domain = lower(domain) AND length(domain) BETWEEN 1 AND 253),
    severity        text NOT NULL CHECK (severity IN ('noop', 'silence', 'suspend')),
    reject_media    boolean NOT NULL DEFAULT false,
    public_comment  text NOT NULL DEFAULT '' CHECK (length(public_comment) <= 1000),
    private_comment text NOT NULL DEFAULT '' CHECK (length(private_comment) <= 1000),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON platform_server_rules FROM rookery_app;

-- What an account has because of its server. server_marked_at equals suspended_at or
-- silenced_at where those come from the server's rule and not from a judgement of the account.
ALTER TABLE accounts
    ADD COLUMN server_rule text NOT NULL DEFAULT '' CHECK (server_rule IN ('', 'silence', 'suspend')),
    ADD COLUMN server_no_media boolean NOT NULL DEFAULT false,
    ADD COLUMN server_marked_at timestamptz,
    -- The domain backwards: what is below a domain stands next to it. It is a column because
    -- row-level security keeps functions that may leak, such as reverse(), out of indexes.
    ADD COLUMN domain_mirrored text COLLATE "C" NOT NULL GENERATED ALWAYS AS (reverse(domain)) STORED;

-- The accounts of a domain and of those below it.
CREATE INDEX accounts_server ON accounts (tenant_id, domain_mirrored);
