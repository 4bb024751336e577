-- Purchases: what a subscription becomes with its next period, and what waits for a payment.

-- +goose Up

ALTER TABLE billing_subscriptions
    ADD COLUMN next_plan     text NOT NULL DEFAULT '', -- '': nothing changes, or to a price that nobody knows
    ADD COLUMN next_every    text NOT NULL DEFAULT '',
    ADD COLUMN next_extra    integer NOT NULL DEFAULT 0,
    ADD COLUMN next_at       timestamptz, -- NULL: nothing changes
    ADD COLUMN pending_until timestamptz; -- a change waits for its payment until then

-- What was asked of the provider and never answered.
CREATE INDEX billing_intents_open ON billing_intents (created_at) WHERE state = 'open';
