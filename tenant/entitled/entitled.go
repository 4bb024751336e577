// Package entitled says no, in words, where a tenant's entitlement does not reach: too many
// accounts, a feature of a larger plan, nothing new because a payment is missing.
//
// Whoever is about to do something asks here, at the place where it is done and not in front
// of it, so that apps, pages, jobs and commands meet the same answer. Where nothing is
// charged the entitlement is the zero one, and every answer is yes. It must not ask a
// database: what is there is for the caller to count.
package entitled

import (
	"errors"
	"slices"

	"rookery/internal/fault"
	"rookery/tenant"
)

// What people read. They are employees and followers as often as whoever pays: the reason
// stands in the console alone.
var (
	errReadOnly = fault.New(fault.Forbidden, "Nothing new can be published here at the moment: this organisation's account is read-only. What is there stays. Its owners find the reason in the console, under Plan and billing.")
	errPaused   = fault.New(fault.Forbidden, "This organisation's account is paused. Whoever runs an account here can sign in to the console and take their data along. Its owners find the reason there, under Plan and billing.")
	errClosing  = fault.New(fault.Gone, "This organisation's account is being closed. Whoever runs an account here can still sign in to the console and take their data along.")
	errStorage  = fault.New(fault.Forbidden, "There is no more room for files: your organisation's storage has been full for a week. Posts without files work. Delete files, or ask an owner to change the plan.")
	errGrow     = fault.New(fault.Forbidden, "Nothing can be added at the moment, because a payment is missing or contested. See Plan and billing in the console.")
	errAccounts = fault.New(fault.Forbidden, "Your plan has no more accounts. Delete one that is not needed, or change the plan under Plan and billing.")
	errSeats    = fault.New(fault.Forbidden, "Your plan has no more seats for people. Remove somebody or withdraw an invitation, or change the plan under Plan and billing.")
	errDomains  = fault.New(fault.Forbidden, "Your plan has no more domains. Give one up, or change the plan under Plan and billing.")
	errFeature  = fault.New(fault.Forbidden, "Your plan does not include this. You can change the plan under Plan and billing.")
)

// Notice is what a document about a tenant says where not everything works; "" where it does.
// It names no reason: everybody may read it.
func Notice(t *tenant.Tenant) string {
	switch s := t.Entitlement.Standing; {
	case s.MayPublish():
		return ""
	case s.MayRead():
		return "This server is read-only at the moment: nothing new is posted from here."
	case s.IsWorseThan(tenant.Unpaid):
		return "This server is being closed."
	}
	return "This server is paused at the moment."
}

var all = []error{errReadOnly, errPaused, errClosing, errStorage, errGrow, errAccounts, errSeats, errDomains, errFeature}

// IsNo reports whether an error is one that this package gave: it is about what is paid for,
// and not about who somebody is.
func IsNo(err error) bool {
	return slices.ContainsFunc(all, func(no error) bool { return errors.Is(err, no) })
}

// ToRead is whether apps and pages show anything.
func ToRead(t *tenant.Tenant) error {
	switch s := t.Entitlement.Standing; {
	case s.MayRead():
		return nil
	case s.IsWorseThan(tenant.Unpaid):
		return errClosing
	}
	return errPaused
}

// ToPublish is whether anything new may be written, by whatever way.
func ToPublish(t *tenant.Tenant) error {
	if t.Entitlement.Standing.MayPublish() {
		return nil
	}
	if err := ToRead(t); err != nil {
		return err
	}
	return errReadOnly
}

// ToUpload is whether files may be added.
func ToUpload(t *tenant.Tenant) error {
	if err := ToPublish(t); err != nil {
		return err
	}
	if !t.Entitlement.MayUpload() {
		return errStorage
	}
	return nil
}

// ToGrow is whether anything may be added that a plan counts.
func ToGrow(t *tenant.Tenant) error {
	if err := ToPublish(t); err != nil {
		return err
	}
	if !t.Entitlement.MayGrow() {
		return errGrow
	}
	return nil
}

// ToAddAccount is whether there may be one account more than there are now.
func ToAddAccount(t *tenant.Tenant, now int) error {
	l := t.Entitlement.Limits
	return oneMore(t, now, l.Accounts, l.MoreAccounts, errAccounts)
}

// ToAddSeat is whether one person more may belong to the tenant. Open invitations count.
func ToAddSeat(t *tenant.Tenant, now int) error {
	return oneMore(t, now, t.Entitlement.Limits.Seats, false, errSeats)
}

// ToAddDomain is whether the tenant may claim one domain more.
func ToAddDomain(t *tenant.Tenant, now int) error {
	return oneMore(t, now, t.Entitlement.Limits.Domains, false, errDomains)
}

func oneMore(t *tenant.Tenant, now, limit int, isSoft bool, full error) error {
	if err := ToGrow(t); err != nil {
		return err
	}
	if limit > 0 && now >= limit && !isSoft {
		return full
	}
	return nil
}

// ToUse is whether a feature belongs to the plan. What was set up with it before goes on to
// work; it cannot be set up anew.
func ToUse(t *tenant.Tenant, f tenant.Feature) error {
	if !t.Entitlement.Limits.Has(f) {
		return errFeature
	}
	return nil
}
