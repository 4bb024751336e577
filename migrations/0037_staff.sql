-- Who runs the platform: people with pages of their own, their sessions, and what the nightly
-- comparison with the payment provider found.

-- +goose Up

-- Who has left keeps the row until the person goes: what was done is told by the audit log.
CREATE TABLE staff (
    person_id  bigint PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('admin', 'support', 'billing')),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz
);

-- Never valid in the console, nor the console's here.
CREATE TABLE staff_sessions (
    id_hash      bytea PRIMARY KEY,
    person_id    bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    user_agent   text NOT NULL DEFAULT '',
    address      text NOT NULL DEFAULT '',
    factors      smallint NOT NULL DEFAULT 1,
    proved_at    timestamptz, -- when the second factor was last shown
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL -- visits do not move it
);
CREATE INDEX staff_sessions_person ON staff_sessions (person_id);
CREATE INDEX staff_sessions_ending ON staff_sessions (expires_at);

-- How often a field was not as the payment provider has it, by day.
CREATE TABLE billing_drift (
    day   date NOT NULL,
    field text NOT NULL,
    n     bigint NOT NULL,
    PRIMARY KEY (day, field)
);
REVOKE ALL ON staff, staff_sessions, billing_drift FROM rookery_app;

-- What the person who decided a matter wrote down.
ALTER TABLE billing_tasks ADD COLUMN note text NOT NULL DEFAULT '' CHECK (length(note) <= 2000);
