-- A large, skewed database for the test of query plans: twenty tenants, of which the
-- first has almost everything. plan.size is the number of its posts. The superuser
-- fills it with foreign keys unchecked, so the rows must fit by construction.
--
-- In the first tenant account 1 (alice) writes much, is followed by many and told of
-- much; 2 (locked) has many requests; 3 (quiet) has nothing. 1001 (the celebrity) is
-- remote and wrote every fifth post. Post 1 has a thread of a twentieth of all posts,
-- the first of them in one long chain; post 100 is popular.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '64MB';

CREATE FUNCTION pg_temp.size() RETURNS bigint STABLE LANGUAGE sql AS $$SELECT current_setting('plan.size')::bigint$$;
-- The n-th post, one every ten seconds.
CREATE FUNCTION pg_temp.sid(n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$SELECT (1760000000000 + n * 10000) << 16$$;
CREATE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS $$SELECT to_timestamp(1760000000 + n * 10)$$;
-- How large a part of the first tenant's numbers another one has.
CREATE FUNCTION pg_temp.part(t bigint, n bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$SELECT CASE WHEN t = 1 THEN n ELSE n / 50 + 1 END$$;
CREATE FUNCTION pg_temp.remotes(t bigint) RETURNS bigint STABLE LANGUAGE sql AS $$SELECT pg_temp.part(t, pg_temp.size() / 5)$$;
CREATE FUNCTION pg_temp.author(t bigint, n bigint) RETURNS bigint STABLE LANGUAGE sql AS $$
SELECT CASE WHEN n % 5 = 0 THEN 1001 WHEN n % 20 = 1 THEN 1 WHEN n % 20 = 2 THEN 4 + (n / 20) % 200 ELSE 1002 + (n * 7919) % (pg_temp.remotes(t) - 1) END$$;

INSERT INTO tenants (id, name, host, handle_domain, scheme)
SELECT t, 'T' || t, 't' || t || '.test', 't' || t || '.test', 'https' FROM generate_series(1, 20) t;

INSERT INTO accounts (tenant_id, id, uri, username, domain, display_name, inbox_url, shared_inbox_url, locked, indexable)
SELECT t, i, 'https://t' || t || '.test/a/' || i, CASE i WHEN 1 THEN 'alice' WHEN 2 THEN 'locked' WHEN 3 THEN 'quiet' ELSE 'local' || i END, '',
       'Local ' || i, '', '', i = 2, i % 3 > 0
FROM   generate_series(1, 20) t, generate_series(1, 300) i;
INSERT INTO accounts (tenant_id, id, uri, username, domain, display_name, inbox_url, shared_inbox_url, indexable)
SELECT t, 1000 + i, 'https://far' || i % 500 || '.test/u/' || i, 'user' || i, 'far' || i % 500 || '.test', 'Alex Number ' || i,
       'https://far' || i % 500 || '.test/u/' || i || '/inbox', 'https://far' || i % 500 || '.test/inbox', i % 3 = 0
FROM   generate_series(1, 20) t, generate_series(1, pg_temp.remotes(t)) i;
INSERT INTO account_stats (tenant_id, account_id, statuses_count, last_status_at) SELECT tenant_id, id, 5, now() FROM accounts;
INSERT INTO account_keys (tenant_id, account_id, kind, public_pem, private_sealed)
SELECT tenant_id, id, k, 'pem', 'x' FROM accounts, unnest(ARRAY['rsa', 'ed25519']) k WHERE domain = '';
INSERT INTO handles (tenant_id, domain, username_lower, username, account_id)
SELECT tenant_id, 't' || tenant_id || '.test', username, username, id FROM accounts WHERE domain = '';

CREATE TEMP TABLE posts AS
SELECT t, n, pg_temp.sid(n) AS id, pg_temp.author(t, n) AS account_id,
       CASE WHEN n % 20 = 3 THEN 'private' WHEN n % 20 = 4 THEN 'direct' WHEN n % 20 BETWEEN 6 AND 7 THEN 'unlisted' ELSE 'public' END AS visibility,
       CASE WHEN n % 7 = 0 AND n > 200 THEN n - 3 END AS boosted,
       CASE WHEN n % 7 = 0 AND n > 200 OR n = 1 THEN NULL
            WHEN n % 4 = 2 AND n <= pg_temp.size() / 5 THEN CASE WHEN n <= 6000 AND n > 2 THEN n - 4 - CASE WHEN (n - 4) % 7 = 0 AND n - 4 > 200 THEN 4 ELSE 0 END
                                                                 WHEN n % 3 = 0 THEN 1 ELSE n - 4000 - CASE WHEN (n - 4000) % 7 = 0 THEN 4 ELSE 0 END END
            WHEN n % 4 = 3 AND n % 7 <> 1 AND n > 20000 THEN n - 1 END AS parent
FROM   generate_series(1, 20) t, generate_series(1, pg_temp.part(t, pg_temp.size())) n
ORDER  BY n, t;
UPDATE posts SET parent = 1 WHERE n = 2 OR parent < 1;

INSERT INTO statuses (tenant_id, id, account_id, uri, url, body, visibility, is_local, in_reply_to_id, in_reply_to_account_id, in_reply_to_uri,
       conversation_id, boost_of_id, tags, created_at)
SELECT t, id, account_id, 'https://t' || t || '.test/s/' || n, 'https://t' || t || '.test/@x/' || n,
       CASE WHEN boosted IS NULL THEN '<p>Some text of common length, which is not quite as long as a post may be, number ' || n || '</p>' ELSE '' END,
       CASE WHEN boosted IS NOT NULL THEN 'public' ELSE visibility END, account_id <= 300, pg_temp.sid(parent), pg_temp.author(t, parent),
       CASE WHEN parent IS NULL THEN '' ELSE 'https://t' || t || '.test/s/' || parent END,
       CASE WHEN parent IS NOT NULL AND n <= 20000 THEN pg_temp.sid(1) ELSE id END, pg_temp.sid(boosted), CASE WHEN n % 5 = 1 THEN '{common}'::text[] ELSE '{}' END, pg_temp.at(n)
FROM   posts;
-- Answers whose parent is not known.
UPDATE statuses SET in_reply_to_uri = 'https://far1.test/lost/' || id % 50, in_reply_to_id = NULL WHERE in_reply_to_id IS NULL AND boost_of_id IS NULL AND (id >> 16) % 970000 = 0;
-- Boosts of the popular post.
INSERT INTO statuses (tenant_id, id, account_id, uri, visibility, conversation_id, boost_of_id, created_at)
SELECT 1, pg_temp.sid(200 + i) + 7, 1000 + i, 'https://far.test/b/' || i, 'public', pg_temp.sid(200 + i) + 7, pg_temp.sid(100), pg_temp.at(200 + i)
FROM   generate_series(1, pg_temp.remotes(1) / 10) i;
INSERT INTO status_stats (tenant_id, status_id, replies_count) SELECT t, id, 1 FROM posts WHERE n % 2 = 0;
INSERT INTO status_edits (tenant_id, id, status_id, body, created_at) SELECT t, id, id, 'before', now() FROM posts WHERE n % 40 = 1;
INSERT INTO status_mentions (tenant_id, status_id, account_id) SELECT t, id, 1 FROM posts WHERE n % 30 IN (4, 9);
INSERT INTO status_mentions (tenant_id, status_id, account_id) SELECT t, id, 1002 + n % 300 FROM posts WHERE n % 10 = 1;
INSERT INTO status_tags (tenant_id, tag, status_id) SELECT t, 'common', id FROM posts WHERE n % 5 = 1;
INSERT INTO status_tags (tenant_id, tag, status_id) SELECT t, 'tag' || n % 2000, id FROM posts WHERE n % 4 = 1;
INSERT INTO media (tenant_id, id, account_id, status_id, kind, key) SELECT t, id, account_id, id, 'image', 'key' || n FROM posts WHERE n % 4 = 1;
INSERT INTO scheduled_statuses (tenant_id, id, account_id, author_id, state, visibility)
SELECT t, id, account_id, 1 + n % 40, 'declined', 'public' FROM posts WHERE account_id <= 300 AND n % 2 = 0;
INSERT INTO desk_threads (tenant_id, account_id, conversation_id, state, from_id, last_incoming_id, last_visibility, last_incoming_at, waiting_since, opened_at, updated_at)
SELECT t, 1, id, CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'waiting' ELSE 'done' END, account_id, id, visibility, pg_temp.at(n),
       CASE n % 3 WHEN 0 THEN pg_temp.at(n) END, pg_temp.at(n), pg_temp.at(n)
FROM   posts WHERE account_id > 1000 AND n % 10 IN (4, 9);
INSERT INTO favourites (tenant_id, id, account_id, status_id, uri)
SELECT 1, pg_temp.sid(i), 1000 + i, pg_temp.sid(100), 'https://far.test/like/' || i FROM generate_series(1, pg_temp.remotes(1) / 2) i;
INSERT INTO favourites (tenant_id, id, account_id, status_id, uri) SELECT t, id + 1, 1, id, 'https://t.test/like/' || n FROM posts WHERE n % 33 = 1;
INSERT INTO favourites (tenant_id, id, account_id, status_id) SELECT t, id + 2, 1002 + (n * 7) % (pg_temp.remotes(t) - 1), id FROM posts WHERE n % 3 = 1 AND n <> 100;
INSERT INTO bookmarks (tenant_id, id, account_id, status_id) SELECT t, id, 1, id FROM posts WHERE n % 50 = 3;
INSERT INTO pins (tenant_id, id, account_id, status_id) SELECT t, id, account_id, id FROM posts WHERE n <= 100;
INSERT INTO conversation_mutes (tenant_id, account_id, conversation_id) SELECT t, 1 + n % 300, id FROM posts WHERE n % 100 = 1;
INSERT INTO idempotency_keys (tenant_id, account_id, key, status_id) SELECT t, 1, 'key' || n, id FROM posts WHERE n % 20 = 1;
INSERT INTO pending_mentions (tenant_id, status_id, handle) SELECT t, id, 'a@b.test' FROM posts WHERE n % 500 = 1;

INSERT INTO follows (tenant_id, id, account_id, target_id, uri, state)
SELECT t, pg_temp.sid(i), 1000 + i, 1, 'https://far.test/f/' || i, 'accepted' FROM generate_series(1, 20) t, generate_series(1, pg_temp.remotes(t) / 2) i;
INSERT INTO follows (tenant_id, id, account_id, target_id, uri, state)
SELECT t, pg_temp.sid(i) + 1, 1000 + i, 2, 'https://far.test/r/' || i, CASE WHEN i % 4 = 0 THEN 'pending' ELSE 'accepted' END
FROM   generate_series(1, 20) t, generate_series(1, pg_temp.remotes(t) / 4) i;
INSERT INTO follows (tenant_id, id, account_id, target_id, uri, state, notify)
SELECT t, pg_temp.sid(i) + 10 * o, o, 1000 + i, 'https://t.test/f/' || o || '/' || i, 'accepted', o % 50 = 5
FROM   generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 100)) o, generate_series(1, pg_temp.part(t, 100)) i WHERE o <> 3;
INSERT INTO follows (tenant_id, id, account_id, target_id, uri, state)
SELECT 1, pg_temp.sid(i) + 3, 1, 1000 + i, 'https://t.test/f/x' || i, 'accepted' FROM generate_series(101, 1500) i;
INSERT INTO blocks (tenant_id, id, account_id, target_id, uri)
SELECT t, pg_temp.sid(i), 1, 1000 + i, 'https://t.test/b/' || i FROM generate_series(1, 20) t, generate_series(pg_temp.remotes(t) * 3 / 4, pg_temp.remotes(t) - 2) i;
INSERT INTO blocks (tenant_id, id, account_id, target_id) SELECT t, pg_temp.sid(i) + 1, 1000 + i, 4 + i % 200 FROM generate_series(1, 20) t, generate_series(2, pg_temp.remotes(t)) i;
INSERT INTO mutes (tenant_id, id, account_id, target_id)
SELECT t, pg_temp.sid(i), 1, 1000 + i FROM generate_series(1, 20) t, generate_series(pg_temp.remotes(t) * 2 / 3, pg_temp.remotes(t) * 3 / 4) i;
INSERT INTO mutes (tenant_id, id, account_id, target_id) SELECT t, pg_temp.sid(i) + 1, 4 + i % 200, 1000 + i FROM generate_series(1, 20) t, generate_series(2, pg_temp.remotes(t)) i;
-- Of the domains that alice blocks one is known; very many are not.
INSERT INTO domain_blocks (tenant_id, id, account_id, domain)
SELECT t, pg_temp.sid(i), 1, CASE i WHEN 1 THEN 'far499.test' ELSE 'bad' || i || '.test' END FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 5000)) i;
INSERT INTO account_notes (tenant_id, account_id, target_id, note) SELECT 1, 1 + i % 300, 1000 + i, 'note' FROM generate_series(1, pg_temp.remotes(1)) i;
INSERT INTO followed_tags (tenant_id, id, account_id, tag) SELECT t, o * 1000 + i, o, 'tag' || (o + i) FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 300)) o, generate_series(1, 5) i;

