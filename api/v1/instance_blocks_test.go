package v1_test

import (
	"net/http"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/audit"
	"rookery/internal/social/moderate"
)

// The list of blocks is shown to whom the tenant shows it, and the reasons likewise.
func TestInstanceDomainBlocks(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/instance/domain_blocks"
	w := apitest.New(t, func(p apitest.Parts) []httpx.Route {
		return v1.NewInstanceBlocks(v1.Deps{DB: p.DB, Render: p.Render}).Routes()
	})
	service, by := moderate.New(w.PG, nil), audit.ByOperator()
	for _, r := range []moderate.Rule{
		{Domain: "spam.example", Severity: "suspend", PublicComment: "Spam", PrivateComment: "see the board"},
		{Domain: "hidden.example", Severity: "silence", Obfuscate: true},
		{Domain: "media.example", Severity: "noop", RejectMedia: true},
	} {
		if _, err := service.Put(t.Context(), by, w.A.Tenant.ID, r); err != nil {
			t.Fatal(err)
		}
	}
	show := func(blocks, reasons string) {
		if err := service.Show(t.Context(), by, w.A.Tenant.ID, blocks, reasons); err != nil {
			t.Fatal(err)
		}
	}
	anybody := w.Stranger(w.A)
	w.Alice.Get(path).Want(t, http.StatusNotFound)
	show(moderate.ToUsers, moderate.ToAll)
	anybody.Get(path).Want(t, http.StatusNotFound)
	w.Alice.Get(path).Want(t, http.StatusOK, "spam.example")
	show(moderate.ToAll, moderate.ToUsers)
	var list []entity.DomainBlock
	anybody.Get(path).Into(t, &list)
	if len(list) != 2 {
		t.Fatalf("%d are shown, want the two that limit or block", len(list))
	}
	for _, b := range list {
		if b.Comment != nil || b.Domain == "hidden.example" || len(b.Digest) != 64 {
			t.Errorf("a stranger sees %+v", b)
		}
	}
	list = nil
	w.Alice.Get(path).Into(t, &list)
	said := false
	for _, b := range list {
		said = said || b.Domain == "spam.example" && b.Comment != nil && *b.Comment == "Spam" && b.Severity == "suspend"
	}
	if !said {
		t.Errorf("alice sees %+v", list)
	}
	w.Bob.Get(path).Want(t, http.StatusNotFound)
}
