package jobs

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// QueueDomains is for looks at names and orders of certificates: slow, few, and none may
// hold up deliveries.
const QueueDomains = "domains"

// onceAtATime: a second job is dropped while one waits or runs. One that has ended does not
// count, as it does by default for as long as its row is kept: then a name would be looked
// at every ten minutes at most.
var onceAtATime = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}}

// DomainSweep finds the names whose next look is due.
type DomainSweep struct{}

// Kind implements river.JobArgs.
func (DomainSweep) Kind() string { return "domain_sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DomainSweep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDomains, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// DomainCheck looks at one claim on a name.
type DomainCheck struct {
	DomainID int64 `json:"domain_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (DomainCheck) Kind() string { return "domain_check" }

// InsertOpts implements river.JobArgsWithInsertOpts: the sweep asks again, so one try is enough.
func (DomainCheck) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDomains, MaxAttempts: 2, UniqueOpts: onceAtATime}
}

// CertificateOrder gets the first certificate of a name, or the next one.
type CertificateOrder struct {
	Name string `json:"name" river:"unique"`
}

// Kind implements river.JobArgs.
func (CertificateOrder) Kind() string { return "certificate_order" }

// InsertOpts implements river.JobArgsWithInsertOpts. What the authority refuses is no error:
// other attempts are for processes that die, and for a database that is away. An authority
// may let each order wait for minutes, so looks at names go before those that wait.
func (CertificateOrder) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDomains, Priority: river.PriorityDefault + 1, MaxAttempts: 5, UniqueOpts: onceAtATime}
}

// CertificateSweep finds certificates that are due for renewal.
type CertificateSweep struct{}

// Kind implements river.JobArgs.
func (CertificateSweep) Kind() string { return "certificate_sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (CertificateSweep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDomains, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// TenantGoLive gives a tenant its lasting addresses once all names it waits for work.
type TenantGoLive struct {
	Scoped
}

// Kind implements river.JobArgs.
func (TenantGoLive) Kind() string { return "tenant_go_live" }

// InsertOpts implements river.JobArgsWithInsertOpts. Each counts: one that is asked for while
// another runs has something to do that the other did not see.
func (TenantGoLive) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDomains, MaxAttempts: 12}
}

// SendMail sends one stored mail.
type SendMail struct {
	MailID int64 `json:"mail_id" river:"unique"`
}

// QueueMail is for mails.
const QueueMail = "mail"

// Kind implements river.JobArgs.
func (SendMail) Kind() string { return "mail_send" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (SendMail) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMail, MaxAttempts: 15, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: 24 * time.Hour}}
}
