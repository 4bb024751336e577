-- What a company says about itself beyond its name: short words, a picture, whom to ask,
-- its rules and its long texts.

-- +goose Up
CREATE TABLE tenant_brand (
    tenant_id          bigint PRIMARY KEY REFERENCES tenants (id),
    short_description  text NOT NULL DEFAULT '' CHECK (length(short_description) <= 500),
    thumbnail_key      text NOT NULL DEFAULT '', -- of files; '' is none
    thumbnail_blurhash text NOT NULL DEFAULT '',
    contact_account_id bigint NOT NULL DEFAULT 0, -- no key: one that is gone is not shown
    about              text NOT NULL DEFAULT '' CHECK (length(about) <= 50000),
    about_at           timestamptz,
    privacy            text NOT NULL DEFAULT '' CHECK (length(privacy) <= 50000),
    privacy_at         timestamptz,
    terms              text NOT NULL DEFAULT '' CHECK (length(terms) <= 50000),
    terms_at           timestamptz,
    -- Goes up with every change of anything here or of the rules: copies in memory compare it.
    version            bigint NOT NULL DEFAULT 1,
    updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenant_rules (
    tenant_id bigint NOT NULL REFERENCES tenants (id),
    id        bigint NOT NULL,
    position  integer NOT NULL,
    text      text NOT NULL CHECK (text <> '' AND length(text) <= 500),
    hint      text NOT NULL DEFAULT '' CHECK (length(hint) <= 1000),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX tenant_rules_order ON tenant_rules (tenant_id, position, id);

SELECT isolate('tenant_brand'), isolate('tenant_rules');
