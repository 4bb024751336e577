package store

import (
	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Times are when something came here: what another server says of its clock must not make
// a thread look answered before it was opened. Rows are taken in the order of their key,
// so that two who store messages at once cannot wait for each other.
const openDesk = `
INSERT INTO desk_threads AS d (tenant_id, account_id, conversation_id, state, from_id, last_incoming_id, last_visibility,
       last_incoming_at, waiting_since, opened_at, updated_at)
SELECT DISTINCT ON (n.account_id, s.conversation_id)
       @tenant_id, n.account_id, s.conversation_id, 'open', s.account_id, s.id, s.visibility, now(), now(), now(), now()
FROM   unnest(@accounts::bigint[], @statuses::bigint[]) WITH ORDINALITY AS n (account_id, status_id, place)
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = n.status_id LIMIT 1) AS s
ORDER  BY n.account_id, s.conversation_id, n.place DESC
ON CONFLICT (tenant_id, account_id, conversation_id) DO UPDATE SET
       state = 'open', from_id = EXCLUDED.from_id, last_incoming_id = EXCLUDED.last_incoming_id, last_visibility = EXCLUDED.last_visibility,
       last_incoming_at = EXCLUDED.last_incoming_at, waiting_since = COALESCE(d.waiting_since, EXCLUDED.waiting_since), updated_at = EXCLUDED.updated_at`

// QueueDeskMentions opens or reopens the threads of accounts that were told of a mention.
// Without one there is no statement.
func QueueDeskMentions(b *pg.Batch, told []*social.Notification) {
	var accounts []social.AccountID
	var statuses []social.StatusID
	for _, n := range told {
		if n.Type == social.NotifyMention && n.StatusID != 0 {
			accounts, statuses = append(accounts, n.AccountID), append(statuses, n.StatusID)
		}
	}
	if len(accounts) > 0 {
		b.Exec(openDesk, pgx.NamedArgs{"accounts": numbers(accounts), "statuses": numbers(statuses)})
	}
}

const answerDesk = `
UPDATE desk_threads d SET
       state = 'waiting', waiting_since = NULL, last_answer_id = n.id, last_answer_at = now(), seen_id = d.last_incoming_id, updated_at = now(),
       answered_by = CASE WHEN d.first_answer_at IS NULL THEN n.author_id ELSE d.answered_by END,
       first_answer_at = COALESCE(d.first_answer_at, now()),
       writing_by = CASE WHEN d.writing_by = n.author_id THEN 0 ELSE d.writing_by END,
       assignee_id = COALESCE(d.assignee_id, (SELECT o.person_id FROM operators o
              WHERE o.tenant_id = @tenant_id AND o.account_id = d.account_id AND o.person_id = n.author_id))
FROM   (SELECT DISTINCT ON (s.account_id, s.conversation_id) s.account_id, s.conversation_id, s.id, s.author_id
        FROM   unnest(@ids::bigint[]) AS given (id)
        CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = given.id LIMIT 1) AS s
        ORDER  BY s.account_id, s.conversation_id, s.id DESC) AS n
WHERE  d.tenant_id = @tenant_id AND d.account_id = n.account_id AND d.conversation_id = n.conversation_id`

// QueueDeskAnswers notes that accounts have spoken in their threads, from whichever app:
// posts are local ones that answer something. Whoever answers a thread that nobody has, has it.
func QueueDeskAnswers(b *pg.Batch, posts []social.StatusID) {
	if len(posts) > 0 {
		b.Exec(answerDesk, pgx.NamedArgs{"ids": numbers(posts)})
	}
}

// Threads of conversations that turn out to be one become one: what waits keeps waiting
// since it first did, and the latest message is the latest of all.
const (
	deskPairs = `
WITH pairs AS (SELECT DISTINCT old_id, new_id FROM unnest(@old_ids::bigint[], @new_ids::bigint[]) AS n (old_id, new_id) WHERE old_id <> new_id)`

	joinDeskThreads = deskPairs + `, parts AS (
    SELECT p.new_id, true AS moves, d.* FROM pairs p JOIN desk_threads d ON d.tenant_id = @tenant_id AND d.conversation_id = p.old_id
  UNION ALL
    SELECT d.conversation_id, false, d.* FROM desk_threads d WHERE d.tenant_id = @tenant_id AND d.conversation_id IN (SELECT new_id FROM pairs)
)
INSERT INTO desk_threads (tenant_id, account_id, conversation_id, state, waiting_since, from_id, last_incoming_id, last_visibility, last_incoming_at,
       opened_at, first_answer_at, answered_by, last_answer_id, last_answer_at, seen_id, assignee_id, updated_at)
SELECT @tenant_id, account_id, new_id,
       CASE WHEN bool_or(state = 'open') THEN 'open' WHEN bool_or(state = 'waiting') THEN 'waiting' ELSE 'done' END, min(waiting_since),
       (array_agg(from_id ORDER BY last_incoming_at DESC))[1], (array_agg(last_incoming_id ORDER BY last_incoming_at DESC))[1],
       (array_agg(last_visibility ORDER BY last_incoming_at DESC))[1], max(last_incoming_at),
       min(opened_at), min(first_answer_at), (array_agg(answered_by ORDER BY first_answer_at NULLS LAST))[1],
       (array_agg(last_answer_id ORDER BY last_answer_at DESC NULLS LAST))[1], max(last_answer_at),
       (array_agg(seen_id ORDER BY last_incoming_at DESC))[1],
       (array_agg(assignee_id ORDER BY updated_at DESC) FILTER (WHERE assignee_id IS NOT NULL))[1], max(updated_at)
FROM   parts
GROUP  BY account_id, new_id
HAVING bool_or(moves)
ORDER  BY account_id, new_id
ON CONFLICT (tenant_id, account_id, conversation_id) DO UPDATE SET
       state = EXCLUDED.state, waiting_since = EXCLUDED.waiting_since, from_id = EXCLUDED.from_id, last_incoming_id = EXCLUDED.last_incoming_id,
       last_visibility = EXCLUDED.last_visibility, last_incoming_at = EXCLUDED.last_incoming_at, opened_at = EXCLUDED.opened_at,
       first_answer_at = EXCLUDED.first_answer_at, answered_by = EXCLUDED.answered_by, last_answer_id = EXCLUDED.last_answer_id,
       last_answer_at = EXCLUDED.last_answer_at, seen_id = EXCLUDED.seen_id, assignee_id = EXCLUDED.assignee_id, updated_at = EXCLUDED.updated_at`

	joinDeskNotes = deskPairs + `
UPDATE desk_notes n SET conversation_id = p.new_id
FROM   pairs p JOIN desk_threads d ON d.tenant_id = @tenant_id AND d.conversation_id = p.old_id
WHERE  n.tenant_id = @tenant_id AND n.account_id = d.account_id AND n.conversation_id = p.old_id`

	dropJoinedDesk = deskPairs + `
DELETE FROM desk_threads d USING pairs p WHERE d.tenant_id = @tenant_id AND d.conversation_id = p.old_id`
)

// queueDeskJoins moves threads with the conversations that QueueAdoptions joins.
func queueDeskJoins(b *pg.Batch, conversations pgx.NamedArgs) {
	b.Exec(joinDeskThreads, conversations)
	b.Exec(joinDeskNotes, conversations)
	b.Exec(dropJoinedDesk, conversations)
}
