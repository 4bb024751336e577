package domains_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"rookery/tenant"
	"rookery/tenant/domains"
)

// fill gives a trial some years of life: posts with links and handles of its own, likes,
// events and activities.
func (tr *trial) fill(t *testing.T, posts int) {
	t.Helper()
	of, alice, home := int64(tr.home.Tenant.ID), int64(tr.home.Account.ID), tr.home.Tenant.URL("/")
	tr.super(t, `INSERT INTO statuses (tenant_id, id, account_id, uri, url, body, source, visibility, is_local, conversation_id, created_at)
SELECT $1, n, $2, $3 || 'ap/objects/' || n, $3 || '@alice/' || n,
       '<p>' || repeat('Some words that people write each day. ', 8) || CASE n % 5 WHEN 0 THEN '<a href="' || $3 || '@alice/' || n - 1 || '">' || $3 || '</a>' ELSE '' END || '</p>',
       repeat('Some words that people write each day. ', 8) || CASE n % 5 WHEN 0 THEN $3 || '@alice/' || n - 1 WHEN 1 THEN '@bob@`+trialHost+`' ELSE '' END,
       'public', true, n, now()
FROM   generate_series(1000, 999 + $4::int) n`, of, alice, home, posts)
	tr.super(t, `INSERT INTO favourites (tenant_id, id, account_id, status_id, uri) SELECT $1, n, $2, n, $3 || 'ap/likes/' || n FROM generate_series(1000, 999 + $4::int) n`, of, alice, home, posts)
	tr.super(t, `INSERT INTO events (tenant_id, id, kind, account_id, status_id, object_uri) SELECT $1, n, 'post', $2, n, $3 || 'ap/objects/' || n FROM generate_series(1000, 999 + $4::int) n`, of, alice, home, posts)
	tr.super(t, `INSERT INTO activities (tenant_id, id, uri, account_id, status_id, body)
SELECT $1, n, $3 || 'ap/activities/' || n, $2, n, convert_to('{"id":"' || $3 || 'ap/activities/' || n || '","object":"' || $3 || 'ap/objects/' || n || '","x":"' || repeat('words ', 60) || '"}', 'UTF8')
FROM   generate_series(1000, 999 + $4::int) n`, of, alice, home, posts)
}

// A trial of years goes live in time, too. ROOKERY_LARGE_TRIAL says how many posts it has;
// the job's time is for 200,000 with room to spare on a slow machine.
func TestALargeTrialGoesLive(t *testing.T) {
	t.Parallel()
	posts, err := strconv.Atoi(os.Getenv("ROOKERY_LARGE_TRIAL"))
	if err != nil {
		posts = 500
	}
	tr := newTrial(t)
	tr.fill(t, posts)
	claims := claim(t, tr.Service, tr.home.Tenant.ID, domains.Wish{Mode: tenant.SplitDomain, Name: ownHandle})
	for i, kind := range []tenant.CheckKind{tenant.CheckRouting, tenant.CheckWebFinger} {
		tr.see(t, claims[i].ID, well(tenant.CheckOwnership))
		tr.see(t, claims[i].ID, well(kind))
	}
	began := time.Now()
	do(t, tr.GoLive(t.Context(), tr.home.Tenant.ID))
	t.Logf("%d posts went live in %v", posts, time.Since(began))
	tr.expectMoved(t)
}
