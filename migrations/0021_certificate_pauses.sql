-- An authority may refuse all orders of an account, whatever name they are for: the order
-- that heard so says until when, and no other name asks before.

-- +goose Up
ALTER TABLE cert_orders ADD COLUMN pauses_until timestamptz;
CREATE INDEX cert_orders_pauses ON cert_orders (pauses_until) WHERE pauses_until IS NOT NULL;
