-- What the room of insights shows that nothing else remembers: a day of an account in
-- numbers, and how far a post came after its deliveries are cleaned up.

-- +goose Up
-- Days are those of UTC. Counted is what still stood in the night after.
CREATE TABLE account_days (
    tenant_id  bigint NOT NULL,
    account_id bigint NOT NULL,
    day        date NOT NULL,
    followers  bigint NOT NULL DEFAULT 0, -- at the end of the day
    gained     bigint NOT NULL DEFAULT 0, -- followers of this day; who left is the rest of the change
    posts      bigint NOT NULL DEFAULT 0,
    replies    bigint NOT NULL DEFAULT 0, -- of others, in public, to whatever the account wrote
    boosts     bigint NOT NULL DEFAULT 0,
    favourites bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, account_id, day),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX account_days_age ON account_days (day);

-- The deliveries of a post that are gone, by how they ended.
CREATE TABLE status_reach (
    tenant_id bigint NOT NULL,
    status_id bigint NOT NULL,
    reached   bigint NOT NULL DEFAULT 0,
    failed    bigint NOT NULL DEFAULT 0, -- given up, or never tried to the end
    PRIMARY KEY (tenant_id, status_id),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id) ON DELETE CASCADE
);

SELECT isolate('account_days'), isolate('status_reach');
