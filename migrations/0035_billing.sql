-- Billing: what the payment provider last said, what follows from it, and what was asked of
-- it. Amounts are in the currency's smallest unit.

-- +goose Up

-- Found by the provider's id, before anybody knows whose it is.
CREATE TABLE billing_customers (
    customer_id text PRIMARY KEY,
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    livemode    boolean NOT NULL,
    currency    text NOT NULL DEFAULT '',
    email       text NOT NULL DEFAULT '',
    is_current  boolean NOT NULL DEFAULT true,
    deleted_at  timestamptz, -- there
    -- Goes up with each event: a reading that began before it is not the last one.
    told        bigint NOT NULL DEFAULT 0,
    synced_at   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX billing_customers_tenant ON billing_customers (tenant_id);
CREATE UNIQUE INDEX billing_customers_current ON billing_customers (tenant_id) WHERE is_current;

CREATE TABLE billing_subscriptions (
    tenant_id       bigint NOT NULL REFERENCES tenants (id),
    subscription_id text NOT NULL,
    customer_id     text NOT NULL,
    status          text NOT NULL,
    plan            text NOT NULL DEFAULT '', -- '': of a price that nobody knows
    price_ids       text[] NOT NULL DEFAULT '{}',
    extra           integer NOT NULL DEFAULT 0,
    currency        text NOT NULL DEFAULT '',
    every           text NOT NULL DEFAULT '',
    period_start    timestamptz,
    period_end      timestamptz,
    trial_end       timestamptz,
    cancel_at       timestamptz,
    ended_at        timestamptz,
    oldest_open_at  timestamptz,
    card_brand      text NOT NULL DEFAULT '',
    card_last4      text NOT NULL DEFAULT '',
    is_paused       boolean NOT NULL DEFAULT false, -- nothing is collected: the provider's own switch
    created_at      timestamptz NOT NULL,
    read_at         timestamptz NOT NULL, -- when the reading began that this comes from
    PRIMARY KEY (tenant_id, subscription_id)
);

CREATE TABLE billing_invoices (
    tenant_id   bigint NOT NULL REFERENCES tenants (id),
    invoice_id  text NOT NULL,
    customer_id text NOT NULL,
    number      text NOT NULL DEFAULT '',
    status      text NOT NULL,
    total       bigint NOT NULL,
    tax         bigint NOT NULL DEFAULT 0,
    refunded    bigint NOT NULL DEFAULT 0,
    currency    text NOT NULL,
    page_url    text NOT NULL DEFAULT '',
    pdf_url     text NOT NULL DEFAULT '',
    period_end  timestamptz,
    created_at  timestamptz NOT NULL,
    read_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id)
);
CREATE INDEX billing_invoices_newest ON billing_invoices (tenant_id, created_at DESC);

CREATE TABLE billing_disputes (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    dispute_id text NOT NULL,
    charge_id  text NOT NULL,
    status     text NOT NULL,
    amount     bigint NOT NULL,
    currency   text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    due_by     timestamptz,
    created_at timestamptz NOT NULL,
    lost_at    timestamptz,
    read_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, dispute_id)
);

