-- Indexes by which old rows are found, and by which foreign keys find what goes with a
-- row: without them each removal reads a whole table. One that was left half-made is
-- made anew.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS accounts_deleted;
CREATE INDEX CONCURRENTLY accounts_deleted ON accounts (deleted_at) WHERE deleted_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS accounts_avatar;
CREATE INDEX CONCURRENTLY accounts_avatar ON accounts (tenant_id, avatar_key) WHERE avatar_key <> '';
DROP INDEX CONCURRENTLY IF EXISTS accounts_header;
CREATE INDEX CONCURRENTLY accounts_header ON accounts (tenant_id, header_key) WHERE header_key <> '';
DROP INDEX CONCURRENTLY IF EXISTS statuses_conversation_local;
CREATE INDEX CONCURRENTLY statuses_conversation_local ON statuses (tenant_id, conversation_id) WHERE is_local;
DROP INDEX CONCURRENTLY IF EXISTS statuses_app;
CREATE INDEX CONCURRENTLY statuses_app ON statuses (tenant_id, app_id) WHERE app_id <> 0;
DROP INDEX CONCURRENTLY IF EXISTS media_account;
CREATE INDEX CONCURRENTLY media_account ON media (tenant_id, account_id);
DROP INDEX CONCURRENTLY IF EXISTS account_notes_target;
CREATE INDEX CONCURRENTLY account_notes_target ON account_notes (tenant_id, target_id);
DROP INDEX CONCURRENTLY IF EXISTS mutes_ending;
CREATE INDEX CONCURRENTLY mutes_ending ON mutes (expires_at) WHERE expires_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS sessions_ending;
CREATE INDEX CONCURRENTLY sessions_ending ON sessions (expires_at);
DROP INDEX CONCURRENTLY IF EXISTS oauth_codes_ending;
CREATE INDEX CONCURRENTLY oauth_codes_ending ON oauth_codes (expires_at);
DROP INDEX CONCURRENTLY IF EXISTS console_sessions_ending;
CREATE INDEX CONCURRENTLY console_sessions_ending ON console_sessions (expires_at);
DROP INDEX CONCURRENTLY IF EXISTS login_attempts_age;
CREATE INDEX CONCURRENTLY login_attempts_age ON login_attempts (window_start);