INSERT INTO timeline_entries (tenant_id, owner_id, status_id)
SELECT t, o, pg_temp.sid(n) FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 60)) o, generate_series(pg_temp.part(t, pg_temp.size()) - pg_temp.part(t, 350), pg_temp.part(t, pg_temp.size())) n;

INSERT INTO notifications (tenant_id, id, account_id, from_id, type, status_id, group_key, created_at)
SELECT 1, pg_temp.sid(i), 1, 1000 + i, 'favourite', pg_temp.sid(100), 'favourite-popular', pg_temp.at(i) FROM generate_series(1, pg_temp.remotes(1)) i;
INSERT INTO notifications (tenant_id, id, account_id, from_id, type, status_id, group_key, created_at)
SELECT t, id + 1, 1, 1001 + n % 200, 'mention', id, 'ungrouped-' || id, pg_temp.at(n) FROM posts WHERE n % 10 = 1;
INSERT INTO notifications (tenant_id, id, account_id, from_id, type, status_id, group_key, created_at)
SELECT t, id + 2, 4 + n % 200, 1001 + n % 200, 'favourite', id, 'favourite-' || n / 8, pg_temp.at(n) FROM posts WHERE n % 4 = 2;
INSERT INTO markers (tenant_id, account_id, timeline, last_read_id)
SELECT t, o, k, pg_temp.sid(pg_temp.part(t, pg_temp.size()) - 500) FROM generate_series(1, 20) t, generate_series(2, pg_temp.part(t, 300)) o, unnest(ARRAY['home', 'notifications']) k;

