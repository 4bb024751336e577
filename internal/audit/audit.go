// Package audit records who did what, so that it can be read, exported and proven later.
//
// Whatever changes a tenant's set-up, people, names, accounts or money appends an entry in
// the same transaction: the act and its record are there together or not at all. Entries
// form one chain a tenant, each hash covering the one before; the database refuses to
// change or delete them, and Verify finds out where somebody got around that. Details
// must not hold secrets, passwords or the text of posts.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Kind says what kind of actor did something.
type Kind string

// The kinds of actors.
const (
	Person   Kind = "person"   // somebody signed in
	Operator Kind = "operator" // the platform's command line
	Staff    Kind = "staff"
	API      Kind = "api"
	System   Kind = "system" // a clock, a check, a job
)

// Platform is whose chain acts belong to that concern no tenant.
const Platform tenant.ID = 0

// Actor is who did it.
type Actor struct {
	Kind    Kind   `json:"kind"`
	ID      int64  `json:"id,string,omitempty"`
	Name    string `json:"name,omitempty"`    // as it was then: people are renamed and leave
	Address string `json:"address,omitempty"` // the client's
}

// ByOperator is whoever sits before the command line.
func ByOperator() Actor { return Actor{Kind: Operator} }

// BySystem is a part of the platform itself.
func BySystem(part string) Actor { return Actor{Kind: System, Name: part} }

// Entry is one act.
type Entry struct {
	At     time.Time         `json:"at"` // zero: now
	Actor  Actor             `json:"actor"`
	Action string            `json:"action"` // "domain.claim": what was acted on, what was done
	Target string            `json:"target,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
}

// Append records an act in the scope's own transaction.
func Append(ctx context.Context, scope *pg.Scope, e Entry) error {
	row, err := e.row()
	if err != nil {
		return err
	}
	return failed(e, store.AppendAudit(ctx, scope, row))
}

// AppendFor records an act of the platform on a tenant, or with Platform on itself.
func AppendFor(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, e Entry) error {
	row, err := e.row()
	if err != nil {
		return err
	}
	return failed(e, store.AppendAuditOf(ctx, tx, of, row))
}

func failed(e Entry, err error) error {
	if err != nil {
		return fmt.Errorf("record %s in the audit log: %w", e.Action, err)
	}
	return nil
}

// row fixes the bytes that are hashed. encoding/json writes struct fields in their order
// and map keys sorted, so equal entries have equal bytes.
func (e Entry) row() (*store.AuditEntry, error) {
	if e.Action == "" || e.Actor.Kind == "" {
		return nil, fmt.Errorf("an audit entry needs an actor and an action: %+v", e)
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.UTC().Truncate(time.Microsecond) // what the database keeps
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write the audit entry %s: %w", e.Action, err)
	}
	return &store.AuditEntry{
		At: e.At, ActorKind: string(e.Actor.Kind), ActorID: e.Actor.ID, Action: e.Action, Target: e.Target, Body: body,
	}, nil
}
