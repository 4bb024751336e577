-- Names that organisations bring, from the first claim to the end. They replace
-- tenant_hosts, which knew only names that work.

-- +goose Up
CREATE TABLE domains (
    id           bigint PRIMARY KEY,
    tenant_id    bigint NOT NULL REFERENCES tenants (id),
    -- As it is looked up: lower case, A-labels, with a port in development.
    name         text NOT NULL CHECK (name = lower(name) AND name <> ''),
    display_name text NOT NULL,              -- the same in U-labels, for people
    registrable  text NOT NULL,              -- what somebody bought: company.com
    mode         text NOT NULL CHECK (mode IN ('split', 'whole', 'apex', 'platform')),
    role         text NOT NULL CHECK (role IN ('service', 'handle', 'alias')),
    service_id   bigint REFERENCES domains (id), -- of a handle domain: the host it belongs to
    state        text NOT NULL CHECK (state IN (
        'needs_review', 'pending_ownership', 'expired', 'verified', 'pending_routing', 'issuing', 'issue_failed', 'live',
        'degraded', 'parked', 'suspended', 'disputed', 'releasing', 'released')),
    reason       text NOT NULL DEFAULT '',   -- the doctor's code, or why staff decided so
    token        text NOT NULL DEFAULT '',   -- what the TXT record must say
    attempts     integer NOT NULL DEFAULT 0, -- checks since the state was entered
    failing_since timestamptz,               -- of a live name: since when it is not as it should be
    failures     integer NOT NULL DEFAULT 0, -- bad checks in a row
    state_since  timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now(),
    next_check_at timestamptz,
    retry_after  timestamptz,                -- a person may ask for the next check from then on
    certificate_not_after timestamptz,
    certificate_renew_at  timestamptz,
    -- Ends of waits: an undo, a dispute, the time in which nobody inherits.
    deadline_at      timestamptz,
    quarantine_until timestamptz,
    tombstones_until timestamptz,
    contested_by     bigint REFERENCES domains (id)
);

-- A name has one holder once ownership is proven; before that anybody may claim it.
CREATE UNIQUE INDEX domains_holder ON domains (name) WHERE state IN
    ('verified', 'pending_routing', 'issuing', 'issue_failed', 'live', 'degraded', 'parked', 'suspended', 'disputed', 'releasing');
CREATE UNIQUE INDEX domains_claim ON domains (tenant_id, name) WHERE state <> 'released';
CREATE INDEX domains_name ON domains (name);
CREATE INDEX domains_registrable ON domains (registrable);
CREATE INDEX domains_due ON domains (next_check_at) WHERE next_check_at IS NOT NULL;

-- Ownership, routing, certificate and WebFinger are separate truths with clocks of their own.
CREATE TABLE domain_checks (
    domain_id       bigint NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('ownership', 'routing', 'certificate', 'webfinger')),
    last_checked_at timestamptz NOT NULL,
    last_ok_at      timestamptz,
    error_code      text NOT NULL DEFAULT '',
    error_detail    jsonb NOT NULL DEFAULT '{}',
    failures        integer NOT NULL DEFAULT 0,
    PRIMARY KEY (domain_id, kind)
);

INSERT INTO domains (id, tenant_id, name, display_name, registrable, mode, role, state, created_at)
SELECT (extract(epoch FROM h.created_at) * 1000)::bigint * 65536 + row_number() OVER (ORDER BY h.host),
       h.tenant_id, h.host, h.host, h.host, CASE WHEN t.host = t.handle_domain THEN 'whole' ELSE 'split' END, h.role, 'live', h.created_at
FROM   tenant_hosts h JOIN tenants t ON t.id = h.tenant_id;
UPDATE domains h SET service_id = s.id FROM domains s WHERE h.role = 'handle' AND s.role = 'service' AND s.tenant_id = h.tenant_id;
DROP TABLE tenant_hosts;

-- What a released name was called stays with the tenant that had it: another may hold it now.
ALTER TABLE tenants DROP CONSTRAINT tenants_host_key, DROP CONSTRAINT tenants_handle_domain_key;
-- Nothing leaves and nothing comes in from the fediverse before a tenant's own name works.
ALTER TABLE tenants ADD COLUMN federates_since timestamptz;
UPDATE tenants SET federates_since = created_at;

REVOKE ALL ON domains, domain_checks FROM rookery_app;
