-- Search by the words of one tenant (docs/adr/0012-search.md). One index over the texts
-- of all tenants makes a word that is common anywhere expensive everywhere.

-- +goose Up
-- +goose StatementBegin
-- tenant_words puts the tenant in front of each word of a text. The positions are left
-- behind: indexes do not keep them. A lexeme has room for 2047 bytes.
CREATE FUNCTION tenant_words(tenant_id bigint, body tsvector) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(array_to_tsvector(array_agg(to_hex($1) || '/' || left(word, 480))), '')
    FROM   unnest(tsvector_to_array($2)) AS word
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- tenant_query is what such an index can answer of a query: the words that must be
-- there. querytree leaves out what is negated, and words side by side become words in
-- the same text. Whoever asks compares the text itself as well.
CREATE FUNCTION tenant_query(tenant_id bigint, query tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(regexp_replace(querytree($2), '<(-|\d+)>', '&', 'g'),
                          '''((?:[^'']|'''')+)''', '''' || to_hex($1) || '/\1''', 'g')::tsquery
$$;
-- +goose StatementEnd

-- The list of what was added lately is read by every search: it is kept short.
CREATE INDEX search_texts_status_words ON search_texts USING gin (tenant_words(tenant_id, body))
    WITH (gin_pending_list_limit = 512) WHERE kind = 'status';
CREATE INDEX search_texts_account_words ON search_texts USING gin (tenant_words(tenant_id, body))
    WITH (gin_pending_list_limit = 512) WHERE kind = 'account';
DROP INDEX search_texts_body;
