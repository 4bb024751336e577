-- The end of a tenant that does not pay: other servers are told only where the tenant chose so.

-- +goose Up
ALTER TABLE tenants ADD COLUMN is_quiet boolean NOT NULL DEFAULT false; -- being deleted: no Delete goes out
ALTER TABLE tenant_entitlements ADD COLUMN says_goodbye boolean NOT NULL DEFAULT false; -- the owner's choice
-- A subscription that support gave to another customer is found by its id alone.
CREATE INDEX billing_subscriptions_id ON billing_subscriptions (subscription_id);
