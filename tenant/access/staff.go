package access

import (
	"context"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/people"
)

// StaffRole is what one of those who run the platform does.
type StaffRole string

// The roles.
const (
	StaffAdmin   StaffRole = "admin"
	StaffSupport StaffRole = "support"
	StaffBilling StaffRole = "billing"
)

// Valid reports whether a role is one of those above.
func (r StaffRole) Valid() bool { return staffDeeds[r] != nil }

// StaffDeed is something that staff do on pages of their own.
type StaffDeed string

// The deeds that roles differ in.
const (
	SeeTenants     StaffDeed = "see tenants"     // what they have, how they stand, what waits for a decision
	ReadCustomers  StaffDeed = "read customers"  // have one read again at the payment provider
	SeeMoney       StaffDeed = "see money"       // revenue, events, what differs from the provider
	DecideStanding StaffDeed = "decide standing" // overrides of what a tenant may do
	SettleMatters  StaffDeed = "settle matters"  // what only a person can decide
	ReplayEvents   StaffDeed = "replay events"   //
	WorkQueues     StaffDeed = "work the queues" // retry, cancel, delete jobs
)

// staffDeeds is the matrix of the staff's pages.
var staffDeeds = map[StaffRole]map[StaffDeed]bool{
	StaffAdmin: {
		SeeTenants: true, ReadCustomers: true, SeeMoney: true, DecideStanding: true, SettleMatters: true, ReplayEvents: true, WorkQueues: true,
	},
	StaffBilling: {SeeTenants: true, ReadCustomers: true, SeeMoney: true, DecideStanding: true, SettleMatters: true, ReplayEvents: true},
	StaffSupport: {SeeTenants: true, ReadCustomers: true},
}

var (
	errStaffDeed = fault.New(fault.Forbidden, "Your role among the staff does not include this.")
	errStaffRole = fault.New(fault.Invalid, "A role among the staff is admin, support or billing.")
	errNotStaff  = fault.New(fault.NotFound, "This person is not one of the staff. `rookery staff list` shows who is.")
)

// StaffMay says whether a role allows a deed: nil, or fault.Forbidden.
func StaffMay(r StaffRole, d StaffDeed) error {
	if staffDeeds[r][d] {
		return nil
	}
	return errStaffDeed
}

// AddStaff makes a person one of the staff, or gives one another role.
func (j *Judge) AddStaff(ctx context.Context, person social.PersonID, role StaffRole, who audit.Actor) error {
	if !role.Valid() {
		return errStaffRole
	}
	err := j.db.Platform(ctx, "add somebody to the staff", func(tx *pg.PlatformTx) error {
		before, err := store.LockStaff(ctx, tx, person)
		if err != nil && !fault.IsNotFound(err) {
			return err
		}
		detail := map[string]string{"role": string(role)}
		if err == nil && before.EndedAt == nil {
			if before.Role == string(role) {
				return nil
			}
			detail["from"] = before.Role
		}
		if err := store.PutStaff(ctx, tx, person, string(role)); err != nil {
			return err
		}
		return staffAct(ctx, tx, "staff.add", person, who, detail)
	})
	if err != nil {
		return fmt.Errorf("add person %d to the staff: %w", person, err)
	}
	return nil
}

// RemoveStaff takes a person from the staff and ends their sessions there, at once.
func (j *Judge) RemoveStaff(ctx context.Context, person social.PersonID, who audit.Actor) error {
	err := j.db.Platform(ctx, "remove somebody from the staff", func(tx *pg.PlatformTx) error {
		if err := store.EndStaff(ctx, tx, person); err != nil {
			return err
		}
		return staffAct(ctx, tx, "staff.remove", person, who, nil)
	})
	if fault.IsNotFound(err) {
		return errNotStaff
	}
	if err != nil {
		return fmt.Errorf("remove person %d from the staff: %w", person, err)
	}
	return nil
}

// IsStaff reports whether a person is one of the staff.
func (j *Judge) IsStaff(ctx context.Context, person social.PersonID) (is bool, err error) {
	err = j.db.Platform(ctx, "see whether somebody is staff", func(tx *pg.PlatformTx) (err error) {
		is, err = store.IsStaff(ctx, tx, person)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("see whether person %d is staff: %w", person, err)
	}
	return is, nil
}

const mostStaff = 1000

// Staff lists the staff by mail address.
func (j *Judge) Staff(ctx context.Context) (out []*store.StaffMember, err error) {
	err = j.db.Platform(ctx, "list the staff", func(tx *pg.PlatformTx) (err error) {
		out, err = store.StaffMembers(ctx, tx, mostStaff)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the staff: %w", err)
	}
	return out, nil
}

func staffAct(ctx context.Context, tx *pg.PlatformTx, action string, person social.PersonID, who audit.Actor, detail map[string]string) error {
	return audit.AppendFor(ctx, tx, audit.Platform, audit.Entry{Actor: who, Action: action, Target: people.Target(person), Detail: detail})
}
