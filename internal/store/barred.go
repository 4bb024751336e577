package store

import (
	"context"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// BlockedMail is a mail domain with which nobody registers, those below it included.
type BlockedMail struct {
	Domain    string
	Comment   string
	CreatedAt time.Time
}

// BlockedNetwork is where nobody registers from, or nobody comes in from at all.
type BlockedNetwork struct {
	Network   netip.Prefix
	Severity  string // sign_up_block or no_access
	Comment   string
	CreatedAt time.Time
}

// BarredChanged is the channel on which processes are told that somebody else is barred now.
const BarredChanged = "barred_changed"

const (
	blockedMails   = `SELECT domain, comment, created_at FROM blocked_mail_domains ORDER BY domain`
	putBlockedMail = `
INSERT INTO blocked_mail_domains (domain, comment) VALUES (@domain, @comment)
ON CONFLICT (domain) DO UPDATE SET comment = EXCLUDED.comment`
	deleteBlockedMail = `DELETE FROM blocked_mail_domains WHERE domain = @domain`
	blockedNetworks   = `SELECT network, severity, comment, created_at FROM blocked_networks ORDER BY network`
	putBlockedNetwork = `
INSERT INTO blocked_networks (network, severity, comment) VALUES (@network, @severity, @comment)
ON CONFLICT (network) DO UPDATE SET severity = EXCLUDED.severity, comment = EXCLUDED.comment, updated_at = now()`
	deleteBlockedNetwork = `DELETE FROM blocked_networks WHERE network = @network`
)

// Barred returns all mail domains and networks that are blocked.
func Barred(ctx context.Context, tx *pg.PlatformTx) (mails []*BlockedMail, networks []*BlockedNetwork, err error) {
	b := pg.NewBatch(tx)
	pg.QueueMany(b, blockedMails, nil, &mails)
	pg.QueueMany(b, blockedNetworks, nil, &networks)
	return mails, networks, b.Send(ctx)
}

// PutBlockedMail blocks a mail domain, or gives the block that is there another comment.
func PutBlockedMail(ctx context.Context, tx *pg.PlatformTx, m *BlockedMail) error {
	_, err := pg.Exec(ctx, tx, putBlockedMail, pgx.NamedArgs{"domain": m.Domain, "comment": m.Comment})
	return err
}

// DeleteBlockedMail ends the block of a mail domain, or returns fault.NotFound.
func DeleteBlockedMail(ctx context.Context, tx *pg.PlatformTx, domain string) error {
	n, err := pg.Exec(ctx, tx, deleteBlockedMail, pgx.NamedArgs{"domain": domain})
	return mustTouch(n, err)
}

// PutBlockedNetwork blocks a network, or changes the block that is there.
func PutBlockedNetwork(ctx context.Context, tx *pg.PlatformTx, n *BlockedNetwork) error {
	_, err := pg.Exec(ctx, tx, putBlockedNetwork, pgx.NamedArgs{"network": n.Network, "severity": n.Severity, "comment": n.Comment})
	return err
}

// DeleteBlockedNetwork ends the block of exactly this network, or returns fault.NotFound.
func DeleteBlockedNetwork(ctx context.Context, tx *pg.PlatformTx, network netip.Prefix) error {
	n, err := pg.Exec(ctx, tx, deleteBlockedNetwork, pgx.NamedArgs{"network": network})
	return mustTouch(n, err)
}

// TellBarred has every process read the blocks once the transaction commits.
func TellBarred(ctx context.Context, tx *pg.PlatformTx) error {
	_, err := pg.Exec(ctx, tx, tellServers, pgx.NamedArgs{"channel": BarredChanged, "payload": ""})
	return err
}
