-- What the planner is to believe of tables in which a few own very many rows.

-- +goose Up
-- Plans are kept for any argument, and the average account follows few: for it a walk
-- over all its follows costs no more than one look-up in the longer unique index, for
-- somebody with ten thousand it costs seconds. So each value is said to occur 500 times.
ALTER TABLE follows ALTER COLUMN account_id SET (n_distinct = -0.002), ALTER COLUMN target_id SET (n_distinct = -0.002);
ALTER TABLE blocks ALTER COLUMN account_id SET (n_distinct = -0.002), ALTER COLUMN target_id SET (n_distinct = -0.002);
ALTER TABLE mutes ALTER COLUMN account_id SET (n_distinct = -0.002), ALTER COLUMN target_id SET (n_distinct = -0.002);
ALTER TABLE account_notes ALTER COLUMN account_id SET (n_distinct = -0.002), ALTER COLUMN target_id SET (n_distinct = -0.002);
ALTER TABLE favourites ALTER COLUMN account_id SET (n_distinct = -0.002), ALTER COLUMN status_id SET (n_distinct = -0.002);
ALTER TABLE bookmarks ALTER COLUMN account_id SET (n_distinct = -0.002);
ALTER TABLE status_tags ALTER COLUMN tag SET (n_distinct = -0.002);
ALTER TABLE status_mentions ALTER COLUMN account_id SET (n_distinct = -0.002);

-- Lists of one's own likes and bookmarks, in the order in which they came about.
CREATE INDEX favourites_account ON favourites (tenant_id, account_id, id DESC);
CREATE INDEX bookmarks_account ON bookmarks (tenant_id, account_id, id DESC);
