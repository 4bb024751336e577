package entitled_test

import (
	"fmt"
	"testing"

	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

func with(e tenant.Entitlement) *tenant.Tenant { return &tenant.Tenant{Entitlement: e} }

func TestWithoutBillingEverythingWorks(t *testing.T) {
	t.Parallel()
	free := with(tenant.Entitlement{})
	for name, err := range map[string]error{
		"read": entitled.ToRead(free), "publish": entitled.ToPublish(free), "upload": entitled.ToUpload(free), "grow": entitled.ToGrow(free),
		"account": entitled.ToAddAccount(free, 1e6), "seat": entitled.ToAddSeat(free, 1e6), "domain": entitled.ToAddDomain(free, 1e6),
		"feature": entitled.ToUse(free, tenant.SingleSignOn),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each standing takes away what the table in docs/billing.md says, and nothing more.
func TestStandings(t *testing.T) {
	t.Parallel()
	for standing, want := range map[tenant.Standing]struct{ read, publish, grow fault.Code }{
		tenant.Trial:        {},
		tenant.Paid:         {},
		tenant.PaidEnding:   {},
		tenant.Grace:        {grow: fault.Forbidden},
		tenant.Restricted:   {publish: fault.Forbidden, grow: fault.Forbidden},
		tenant.Unpaid:       {fault.Forbidden, fault.Forbidden, fault.Forbidden},
		tenant.Closing:      {fault.Gone, fault.Gone, fault.Gone},
		tenant.ClosedUnpaid: {fault.Gone, fault.Gone, fault.Gone},
	} {
		one := with(tenant.Entitlement{Standing: standing})
		if got := fault.CodeOf(entitled.ToRead(one)); got != want.read {
			t.Errorf("%s: reading is %q, want %q", standing, got, want.read)
		}
		if got := fault.CodeOf(entitled.ToPublish(one)); got != want.publish {
			t.Errorf("%s: publishing is %q, want %q", standing, got, want.publish)
		}
		if got := fault.CodeOf(entitled.ToAddSeat(one, 0)); got != want.grow {
			t.Errorf("%s: growing is %q, want %q", standing, got, want.grow)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	team := with(tenant.Entitlement{Standing: tenant.Paid, Limits: tenant.Limits{Accounts: 2, Seats: 3, Domains: 1, Lacks: []tenant.Feature{tenant.SingleSignOn}}})
	for name, tt := range map[string]struct {
		err  error
		want fault.Code
	}{
		"the last account":     {entitled.ToAddAccount(team, 1), ""},
		"an account too many":  {entitled.ToAddAccount(team, 2), fault.Forbidden},
		"the last seat":        {entitled.ToAddSeat(team, 2), ""},
		"a seat too many":      {entitled.ToAddSeat(team, 3), fault.Forbidden},
		"a domain too many":    {entitled.ToAddDomain(team, 1), fault.Forbidden},
		"a feature it has":     {entitled.ToUse(team, tenant.Approvals), ""},
		"a feature it has not": {entitled.ToUse(team, tenant.SingleSignOn), fault.Forbidden},
	} {
		if got := fault.CodeOf(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if err := fmt.Errorf("make an account: %w", entitled.ToAddAccount(team, 2)); !entitled.IsNo(err) {
		t.Errorf("%v is not known as a no", err)
	}
	if entitled.IsNo(nil) || entitled.IsNo(fault.New(fault.Forbidden, "Your role does not include this.")) {
		t.Error("another error is taken for a no")
	}
	team.Entitlement.Limits.MoreAccounts = true
	if err := entitled.ToAddAccount(team, 2); err != nil {
		t.Errorf("an account that is paid for besides: %v", err)
	}
	team.Entitlement.IsDisputed = true
	if got := fault.CodeOf(entitled.ToAddAccount(team, 0)); got != fault.Forbidden {
		t.Errorf("with a contested payment: %q", got)
	}
	if err := entitled.ToUpload(team); err != nil {
		t.Errorf("uploads with a contested payment: %v", err)
	}
	team.Entitlement.NoUploads = true
	if got := fault.CodeOf(entitled.ToUpload(team)); got != fault.Forbidden {
		t.Errorf("uploads with full storage: %q", got)
	}
	if err := entitled.ToPublish(team); err != nil {
		t.Errorf("text with full storage: %v", err)
	}
}
