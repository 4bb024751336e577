-- How long a company keeps each class of data, and archives of all that it has.

-- +goose Up
-- A company's own clocks: never longer than the platform's. Without a row the platform's holds.
CREATE TABLE tenant_clocks (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    class      text NOT NULL CHECK (class IN ('remote_posts', 'remote_accounts', 'notifications', 'received', 'sent', 'mails')),
    days       integer NOT NULL CHECK (days BETWEEN 1 AND 36500),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, class)
);

-- When rows that go by their age alone were last looked at, over all tenants.
CREATE TABLE upkeep_ages (
    kind        text PRIMARY KEY,
    finished_at timestamptz NOT NULL
);
REVOKE ALL ON upkeep_ages FROM rookery_app;

-- Archives of all that a company has. The bytes stand in export_parts.
CREATE TABLE tenant_exports (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    id          bigint NOT NULL,
    person_id   bigint NOT NULL DEFAULT 0, -- who asked
    person_name text NOT NULL DEFAULT '',
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'ready', 'failed', 'expired')),
    place       bytea NOT NULL DEFAULT '',  -- where the writer goes on: JSON
    step        bigint NOT NULL DEFAULT 0,  -- goes up with every part: of two writers only one is heard
    done        bigint NOT NULL DEFAULT 0,  -- rows that are in it
    total       bigint NOT NULL DEFAULT 0,  -- rows that will be, as far as is known
    files       bigint NOT NULL DEFAULT 0,
    size        bigint NOT NULL DEFAULT 0,  -- bytes so far
    sha256      bytea NOT NULL DEFAULT '',
    asked_at    timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    expires_at  timestamptz,                -- when its parts go; NULL: not finished, or they are gone
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_exports_running ON tenant_exports (tenant_id) WHERE state = 'running';
CREATE INDEX tenant_exports_expiry ON tenant_exports (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tenant_exports_age ON tenant_exports (asked_at);

CREATE TABLE export_parts (
    tenant_id bigint NOT NULL,
    export_id bigint NOT NULL,
    area      text NOT NULL CHECK (area IN ('archive', 'directory')),
    start     bigint NOT NULL, -- of its bytes, in the area
    bytes     bytea NOT NULL,
    PRIMARY KEY (tenant_id, export_id, area, start),
    FOREIGN KEY (tenant_id, export_id) REFERENCES tenant_exports (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE export_parts ALTER COLUMN bytes SET STORAGE EXTERNAL; -- they are compressed already

SELECT isolate('tenant_clocks'), isolate('tenant_exports'), isolate('export_parts');
