-- What people were told about the use of their plan, so that nothing comes twice.

-- +goose Up
CREATE TABLE billing_notices (
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    key       text NOT NULL, -- what it was about and when: storage/80/2026-11
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
SELECT isolate('billing_notices');
CREATE INDEX billing_notices_age ON billing_notices (at);
CREATE INDEX billing_usage_age ON billing_usage (day);