INSERT INTO persons (id, email) SELECT i, 'p' || i || '@t.test' FROM generate_series(1, 2000) i;
INSERT INTO memberships (tenant_id, person_id, role) SELECT t, i, 'member' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 2000)) i;
INSERT INTO operators (tenant_id, account_id, person_id, role) SELECT t, a, p, 'owner' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 2000)) i, LATERAL (SELECT 1 + i % 300 AS a, i AS p) AS x;
INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, redirect_uris, scopes)
SELECT t, i, 'client' || i, 's', 'App', '{}', '{read}' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 3000)) i;
INSERT INTO tokens (tenant_id, id, token_hash, app_id, person_id, account_id, scopes)
SELECT t, i, ('token' || i)::bytea, 1 + i % 40, 1 + i % 2000, 1 + (1 + i % 2000) % 300, '{read}' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 10000)) i;
INSERT INTO sessions (tenant_id, id_hash, person_id, expires_at)
SELECT t, ('session' || i)::bytea, 1 + i % pg_temp.part(t, 2000), now() + interval '1 day' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 10000)) i;
INSERT INTO oauth_codes (tenant_id, code_hash, app_id, person_id, account_id, redirect_uri, scopes, expires_at)
SELECT t, ('code' || i)::bytea, 1 + i % 40, 1 + i % 40, 2 + i % 40, 'x', '{read}', now() FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 3000)) i;
INSERT INTO blobs (tenant_id, sha256, mime, bytes) SELECT t, ('blob' || i)::bytea, 'image/png', 'x' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 3000)) i;
INSERT INTO files (tenant_id, key, rendition, sha256)
SELECT t, 'key' || i, r, ('blob' || i)::bytea FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 3000)) i, unnest(ARRAY['original', 'small']) r;

