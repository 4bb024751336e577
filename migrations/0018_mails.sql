-- Mails that wait to be sent, and those that were. The words are made when a mail is sent.

-- +goose Up
CREATE TABLE mails (
    tenant_id  bigint NOT NULL,               -- 0 is the platform itself
    id         bigint NOT NULL,
    key        text NOT NULL,                 -- the event: once a recipient
    recipient  text NOT NULL,
    locale     text NOT NULL DEFAULT 'en',
    template   text NOT NULL,
    data       jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz,
    last_error text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key, recipient)
);
CREATE INDEX mails_id ON mails (id);
CREATE INDEX mails_age ON mails (created_at);
SELECT isolate('mails');