-- What follows from all that: kept so that it need not be computed with each request, and
-- computed anew whenever something was read or next_change_at has passed.
CREATE TABLE tenant_entitlements (
    tenant_id          bigint PRIMARY KEY REFERENCES tenants (id),
    trial_from         timestamptz NOT NULL,
    standing           text NOT NULL,
    plan               text NOT NULL,
    entitlement        jsonb NOT NULL,
    next_change_at     timestamptz,
    storage_over_since timestamptz,
    updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenant_entitlements_due ON tenant_entitlements (next_change_at) WHERE next_change_at IS NOT NULL;

CREATE TABLE entitlement_changes (
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    id        bigint NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    cause     text NOT NULL, -- clock, sync, staff, usage
    from_standing text NOT NULL,
    to_standing   text NOT NULL,
    from_plan     text NOT NULL,
    to_plan       text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Decisions of the platform's staff.
CREATE TABLE entitlement_overrides (
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    id        bigint NOT NULL,
    standing  text NOT NULL DEFAULT '',
    plan      text NOT NULL DEFAULT '',
    limits    jsonb NOT NULL DEFAULT '{}',
    from_at   timestamptz NOT NULL DEFAULT now(),
    until     timestamptz,
    reason    text NOT NULL CHECK (reason <> ''),
    staff_id  bigint NOT NULL, -- a person; no key: people leave, decisions stay
    ended_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);

-- Written before the provider is asked to change something, so that whoever dies in
-- between asks again under the same key and gets the same thing.
CREATE TABLE billing_intents (
    tenant_id       bigint NOT NULL REFERENCES tenants (id),
    idempotency_key text NOT NULL,
    kind            text NOT NULL,
    params          jsonb NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed')),
    object_id       text NOT NULL DEFAULT '',
    error           text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, idempotency_key)
);

CREATE TABLE billing_checkouts (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    session_id text NOT NULL,
    plan       text NOT NULL,
    currency   text NOT NULL,
    every      text NOT NULL,
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'complete', 'expired')),
    url        text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, session_id)
);
CREATE UNIQUE INDEX billing_checkouts_open ON billing_checkouts (tenant_id) WHERE status = 'open';

-- What a tenant had in use at the end of a day.
CREATE TABLE billing_usage (
    tenant_id     bigint NOT NULL REFERENCES tenants (id),
    day           date NOT NULL,
    accounts      integer NOT NULL,
    seats         integer NOT NULL,
    domains       integer NOT NULL,
    storage_bytes bigint NOT NULL,
    egress_bytes  bigint NOT NULL DEFAULT 0, -- of this day
    deliveries    bigint NOT NULL DEFAULT 0, -- of this day
    PRIMARY KEY (tenant_id, day)
);

SELECT isolate('billing_subscriptions'), isolate('billing_invoices'), isolate('billing_disputes'), isolate('tenant_entitlements'),
       isolate('entitlement_changes'), isolate('entitlement_overrides'), isolate('billing_intents'), isolate('billing_checkouts'), isolate('billing_usage');

-- The provider's events: a fact each, stored before it has any effect, and only a reason to
-- look. Facts of money are not changed but by the columns that say what became of them.
CREATE TABLE billing_events (
    event_id    text PRIMARY KEY,
    type        text NOT NULL,
    api_version text NOT NULL DEFAULT '',
    livemode    boolean NOT NULL,
    customer_id text NOT NULL DEFAULT '',
    object_id   text NOT NULL DEFAULT '',
    payload     bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    source      text NOT NULL CHECK (source IN ('webhook', 'poll', 'replay')),
    outcome     text NOT NULL DEFAULT '', -- '': waits
    handled_at  timestamptz
);
CREATE INDEX billing_events_waiting ON billing_events (customer_id, received_at) WHERE handled_at IS NULL;
CREATE INDEX billing_events_newest ON billing_events (received_at DESC);

-- What the plans' prices are called at the provider.
CREATE TABLE billing_prices (
    price_id text PRIMARY KEY,
    plan     text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('base', 'extra')),
    currency text NOT NULL,
    every    text NOT NULL,
    livemode boolean NOT NULL,
    active   boolean NOT NULL DEFAULT true
);

-- Where the provider sends its events, and by which secrets they are known. Several hold
-- at once while one is changed.
CREATE TABLE billing_endpoints (
    endpoint_id text PRIMARY KEY,
    secret      bytea NOT NULL, -- sealed
    api_version text NOT NULL,
    livemode    boolean NOT NULL,
    retired_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- What only a person of the platform can decide. The key keeps one matter from coming twice.
CREATE TABLE billing_tasks (
    id         bigint PRIMARY KEY,
    key        text NOT NULL UNIQUE,
    tenant_id  bigint REFERENCES tenants (id),
    kind       text NOT NULL,
    detail     jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz,
    done_by    bigint
);
CREATE INDEX billing_tasks_open ON billing_tasks (created_at) WHERE done_at IS NULL;
CREATE INDEX billing_tasks_tenant ON billing_tasks (tenant_id);
