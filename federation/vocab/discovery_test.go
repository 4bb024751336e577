package vocab_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/federation/vocab"
)

func TestReadCollection(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want vocab.Collection
	}{
		"one item as a string": {
			`{"id":"https://q.test/f","type":"OrderedCollection","totalItems":1,"orderedItems":"https://q.test/1"}`,
			vocab.Collection{
				ID: "https://q.test/f", Type: "OrderedCollection", TotalItems: 1, Items: []vocab.Ref{{ID: "https://q.test/1"}},
			},
		},
		"embedded first page": {
			`{"type":"Collection","first":{"type":"CollectionPage","next":"https://q.test/f?p=2","items":[]}}`,
			vocab.Collection{
				Type:  "Collection",
				First: vocab.Ref{Doc: mustParse(t, `{"type":"CollectionPage","next":"https://q.test/f?p=2","items":[]}`)},
			},
		},
		"page with both kinds of items": {
			`{"type":"OrderedCollectionPage","partOf":"https://q.test/f","prev":{"id":"https://q.test/f?p=0"},
				"orderedItems":["https://q.test/1",{"id":"https://q.test/2"},"urn:x",null,3]}`,
			vocab.Collection{
				Type: "OrderedCollectionPage", PartOf: "https://q.test/f", Prev: "https://q.test/f?p=0",
				Items: []vocab.Ref{{ID: "https://q.test/1"}, {ID: "https://q.test/2", Doc: mustParse(t, `{"id":"https://q.test/2"}`)}},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, vocab.ReadCollection(mustParse(t, tt.in)), sameDoc); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	many := vocab.ReadCollection(mustParse(t, `{"items":`+repeated(5000, `"https://q.test/%d"`)+`}`))
	if len(many.Items) != vocab.MaxItems {
		t.Errorf("%d items", len(many.Items))
	}
}

func TestReadJRD(t *testing.T) {
	t.Parallel()
	got := vocab.ReadJRD(mustParse(t, `{"subject":"acct:ada@masto.test","aliases":"https://masto.test/@ada","links":[
		{"rel":"http://webfinger.net/rel/profile-page","type":"text/html","href":"https://masto.test/@ada"},
		{"rel":"self","type":"text/html","href":"https://masto.test/@ada"},
		{"rel":"self","type":"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"","href":"https://masto.test/users/ada"},
		{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://masto.test/authorize_interaction?uri={uri}"},
		{"href":"https://masto.test/norel"},{"rel":"salmon"},null,"x"]}`))
	if got.Subject != "acct:ada@masto.test" || len(got.Links) != 4 || !cmp.Equal(got.Aliases, []string{"https://masto.test/@ada"}) {
		t.Errorf("unexpected JRD %+v", got)
	}
	if got.Self() != "https://masto.test/users/ada" {
		t.Errorf("Self() = %q", got.Self())
	}
	link, ok := got.Link(vocab.RelSubscribe)
	if !ok || link.Template != "https://masto.test/authorize_interaction?uri={uri}" {
		t.Errorf("subscribe link %+v", link)
	}
	if _, ok := got.Link("salmon"); ok {
		t.Error("a link to nowhere was kept")
	}
}

func TestIsActivityMediaType(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"application/activity+json":                true,
		"Application/Activity+JSON; charset=UTF-8": true,
		vocab.LDMediaType:                          true,
		`application/ld+json;profile="https://w3id.org/x https://www.w3.org/ns/activitystreams";q=0.5`: true,
		"application/activity+json; charset=utf-16":                                                    false,
		"application/ld+json": false,
		`application/ld+json; profile="https://www.w3.org/ns/activitystreams#x"`: false,
		"application/json":                     false,
		"text/plain":                           false,
		"":                                     false,
		"application/activity+json, text/html": false,
	}
	for in, want := range tests {
		if got := vocab.IsActivityMediaType(in); got != want {
			t.Errorf("IsActivityMediaType(%q) = %v", in, got)
		}
	}
}

func TestReadNodeInfo(t *testing.T) {
	t.Parallel()
	got := vocab.ReadNodeInfo(mustParse(t, `{"version":"2.0","software":{"name":"Mastodon","version":"4.7.0"},
		"protocols":["activitypub",7],"openRegistrations":true,"usage":{"users":{"total":12,"activeMonth":"3","activeHalfyear":1e99},
		"localPosts":-5},"metadata":{"nodeName":"Masto"}}`))
	want := vocab.NodeInfo{
		Version: "2.0", Software: "mastodon", SoftwareVersion: "4.7.0", Protocols: []string{"activitypub"},
		OpenRegistrations: true, UsersTotal: 12, UsersActiveMonth: 3, UsersActiveHalf: vocab.MaxCount, Name: "Masto",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	old := vocab.ReadNodeInfo(mustParse(t, `{"version":"1.0","protocols":{"inbound":["diaspora"],"outbound":["x"]},"metadata":[]}`))
	if !cmp.Equal(old.Protocols, []string{"diaspora"}) {
		t.Errorf("protocols of 1.0: %q", old.Protocols)
	}
}
