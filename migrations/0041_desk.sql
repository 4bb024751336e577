-- What the staff's pages look for among much else: what they did to one tenant, and names that
-- wait for them.

-- +goose Up
CREATE INDEX audit_entries_staff ON audit_entries (tenant_id, seq) WHERE actor_kind = 'staff';
CREATE INDEX domains_waiting ON domains (state_since) WHERE state IN ('needs_review', 'disputed');
