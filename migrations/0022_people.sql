-- People prove who they are: by letters with links, second factors and passkeys.

-- +goose Up
-- Somebody who signed up becomes a person when the link in the mail is opened, not before:
-- nobody can occupy an address that is not theirs.
CREATE TABLE sign_ups (
    token_hash    bytea PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email)),
    name          text NOT NULL DEFAULT '',
    password_hash text NOT NULL,
    locale        text NOT NULL DEFAULT 'en',
    browser_hash  bytea NOT NULL, -- the browser that signed up need not type the password again
    tries         integer NOT NULL DEFAULT 0,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX sign_ups_expiry ON sign_ups (expires_at);

-- Links in mails to people who are known. Each works once.
CREATE TABLE person_tokens (
    token_hash bytea PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('reset', 'change_mail')),
    email      text NOT NULL DEFAULT '', -- change_mail: the new address
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX person_tokens_person ON person_tokens (person_id);
CREATE INDEX person_tokens_expiry ON person_tokens (expires_at);

-- Between the right password and the second factor.
CREATE TABLE pending_sign_ins (
    token_hash bytea PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    realm      bigint NOT NULL, -- the tenant whose host it is on; 0: the platform's
    next       text NOT NULL DEFAULT '',
    tries      integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
);
CREATE INDEX pending_sign_ins_person ON pending_sign_ins (person_id);
CREATE INDEX pending_sign_ins_expiry ON pending_sign_ins (expires_at);

CREATE TABLE totp_secrets (
    person_id    bigint PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    sealed       bytea NOT NULL,
    confirmed_at timestamptz,                -- NULL: being set up
    last_step    bigint NOT NULL DEFAULT 0,  -- RFC 6238 section 5.2: no code counts twice
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE recovery_codes (
    person_id bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (person_id, code_hash)
);

CREATE TABLE passkeys (
    rp_id         text NOT NULL, -- the host that it works on
    credential_id bytea NOT NULL,
    person_id     bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    name          text NOT NULL,
    credential    jsonb NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz,
    cloned_at     timestamptz, -- its counter went back: somebody may have a copy
    PRIMARY KEY (rp_id, credential_id)
);
CREATE INDEX passkeys_person ON passkeys (person_id, rp_id);

CREATE TABLE passkey_challenges (
    token_hash bytea PRIMARY KEY,
    rp_id      text NOT NULL,
    person_id  bigint NOT NULL, -- 0: somebody who is about to sign in
    data       jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);

-- Who was asked once on a host whether to add a passkey.
CREATE TABLE passkey_offers (
    person_id bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    rp_id     text NOT NULL,
    PRIMARY KEY (person_id, rp_id)
);

REVOKE ALL ON sign_ups, person_tokens, pending_sign_ins, totp_secrets, recovery_codes, passkeys, passkey_challenges, passkey_offers FROM rookery_app;

-- What a tenant asks of its people when they sign in.
CREATE TABLE tenant_security (
    tenant_id             bigint PRIMARY KEY REFERENCES tenants (id),
    require_second_factor boolean NOT NULL DEFAULT false,
    updated_at            timestamptz NOT NULL DEFAULT now()
);
SELECT isolate('tenant_security');

-- Where and how strongly somebody signed in.
ALTER TABLE sessions
    ADD COLUMN factors smallint NOT NULL DEFAULT 1,
    ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE console_sessions
    ADD COLUMN factors smallint NOT NULL DEFAULT 1,
    ADD COLUMN address text NOT NULL DEFAULT '';
