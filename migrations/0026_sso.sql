-- Single sign-on: a tenant's people sign in with their company's OpenID Connect provider.

-- +goose Up
CREATE TABLE sso_providers (
    tenant_id      bigint PRIMARY KEY REFERENCES tenants (id),
    issuer         text NOT NULL,
    client_id      text NOT NULL,
    client_secret  bytea NOT NULL, -- sealed
    scopes         text[] NOT NULL,
    mail_domains   text[] NOT NULL DEFAULT '{}',
    default_role   text NOT NULL DEFAULT 'member' CHECK (default_role IN ('admin', 'billing', 'moderator', 'member')), -- never owner
    make_account   boolean NOT NULL DEFAULT false,
    username_claim text NOT NULL DEFAULT 'preferred_username',
    again_days     integer NOT NULL DEFAULT 0 CHECK (again_days BETWEEN 0 AND 365), -- 0: sessions live as others do
    required       boolean NOT NULL DEFAULT false,
    state          text NOT NULL DEFAULT 'off' CHECK (state IN ('on', 'off')),
    -- What the provider said about itself, so that a sign-in begins without asking it.
    metadata       bytea NOT NULL DEFAULT '',
    metadata_at    timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CHECK (state = 'on' OR NOT required)
);

-- Who is whom. It outlives the membership: who was sent away does not come back by
-- signing in again.
CREATE TABLE sso_identities (
    tenant_id    bigint NOT NULL REFERENCES tenants (id),
    issuer       text NOT NULL,
    subject      text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255), -- OpenID Connect Core section 2
    person_id    bigint NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    had_account  boolean NOT NULL DEFAULT false, -- the account that comes with the first sign-in was made
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, subject)
);
CREATE INDEX sso_identities_person ON sso_identities (person_id);

-- Sign-ins that are under way. Each is used once.
CREATE TABLE sso_requests (
    tenant_id    bigint NOT NULL REFERENCES tenants (id),
    state_hash   bytea NOT NULL,
    browser_hash bytea NOT NULL, -- the browser that began is the one that comes back
    issuer       text NOT NULL,
    client_id    text NOT NULL,
    nonce        text NOT NULL DEFAULT '',
    verifier     bytea NOT NULL DEFAULT '', -- of PKCE, sealed
    next         text NOT NULL DEFAULT '',
    room_hash    bytea NOT NULL DEFAULT '', -- of sso_rooms: it was begun in the console
    -- Back from the provider, and waiting for the password of the person with the same mail.
    person_id    bigint REFERENCES persons (id) ON DELETE CASCADE,
    subject      text NOT NULL DEFAULT '',
    amr          text NOT NULL DEFAULT '',
    tries        integer NOT NULL DEFAULT 0,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
);
CREATE INDEX sso_requests_expiry ON sso_requests (tenant_id, expires_at);
CREATE INDEX sso_requests_person ON sso_requests (person_id) WHERE person_id IS NOT NULL;

-- Console sessions that have shown a tenant that needs it who they are.
CREATE TABLE sso_rooms (
    tenant_id    bigint NOT NULL,
    session_hash bytea NOT NULL,
    person_id    bigint NOT NULL,
    begin_hash   bytea NOT NULL DEFAULT '', -- goes to the tenant's host with the browser
    back_hash    bytea NOT NULL DEFAULT '', -- and this comes back with it
    is_glass     boolean NOT NULL DEFAULT false,
    proven_at    timestamptz,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, session_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES memberships (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX sso_rooms_begin ON sso_rooms (tenant_id, begin_hash);
CREATE INDEX sso_rooms_person ON sso_rooms (tenant_id, person_id);

SELECT isolate('sso_providers'), isolate('sso_identities'), isolate('sso_requests'), isolate('sso_rooms');

ALTER TABLE sessions
    ADD COLUMN via_sso boolean NOT NULL DEFAULT false,
    ADD COLUMN amr text NOT NULL DEFAULT '', -- how the provider says that it was sure (RFC 8176)
    ADD COLUMN ends_at timestamptz;          -- visits do not move the end past it

-- Owners who may still come in by password when the company needs single sign-on.
ALTER TABLE memberships ADD COLUMN break_glass boolean NOT NULL DEFAULT false;

-- A company that needs single sign-on always has such an owner, whoever changes what: the
-- provider's row is locked first, so that of two who take the last two away one is refused.
-- +goose StatementBegin
CREATE FUNCTION sso_keeps_a_way_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
BEGIN
    PERFORM 1 FROM sso_providers WHERE tenant_id = of AND required FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM memberships WHERE tenant_id = of AND role = 'owner' AND break_glass) THEN
        RAISE EXCEPTION 'While this company needs single sign-on, one owner at least must be able to sign in without it.' USING ERRCODE = 'RK409';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER sso_keeps_a_way_in AFTER INSERT OR UPDATE OF required ON sso_providers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.required) EXECUTE FUNCTION sso_keeps_a_way_in();
CREATE CONSTRAINT TRIGGER sso_keeps_a_way_in AFTER UPDATE OF role, break_glass ON memberships
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.break_glass) EXECUTE FUNCTION sso_keeps_a_way_in();
CREATE CONSTRAINT TRIGGER sso_keeps_a_way_in_end AFTER DELETE ON memberships
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.break_glass) EXECUTE FUNCTION sso_keeps_a_way_in();
