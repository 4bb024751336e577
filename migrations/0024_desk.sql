-- The desk: mentions of and direct messages to a tenant's accounts, as threads that a team
-- answers.

-- +goose Up
CREATE TABLE desk_threads (
    tenant_id        bigint NOT NULL,
    account_id       bigint NOT NULL, -- who is asked
    conversation_id  bigint NOT NULL, -- of statuses; it moves when conversations are joined
    state            text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'waiting', 'done')),
    from_id          bigint NOT NULL, -- who asks: the author of the last incoming message
    last_incoming_id bigint NOT NULL, -- no key: its author may delete it, the thread stays
    last_visibility  text NOT NULL,
    last_incoming_at timestamptz NOT NULL, -- when it came, not when its server says it was written
    waiting_since    timestamptz,          -- since when somebody waits for us
    opened_at        timestamptz NOT NULL,
    first_answer_at  timestamptz,
    answered_by      bigint NOT NULL DEFAULT 0, -- the person of the first answer; 0: none, or unknown
    last_answer_id   bigint NOT NULL DEFAULT 0,
    last_answer_at   timestamptz,
    seen_id          bigint NOT NULL DEFAULT 0, -- the last incoming message that somebody of us has opened
    assignee_id      bigint,
    writing_by       bigint NOT NULL DEFAULT 0,
    writing_until    timestamptz,
    updated_at       timestamptz NOT NULL, -- the last message or change of state: what lists are sorted by
    PRIMARY KEY (tenant_id, account_id, conversation_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, from_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE,
    -- Whoever may not act as the account any more has nothing to do there.
    FOREIGN KEY (tenant_id, account_id, assignee_id) REFERENCES operators (tenant_id, account_id, person_id) ON DELETE SET NULL (assignee_id),
    CHECK ((state = 'open') = (waiting_since IS NOT NULL))
);
CREATE INDEX desk_threads_open ON desk_threads (tenant_id, account_id, waiting_since, conversation_id) WHERE state = 'open';
CREATE INDEX desk_threads_state ON desk_threads (tenant_id, account_id, state, updated_at DESC, conversation_id DESC);
CREATE INDEX desk_threads_all ON desk_threads (tenant_id, account_id, updated_at DESC, conversation_id DESC);
CREATE INDEX desk_threads_assignee ON desk_threads (tenant_id, account_id, assignee_id) WHERE assignee_id IS NOT NULL;
CREATE INDEX desk_threads_answered ON desk_threads (tenant_id, account_id, first_answer_at) WHERE first_answer_at IS NOT NULL;
CREATE INDEX desk_threads_conversation ON desk_threads (tenant_id, conversation_id);
CREATE INDEX desk_threads_from ON desk_threads (tenant_id, from_id);

-- What the team tells itself about a thread.
CREATE TABLE desk_notes (
    tenant_id       bigint NOT NULL,
    id              bigint NOT NULL,
    account_id      bigint NOT NULL,
    conversation_id bigint NOT NULL,
    person_id       bigint NOT NULL,
    text            text NOT NULL CHECK (length(text) <= 5000),
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id, conversation_id) REFERENCES desk_threads (tenant_id, account_id, conversation_id) ON DELETE CASCADE
);
CREATE INDEX desk_notes_thread ON desk_notes (tenant_id, account_id, conversation_id, id);

-- Answers that are given often.
CREATE TABLE saved_replies (
    tenant_id  bigint NOT NULL REFERENCES tenants (id),
    id         bigint NOT NULL,
    title      text NOT NULL CHECK (title <> '' AND length(title) <= 100),
    text       text NOT NULL CHECK (text <> '' AND length(text) <= 5000),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

SELECT isolate('desk_threads'), isolate('desk_notes'), isolate('saved_replies');
