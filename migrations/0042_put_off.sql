-- By how much an end comes later than the facts say, because nobody was told in time.

-- +goose Up
ALTER TABLE tenant_entitlements ADD COLUMN put_off bigint NOT NULL DEFAULT 0; -- seconds
