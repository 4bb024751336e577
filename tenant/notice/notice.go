// Package notice tells the people of a tenant what they must know: by mail, once an event.
//
// Rules that find something out (a domain is live, a plan ends) queue a notice in their own
// transaction; a job sends it. The words are templates of internal/mail. It must not
// decide whether something is worth telling, nor mail anybody but the tenant's own people.
package notice

import (
	"context"
	"fmt"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Notice is one event that people are told about.
type Notice struct {
	// Key names the event: a second notice with the same key is dropped, so whoever checks
	// something each hour may queue what it finds each hour.
	Key      string
	Template string
	Data     map[string]string
	To       []string // roles; nil: owners and admins
}

// told are the roles of people whom the platform writes to.
var told = []string{"owner", "admin"}

// Queue stores a mail to each person of a tenant with one of the notice's roles, with the job that sends it. It
// belongs to the transaction of what it tells.
func Queue(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, n Notice) error {
	roles := n.To
	if roles == nil {
		roles = told
	}
	people, err := store.PeopleOf(ctx, tx, of, roles)
	if err != nil {
		return fmt.Errorf("find whom to tell %s: %w", n.Key, err)
	}
	for _, p := range people {
		if err := QueueTo(ctx, tx, of, p.Email, p.Locale, n); err != nil {
			return err
		}
	}
	return nil
}

// QueueTo is Queue for one address: an invitation, instructions for somebody's IT.
func QueueTo(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, email, locale string, n Notice) error {
	id, err := store.AddMail(ctx, tx, &store.Mail{
		TenantID: of, Key: n.Key, Recipient: email, Locale: locale, Template: n.Template, Data: n.Data,
	})
	if err != nil {
		return fmt.Errorf("store the mail %s: %w", n.Key, err)
	}
	if id == 0 {
		return nil // told already
	}
	return tx.Enqueue(ctx, jobs.SendMail{MailID: id})
}