INSERT INTO tombstones (tenant_id, uri) SELECT t, 'https://gone.test/' || i FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, pg_temp.size() / 5)) i;
INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at)
SELECT t, id, id::text::bytea, 'https://far.test/u/' || n % 500, 'x', CASE WHEN n % 200 = 0 THEN 'pending' ELSE 'applied' END, now() FROM posts WHERE n % 4 = 0;
INSERT INTO events (tenant_id, id, kind, account_id) SELECT t, id, 'status_created', 1 FROM posts WHERE n % 20 = 1;
INSERT INTO activities (tenant_id, id, uri, account_id, event_id, status_id, body)
SELECT t, id, 'https://t.test/act/' || n, 1, id, id, 'x' FROM posts WHERE n % 20 = 1;
INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state)
SELECT t, id, i, 'https://far' || i || '.test/inbox', 'far' || i || '.test', CASE WHEN n > pg_temp.size() - 100 THEN 'waiting' ELSE 'done' END
FROM   posts, generate_series(1, 10) i WHERE n % 20 = 1;
INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state, attempts)
SELECT 1, pg_temp.sid(21), i, 'https://far' || i || '.test/inbox', 'far' || i || '.test', CASE WHEN i % 100 = 0 THEN 'waiting' ELSE 'done' END, 1 FROM generate_series(11, pg_temp.remotes(1)) i;
-- The Create of an old post with very many inboxes, and two years of days.
UPDATE activities SET uri = 'https://t.test/ap/activities/' || status_id WHERE id % 3 = 0 OR (tenant_id = 1 AND id = pg_temp.sid(21));
INSERT INTO status_reach (tenant_id, status_id, reached) SELECT t, id, 9 FROM posts WHERE n % 20 = 1;
INSERT INTO account_days (tenant_id, account_id, day, followers)
SELECT t, o, date '2025-01-01' + i, i FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 300)) o, generate_series(1, 730) i;
UPDATE desk_threads SET first_answer_at = opened_at + interval '1 hour' WHERE conversation_id % 2 = 0;
INSERT INTO remote_keys (key_id, owner_uri, fetched_at) SELECT 'https://far.test/u/' || i || '#main-key', 'https://far.test/u/' || i, now() FROM generate_series(1, pg_temp.remotes(1)) i;
INSERT INTO peer_hosts (host) SELECT 'far' || i || '.test' FROM generate_series(1, 5000) i;

