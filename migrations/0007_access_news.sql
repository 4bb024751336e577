-- Processes remember whose token is whose. They are told whenever that may have become
-- untrue, by whatever statement and whatever cascade: a token ended or changed, an
-- operator's role changed, an account was suspended or let in again.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('access_changed', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- last_used_at is no news.
CREATE TRIGGER tell_access_changed AFTER DELETE OR UPDATE OF token_hash, app_id, person_id, account_id, scopes ON tokens
    FOR EACH ROW EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER tell_access_changed AFTER DELETE OR UPDATE OF role ON operators
    FOR EACH ROW EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER tell_access_changed AFTER UPDATE OF suspended_at ON accounts
    FOR EACH ROW WHEN (OLD.suspended_at IS DISTINCT FROM NEW.suspended_at) EXECUTE FUNCTION tell_access_changed();
