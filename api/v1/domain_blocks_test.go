package v1_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"rookery/api/entity"
	"rookery/tenant/people"
)

func TestDomainBlocks(t *testing.T) {
	t.Parallel()
	const blocks = "/api/v1/domain_blocks"
	w := world(t, nil)
	far := remote(t, w, "far")
	w.Alice.Get(blocks).Want(t, http.StatusOK, "[]")
	w.Alice.Post(blocks, map[string]any{"domain": "ELSE.test"}).Want(t, http.StatusOK, "{}")
	w.Alice.Post(blocks, url.Values{"domain": {"else.test"}}).Want(t, http.StatusOK, "{}")
	for _, domain := range []string{"one.test", "two.test"} {
		w.Alice.Post(blocks, map[string]any{"domain": domain}).Want(t, http.StatusOK)
	}
	var all []string
	for next := blocks + "?limit=2"; next != "" && len(all) < 9; {
		var page []string
		r := w.Alice.Get(next)
		r.Into(t, &page)
		all, next = append(all, page...), r.Next()
	}
	if want := []string{"two.test", "one.test", "else.test"}; !slices.Equal(all, want) {
		t.Errorf("in pages of two: %v, want %v", all, want)
	}
	var got []entity.Relationship
	w.Alice.Get(path("/api/v1/accounts/relationships?id[]=:id", far.ID)).Into(t, &got)
	if len(got) != 1 || !got[0].DomainBlocking || got[0].RequestedBy {
		t.Errorf("relationship %+v", got)
	}
	w.Add(t, w.A, "carol").Get(blocks).Want(t, http.StatusOK, "[]")
	for sent, sentence := range map[string]string{"": "valid domain", "no domain": "valid domain", w.A.Tenant.HandleDomain: "your own server"} {
		w.Alice.Post(blocks, map[string]any{"domain": sent}).Want(t, http.StatusUnprocessableEntity, sentence)
	}
	reader := w.Client(t, w.A, w.A.Account, people.Owner, "read:blocks")
	reader.Get(blocks).Want(t, http.StatusOK, "one.test")
	reader.Post(blocks, map[string]any{"domain": "x.test"}).Want(t, http.StatusForbidden)
	w.Client(t, w.A, w.A.Account, people.Owner, "follow").Do(http.MethodDelete, blocks+"?domain=one.test", nil).Want(t, http.StatusOK, "{}")
	w.Alice.Do(http.MethodDelete, blocks, url.Values{"domain": {"two.test"}}).Want(t, http.StatusOK, "{}")
	w.Alice.Do(http.MethodDelete, blocks+"?domain=two.test", nil).Want(t, http.StatusOK, "{}")
	if r := w.Alice.Get(blocks); r.Body != `["else.test"]` {
		t.Errorf("left: %s", r.Body)
	}
}
