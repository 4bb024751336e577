-- What came in, what goes out.

-- +goose Up
-- Verified activities, stored before the 202. The raw body is kept until it is applied.
CREATE TABLE inbox_activities (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    id          bigint NOT NULL,
    dedup       bytea NOT NULL, -- sha256(actor, activity id)
    actor_uri   text NOT NULL CHECK (length(actor_uri) <= 2048),
    account_id  bigint NOT NULL DEFAULT 0, -- whose inbox it came to; 0: the shared inbox
    raw         bytea NOT NULL,
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'applied', 'ignored', 'failed')),
    reason      text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, dedup)
);
CREATE INDEX inbox_activities_pending ON inbox_activities (tenant_id, id) WHERE state = 'pending';
CREATE INDEX inbox_activities_age ON inbox_activities (received_at);

-- Facts of local accounts that others may have to hear of (social.Event).
CREATE TABLE events (
    tenant_id     bigint NOT NULL REFERENCES tenants (id),
    id            bigint NOT NULL,
    kind          text NOT NULL,
    account_id    bigint NOT NULL,
    target_id     bigint NOT NULL DEFAULT 0,
    status_id     bigint NOT NULL DEFAULT 0,
    object_uri    text NOT NULL DEFAULT '',
    visibility    text NOT NULL DEFAULT '',
    recipient_ids bigint[] NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_age ON events (created_at);

-- Activities of local accounts: the bytes are built once, then served and sent.
CREATE TABLE activities (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    id         bigint NOT NULL,
    uri        text NOT NULL,
    account_id bigint NOT NULL,
    event_id   bigint NOT NULL DEFAULT 0,
    status_id  bigint NOT NULL DEFAULT 0,
    visibility text NOT NULL DEFAULT '',
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, uri)
);
CREATE UNIQUE INDEX activities_event ON activities (tenant_id, event_id) WHERE event_id <> 0;
CREATE INDEX activities_status ON activities (tenant_id, status_id) WHERE status_id <> 0;
CREATE INDEX activities_age ON activities (created_at);

-- One durable state for each activity and inbox.
CREATE TABLE deliveries (
    tenant_id   bigint NOT NULL,
    activity_id bigint NOT NULL,
    id          bigint NOT NULL,
    inbox_url   text NOT NULL CHECK (length(inbox_url) <= 2048),
    host        text NOT NULL,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed', 'gone')),
    attempts    integer NOT NULL DEFAULT 0,
    last_error  text NOT NULL DEFAULT '',
    next_try_at timestamptz,
    done_at     timestamptz,
    PRIMARY KEY (tenant_id, activity_id, id),
    UNIQUE (tenant_id, activity_id, inbox_url),
    FOREIGN KEY (tenant_id, activity_id) REFERENCES activities (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);

SELECT isolate('inbox_activities'), isolate('events'), isolate('activities'), isolate('deliveries');
