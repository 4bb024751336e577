-- Posts that are planned: drafts, what waits for somebody's approval, what waits for its
-- time, and of what became a post who wrote it and who let it out.

-- +goose Up
CREATE TABLE scheduled_statuses (
    tenant_id      bigint NOT NULL,
    id             bigint NOT NULL,
    account_id     bigint NOT NULL,
    author_id      bigint NOT NULL,           -- the person who wrote it
    editor_id      bigint NOT NULL DEFAULT 0, -- who else changed its words last
    app_id         bigint NOT NULL DEFAULT 0,
    state          text NOT NULL CHECK (state IN ('draft', 'waiting', 'scheduled', 'declined', 'published')),
    -- The words. They are empty once it is published: the post has them, and ends with them.
    text           text NOT NULL DEFAULT '' CHECK (length(text) <= 100000),
    spoiler_text   text NOT NULL DEFAULT '' CHECK (length(spoiler_text) <= 100000),
    visibility     text NOT NULL CHECK (visibility IN ('public', 'unlisted', 'private', 'direct')),
    sensitive      boolean NOT NULL DEFAULT false,
    language       text NOT NULL DEFAULT '',
    in_reply_to_id bigint NOT NULL DEFAULT 0, -- no key: an answer to what is gone must not become a post of its own
    idempotency    text NOT NULL DEFAULT '' CHECK (length(idempotency) <= 255),
    scheduled_at   timestamptz,               -- null: none
    zone           text NOT NULL DEFAULT '',  -- in which the time was typed
    reason         text NOT NULL DEFAULT '',  -- why it was declined, or could not be published
    decided_by     bigint NOT NULL DEFAULT 0, -- who approved or declined; 0: nobody had to, or the program
    decided_at     timestamptz,
    status_id      bigint,                    -- what it became
    told_at        timestamptz,               -- when its approvers were written to
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    CHECK (state <> 'scheduled' OR scheduled_at IS NOT NULL),
    CHECK ((state = 'published') = (status_id IS NOT NULL))
);
CREATE INDEX scheduled_statuses_list ON scheduled_statuses (tenant_id, account_id, state, id DESC);
CREATE INDEX scheduled_statuses_time ON scheduled_statuses (tenant_id, account_id, scheduled_at) WHERE state IN ('waiting', 'scheduled');
CREATE UNIQUE INDEX scheduled_statuses_post ON scheduled_statuses (tenant_id, status_id) WHERE status_id IS NOT NULL;
CREATE INDEX scheduled_statuses_answers ON scheduled_statuses (tenant_id, in_reply_to_id) WHERE in_reply_to_id <> 0;
-- Over all tenants: what is due, and whose approvers were not told.
CREATE INDEX scheduled_statuses_due ON scheduled_statuses (scheduled_at) WHERE state = 'scheduled';
CREATE INDEX scheduled_statuses_untold ON scheduled_statuses (tenant_id, created_at) WHERE state = 'waiting' AND told_at IS NULL;
CREATE INDEX scheduled_statuses_told ON scheduled_statuses (tenant_id, told_at) WHERE told_at IS NOT NULL;

-- The files of a plan, each in one plan only. A table of its own, so that media stays as it is.
CREATE TABLE scheduled_media (
    tenant_id bigint NOT NULL,
    media_id  bigint NOT NULL,
    plan_id   bigint NOT NULL,
    position  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, media_id),
    FOREIGN KEY (tenant_id, media_id) REFERENCES media (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, plan_id) REFERENCES scheduled_statuses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX scheduled_media_plan ON scheduled_media (tenant_id, plan_id, position);

SELECT isolate('scheduled_statuses'), isolate('scheduled_media');
