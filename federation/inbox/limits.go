package inbox

import (
	"time"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/limit"
)

// What one server may send to one tenant. It is far above what the largest send; it
// keeps a flood from one place from filling the tables of a tenant. Follows cost an
// answer each, which must not become a burst either.
var (
	perServer = limit.Rule{Name: "inbox", Max: 30_000, Per: 5 * time.Minute}
	follows   = limit.Rule{Name: "inbox_follow", Max: 1_000, Per: 5 * time.Minute}
)

var errTooMany = fault.New(fault.TooMany, "Too many activities from this server.")

// allow counts a verified activity: nobody can use up another server's share.
func (i *Inbox) allow(v *VerifiedActivity) error {
	if i.Limits == nil || i.Limits.IsOff() {
		return nil
	}
	who := v.tenant.ID.String() + " " + vocab.HostOf(v.activity.Actor)
	if !i.Limits.Take(perServer, who).OK {
		return errTooMany
	}
	if v.activity.Type == vocab.TypeFollow && !i.Limits.Take(follows, who).OK {
		return errTooMany
	}
	return nil
}
