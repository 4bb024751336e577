package inbox

import (
	"slices"
	"testing"

	"rookery/federation/vocab"
	"rookery/tenant"
)

// Looks inside: from outside it cannot be seen whether a row was read.
func TestHandoverGivesEachOnceToItsOwnTenant(t *testing.T) {
	t.Parallel()
	h := newHandover()
	one, two := &tenant.Tenant{ID: 1}, &tenant.Tenant{ID: 2}
	for of, actor := range map[*tenant.Tenant]string{one: "https://p.test/one", two: "https://p.test/two"} {
		h.put(&VerifiedActivity{tenant: of, activity: vocab.Activity{Actor: actor}, raw: []byte("{}")}, 7, 5)
	}
	items, missing := h.take(one.ID, []int64{7, 8})
	if len(items) != 1 || items[0].id != 7 || items[0].to != 5 || items[0].activity.Actor != "https://p.test/one" || !slices.Equal(missing, []int64{8}) {
		t.Errorf("first: %+v, missing %v", items, missing)
	}
	if items, missing = h.take(one.ID, []int64{7}); len(items) != 0 || len(missing) != 1 {
		t.Errorf("a second time: %+v, missing %v", items, missing)
	}
	if items, _ = h.take(two.ID, []int64{7}); len(items) != 1 || items[0].activity.Actor != "https://p.test/two" {
		t.Errorf("the other tenant's: %+v", items)
	}
}
