package v2_test

import (
	"net/url"
	"testing"
)

// A handle whose host carries a port was taken for plain words, and nobody looked it up.
func TestSearchingAHandleWithAPort(t *testing.T) {
	t.Parallel()
	w, n, zoe := world(t)
	const handle = "@yan@far.localhost:8080"
	n.accounts[handle] = zoe
	if got := search(t, w.Alice, url.Values{"q": {handle}, "resolve": {"true"}}); len(got.Accounts) != 1 || len(n.asked) != 1 {
		t.Errorf("found %+v after asking for %q", got.Accounts, n.asked)
	}
}
