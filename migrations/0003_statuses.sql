-- Posts and what people do with them.

-- +goose Up
CREATE TABLE statuses (
    tenant_id              bigint NOT NULL,
    id                     bigint NOT NULL,
    account_id             bigint NOT NULL,
    uri                    text NOT NULL CHECK (length(uri) <= 2048),
    url                    text NOT NULL DEFAULT '',
    body                   text NOT NULL DEFAULT '',
    source                 text NOT NULL DEFAULT '',
    spoiler_text           text NOT NULL DEFAULT '',
    visibility             text NOT NULL CHECK (visibility IN ('public', 'unlisted', 'private', 'direct')),
    sensitive              boolean NOT NULL DEFAULT false,
    language               text NOT NULL DEFAULT '',
    is_local               boolean NOT NULL DEFAULT false,
    in_reply_to_id         bigint,
    in_reply_to_account_id bigint,
    in_reply_to_uri        text NOT NULL DEFAULT '',
    conversation_id        bigint NOT NULL,
    boost_of_id            bigint,
    quote_uri              text NOT NULL DEFAULT '',
    tags                   text[] NOT NULL DEFAULT '{}',
    emojis                 jsonb NOT NULL DEFAULT '[]',
    author_id              bigint NOT NULL DEFAULT 0, -- the person who wrote it
    app_id                 bigint NOT NULL DEFAULT 0,
    created_at             timestamptz NOT NULL,
    edited_at              timestamptz,
    UNIQUE (tenant_id, uri),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX statuses_account ON statuses (tenant_id, account_id, id DESC);
CREATE INDEX statuses_replies ON statuses (tenant_id, in_reply_to_id) WHERE in_reply_to_id IS NOT NULL;
CREATE INDEX statuses_orphans ON statuses (tenant_id, in_reply_to_uri) WHERE in_reply_to_id IS NULL AND in_reply_to_uri <> '';
CREATE INDEX statuses_conversation ON statuses (tenant_id, conversation_id);
CREATE UNIQUE INDEX statuses_boost ON statuses (tenant_id, boost_of_id, account_id) WHERE boost_of_id IS NOT NULL;
CREATE INDEX statuses_public ON statuses (tenant_id, id DESC) WHERE visibility = 'public' AND boost_of_id IS NULL;
CREATE INDEX statuses_local ON statuses (tenant_id, id DESC) WHERE visibility = 'public' AND boost_of_id IS NULL AND is_local;
-- The primary key comes last on purpose. On a small table it costs the planner the
-- same as statuses_account, and of equals it takes the newest; the foreign keys'
-- checks would keep a plan that reads a whole tenant until the first ANALYZE.
ALTER TABLE statuses
    ADD PRIMARY KEY (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, boost_of_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE,
    ADD FOREIGN KEY (tenant_id, in_reply_to_id) REFERENCES statuses (tenant_id, id) ON DELETE SET NULL (in_reply_to_id);

CREATE TABLE status_stats (
    tenant_id        bigint NOT NULL,
    status_id        bigint NOT NULL,
    replies_count    bigint NOT NULL DEFAULT 0 CHECK (replies_count >= 0),
    boosts_count     bigint NOT NULL DEFAULT 0 CHECK (boosts_count >= 0),
    favourites_count bigint NOT NULL DEFAULT 0 CHECK (favourites_count >= 0),
    PRIMARY KEY (tenant_id, status_id),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Earlier versions of an edited post.
CREATE TABLE status_edits (
    tenant_id    bigint NOT NULL,
    id           bigint NOT NULL,
    status_id    bigint NOT NULL,
    body         text NOT NULL,
    source       text NOT NULL DEFAULT '',
    spoiler_text text NOT NULL DEFAULT '',
    sensitive    boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX status_edits_status ON status_edits (tenant_id, status_id, id);

CREATE TABLE status_mentions (
    tenant_id  bigint NOT NULL,
    status_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, status_id, account_id),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX status_mentions_account ON status_mentions (tenant_id, account_id, status_id DESC);

-- Handles of a local post that no look-up has found yet; fan-out resolves them.
CREATE TABLE pending_mentions (
    tenant_id bigint NOT NULL,
    status_id bigint NOT NULL,
    handle    text NOT NULL CHECK (length(handle) <= 384),
    PRIMARY KEY (tenant_id, status_id, handle),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE status_tags (
    tenant_id bigint NOT NULL,
    tag       text NOT NULL CHECK (length(tag) <= 255), -- normalised
    status_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, tag, status_id),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX status_tags_status ON status_tags (tenant_id, status_id);

CREATE TABLE favourites (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    status_id  bigint NOT NULL,
    uri        text NOT NULL DEFAULT '' CHECK (length(uri) <= 2048),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, status_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX favourites_status ON favourites (tenant_id, status_id, id DESC);

CREATE TABLE bookmarks (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    status_id  bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, status_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX bookmarks_status ON bookmarks (tenant_id, status_id);

CREATE TABLE pins (
    tenant_id  bigint NOT NULL,
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    status_id  bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, status_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX pins_status ON pins (tenant_id, status_id);

CREATE TABLE conversation_mutes (
    tenant_id       bigint NOT NULL,
    account_id      bigint NOT NULL,
    conversation_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, account_id, conversation_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE idempotency_keys (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    key        text NOT NULL CHECK (length(key) <= 255),
    status_id  bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id, key),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Bytes of uploads, once for each content of a tenant.
CREATE TABLE blobs (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    sha256     bytea NOT NULL,
    mime       text NOT NULL,
    bytes      bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sha256)
);
ALTER TABLE blobs ALTER COLUMN bytes SET STORAGE EXTERNAL; -- images do not compress

-- Public names of stored files: random, 128 bits, never a neighbour's.
CREATE TABLE files (
    tenant_id  bigint NOT NULL,
    key        text NOT NULL,
    rendition  text NOT NULL CHECK (rendition IN ('original', 'small')),
    sha256     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key, rendition),
    FOREIGN KEY (tenant_id, sha256) REFERENCES blobs (tenant_id, sha256)
);
CREATE INDEX files_blob ON files (tenant_id, sha256);

CREATE TABLE media (
    tenant_id    bigint NOT NULL,
    id           bigint NOT NULL,
    account_id   bigint NOT NULL,
    status_id    bigint,
    kind         text NOT NULL CHECK (kind IN ('image', 'gifv', 'video', 'audio', 'unknown')),
    mime         text NOT NULL DEFAULT '',
    key          text NOT NULL DEFAULT '',
    remote_url   text NOT NULL DEFAULT '',
    description  text NOT NULL DEFAULT '',
    blurhash     text NOT NULL DEFAULT '',
    width        integer NOT NULL DEFAULT 0,
    height       integer NOT NULL DEFAULT 0,
    small_width  integer NOT NULL DEFAULT 0,
    small_height integer NOT NULL DEFAULT 0,
    size         bigint NOT NULL DEFAULT 0,
    focus_x      double precision NOT NULL DEFAULT 0,
    focus_y      double precision NOT NULL DEFAULT 0,
    position     integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX media_status ON media (tenant_id, status_id, position);
CREATE INDEX media_unattached ON media (created_at) WHERE status_id IS NULL;
CREATE INDEX media_key ON media (tenant_id, key) WHERE key <> '';

SELECT isolate('statuses'), isolate('status_stats'), isolate('status_edits'), isolate('status_mentions'),
       isolate('pending_mentions'), isolate('status_tags'), isolate('favourites'), isolate('bookmarks'),
       isolate('pins'), isolate('conversation_mutes'), isolate('idempotency_keys'), isolate('blobs'),
       isolate('files'), isolate('media');
