-- Who follows, blocks and mutes whom; what each account sees and is told.

-- +goose Up
CREATE TABLE follows (
    tenant_id   bigint NOT NULL,
    id          bigint NOT NULL,
    account_id  bigint NOT NULL,
    target_id   bigint NOT NULL,
    uri         text NOT NULL DEFAULT '' CHECK (length(uri) <= 2048),
    state       text NOT NULL CHECK (state IN ('pending', 'accepted')),
    show_boosts boolean NOT NULL DEFAULT true,
    notify      boolean NOT NULL DEFAULT false,
    languages   text[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, target_id),
    CHECK (account_id <> target_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX follows_target ON follows (tenant_id, target_id, id DESC);
CREATE INDEX follows_account ON follows (tenant_id, account_id, id DESC);
CREATE INDEX follows_uri ON follows (tenant_id, uri) WHERE uri <> '';
-- Requests are few among very many follows, and every app counts them at log-in.
CREATE INDEX follows_pending ON follows (tenant_id, target_id, id DESC) WHERE state = 'pending';

CREATE TABLE blocks (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    target_id  bigint NOT NULL,
    uri        text NOT NULL DEFAULT '' CHECK (length(uri) <= 2048),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, target_id),
    CHECK (account_id <> target_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX blocks_target ON blocks (tenant_id, target_id);

CREATE TABLE mutes (
    tenant_id          bigint NOT NULL,
    id                 bigint NOT NULL,
    account_id         bigint NOT NULL,
    target_id          bigint NOT NULL,
    hide_notifications boolean NOT NULL DEFAULT true,
    expires_at         timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, target_id),
    CHECK (account_id <> target_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX mutes_target ON mutes (tenant_id, target_id);

CREATE TABLE account_notes (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    target_id  bigint NOT NULL,
    note       text NOT NULL CHECK (length(note) <= 2000),
    PRIMARY KEY (tenant_id, account_id, target_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, target_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE followed_tags (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    tag        text NOT NULL CHECK (length(tag) <= 255),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, tag),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX followed_tags_tag ON followed_tags (tenant_id, tag);

-- Home timelines, written on arrival and trimmed. Rendering loads by id.
CREATE TABLE timeline_entries (
    tenant_id bigint NOT NULL,
    owner_id  bigint NOT NULL,
    status_id bigint NOT NULL,
    FOREIGN KEY (tenant_id, owner_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX timeline_entries_status ON timeline_entries (tenant_id, status_id);
-- Last, for the reason given at statuses.
ALTER TABLE timeline_entries ADD PRIMARY KEY (tenant_id, owner_id, status_id);

CREATE TABLE notifications (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    from_id    bigint NOT NULL,
    type       text NOT NULL,
    status_id  bigint,
    group_key  text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, account_id, type, from_id, status_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, from_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX notifications_account ON notifications (tenant_id, account_id, id DESC);
-- A page of grouped notifications counts each of its groups.
CREATE INDEX notifications_group ON notifications (tenant_id, account_id, group_key, id DESC);
CREATE INDEX notifications_from ON notifications (tenant_id, from_id);
CREATE INDEX notifications_status ON notifications (tenant_id, status_id);

CREATE TABLE markers (
    tenant_id    bigint NOT NULL,
    account_id   bigint NOT NULL,
    timeline     text NOT NULL CHECK (timeline IN ('home', 'notifications')),
    last_read_id bigint NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id, timeline),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

-- Search text, joined back by id. Not under row-level security, because that
-- would switch its indexes off; one store file alone reaches it.
CREATE TABLE search_texts (
    tenant_id bigint NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('account', 'status', 'tag')),
    ref_id    bigint NOT NULL, -- account or status; 0 for a tag
    name      text NOT NULL DEFAULT '', -- account: user@host and display name, lower case; tag: its name
    body      tsvector NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, kind, ref_id, name)
);
CREATE INDEX search_texts_name ON search_texts (tenant_id, kind, name text_pattern_ops);
CREATE INDEX search_texts_body ON search_texts USING gin (body);

SELECT isolate('follows'), isolate('blocks'), isolate('mutes'), isolate('account_notes'), isolate('followed_tags'),
       isolate('timeline_entries'), isolate('notifications'), isolate('markers');
