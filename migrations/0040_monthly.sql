-- What a subscription really brings a month, after what coupons take off.

-- +goose Up
ALTER TABLE billing_subscriptions ADD COLUMN monthly bigint; -- in the currency's smallest unit, without tax; NULL: not read since