-- Rules about servers as an imported list has them, an allow-list, and notes of the team.
INSERT INTO server_policies (tenant_id) SELECT t FROM generate_series(1, 20) t;
INSERT INTO server_rules (tenant_id, domain, severity) SELECT t, 'bad' || i || '.test', CASE WHEN i % 3 = 0 THEN 'noop' ELSE 'suspend' END FROM generate_series(1, 20) t, generate_series(1, CASE t WHEN 1 THEN 5000 ELSE 1500 END) i;
INSERT INTO server_allows (tenant_id, domain) SELECT t, 'good' || i || '.test' FROM generate_series(1, 20) t, generate_series(1, pg_temp.part(t, 5000)) i;
INSERT INTO desk_notes (tenant_id, id, account_id, conversation_id, person_id, text, created_at)
SELECT tenant_id, conversation_id + 1, account_id, conversation_id, 1, 'note', opened_at FROM desk_threads;

INSERT INTO search_texts (tenant_id, kind, ref_id, body)
SELECT t, 'status', id, to_tsvector('simple', CASE WHEN n % 5 < 3 THEN 'common ' ELSE 'other ' END || 'word' || n % 5000 || ' w' || (n * 13) % 20000 || ' rare' || n)
FROM   posts WHERE boosted IS NULL AND visibility IN ('public', 'unlisted');
INSERT INTO search_texts (tenant_id, kind, ref_id, name, body)
SELECT tenant_id, 'account', id, username || CASE WHEN domain = '' THEN '' ELSE '@' || domain END,
       to_tsvector('simple', username || ' ' || replace(domain, '.', ' ') || ' ' || display_name) FROM accounts;
INSERT INTO search_texts (tenant_id, kind, ref_id, name) SELECT t, 'tag', 0, 'tag' || i FROM generate_series(1, 20) t, generate_series(0, pg_temp.part(t, 5000)) i;
INSERT INTO search_texts (tenant_id, kind, ref_id, name) SELECT t, 'tag', 0, 'common' FROM generate_series(1, 20) t;

-- A long trail in which the staff are named now and then.
INSERT INTO audit_entries (tenant_id, seq, at, actor_kind, actor_id, action, target, body, hash)
SELECT t, i, now() - i * interval '1 minute', CASE WHEN i % 200 = 0 THEN 'staff' ELSE 'person' END, 1, 'post.approve', 'status:1', '{}', 'x'
FROM   generate_series(1, 20) t, generate_series(1, pg_temp.part(t, pg_temp.size())) i;

RESET session_replication_role;
