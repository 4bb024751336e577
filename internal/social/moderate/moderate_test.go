package moderate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

type world struct {
	db      *pg.DB
	service *moderate.Service
	servers *moderate.Servers
	a, b    tenant.ID
}

var by = audit.Actor{Kind: audit.Person, ID: 7, Name: "Mo"}

func newWorld(t testing.TB) *world {
	t.Helper()
	two := fixture.New(t)
	db := two.PG
	w := &world{db: db, servers: moderate.NewServers(db, nil), a: two.A.Tenant.ID, b: two.B.Tenant.ID}
	w.service = moderate.New(db, w.servers)
	if err := w.servers.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) put(t testing.TB, r moderate.Rule) {
	t.Helper()
	if _, err := w.service.Put(t.Context(), by, w.a, r); err != nil {
		t.Fatal(err)
	}
}

func TestWhatHoldsForAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, moderate.Rule{Domain: "bad.test", Severity: "suspend"})
	w.put(t, moderate.Rule{Domain: "nice.bad.test", Severity: "silence"})
	w.put(t, moderate.Rule{Domain: "pictures.test", Severity: "noop", RejectMedia: true})
	if _, err := w.service.PutForAll(t.Context(), audit.ByOperator(), moderate.Rule{Domain: "worst.test", Severity: "suspend"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.PutForAll(t.Context(), audit.ByOperator(), moderate.Rule{Domain: "pictures.test", Severity: "silence"}); err != nil {
		t.Fatal(err)
	}
	type want struct {
		severity moderate.Severity
		noMedia  bool
	}
	for host, c := range map[string][2]want{ // in a, in b
		"bad.test":            {{"suspend", false}, {}},
		"BAD.test.:443":       {{"suspend", false}, {}},
		"deep.down.bad.test":  {{"suspend", false}, {}},
		"notbad.test":         {},
		"test":                {},
		"nice.bad.test":       {{"silence", false}, {}},
		"very.nice.bad.test":  {{"silence", false}, {}},
		"pictures.test":       {{"silence", true}, {"silence", false}},
		"worst.test":          {{"suspend", false}, {"suspend", false}},
		"sub.worst.test:8080": {{"suspend", false}, {"suspend", false}},
		"":                    {},
	} {
		for i, of := range []tenant.ID{w.a, w.b} {
			v := w.servers.Of(of, host)
			if v.Severity != c[i].severity || v.RejectMedia != c[i].noMedia {
				t.Errorf("%q in tenant %d: %+v, want %+v", host, i, v, c[i])
			}
			if err := w.servers.Refuse(of, host); (fault.CodeOf(err) == fault.Forbidden) != (c[i].severity == "suspend") {
				t.Errorf("%q in tenant %d: %v", host, i, err)
			}
		}
	}
	if err := w.service.RemoveForAll(t.Context(), audit.ByOperator(), "worst.test"); err != nil {
		t.Fatal(err)
	}
	if w.servers.Of(w.b, "worst.test").IsRefused() {
		t.Error("a rule of the platform that was removed still holds")
	}
	if err := w.service.Remove(t.Context(), by, w.b, "bad.test"); !fault.IsNotFound(err) {
		t.Errorf("another tenant removes it: %v", err)
	}
}

func TestAllowList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, moderate.Rule{Domain: "loud.friend.test", Severity: "silence"})
	if err := w.service.Allow(t.Context(), by, w.a, "Friend.test", "partners"); err != nil {
		t.Fatal(err)
	}
	if w.servers.Of(w.a, "stranger.test").IsRefused() || w.servers.HasAllowList(w.a) {
		t.Error("a list that is not in force holds")
	}
	if err := w.service.SetMode(t.Context(), by, w.a, moderate.AllowList); err != nil {
		t.Fatal(err)
	}
	for host, refused := range map[string]bool{"friend.test": false, "m.friend.test": false, "loud.friend.test": false, "stranger.test": true, "ofriend.test": true} {
		if v := w.servers.Of(w.a, host); v.IsRefused() != refused || v.NotAllowed != refused {
			t.Errorf("%s: %+v", host, v)
		}
	}
	if w.servers.Of(w.a, "loud.friend.test").Severity != moderate.Silence {
		t.Error("who is on the list cannot be limited")
	}
	if w.servers.Of(w.b, "stranger.test").IsRefused() || !w.servers.HasAllowList(w.a) {
		t.Error("another tenant has the list")
	}
	if err := w.service.Disallow(t.Context(), by, w.a, "friend.test"); err != nil {
		t.Fatal(err)
	}
	if !w.servers.Of(w.a, "friend.test").IsRefused() {
		t.Error("who was taken off the list is heard")
	}
}

// Another process hears of a change without being asked; one that was away catches up, and
// one whose database is away answers from what it read.
func TestOtherProcessesFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := moderate.NewServers(w.db, nil)
	if err := other.Refuse(w.a, "any.test"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("before the first reading: %v", err)
	}
	bus := &news{}
	other.Follow(bus)
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.put(t, moderate.Rule{Domain: "bad.test", Severity: "suspend"})
	if other.Of(w.a, "bad.test").IsRefused() {
		t.Error("it knows before it hears")
	}
	go func() { _ = other.Run(t.Context()) }()
	bus.tell(w.a.String())
	testkit.Eventually(t, 10*time.Second, "the other process to know", func() bool { return other.Of(w.a, "bad.test").IsRefused() })
}

type news struct{ tell func(string) }

func (n *news) Listen(_ string, fn func(string)) { n.tell = fn }

func TestRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, r := range map[string]moderate.Rule{
		"no domain":   {Domain: "x y", Severity: "suspend"},
		"no severity": {Domain: "x.test"},
		"no effect":   {Domain: "x.test", Severity: "noop"},
		"a novel":     {Domain: "x.test", Severity: "silence", PublicComment: strings.Repeat("x", 1001)},
	} {
		if _, err := w.service.Put(t.Context(), by, w.a, r); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.service.SetMode(t.Context(), by, w.a, "closed"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("mode: %v", err)
	}
	if err := w.service.Show(t.Context(), by, w.a, "friends", "all"); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("audience: %v", err)
	}
}

const file = "\xef\xbb\xbf#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n" +
	"Bad.test,suspend,true,false,\"spam, and more\",true\n" +
	"same.test,silence,false,false,,false\n" +
	"changed.test,suspend,false,false,,false\n" +
	"bad.test,silence,false,false,,false\n" +
	"not a domain,suspend,false,false,,false\n" +
	"odd.test,shout,false,false,,false\n"

func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, moderate.Rule{Domain: "same.test", Severity: "silence"})
	w.put(t, moderate.Rule{Domain: "changed.test", Severity: "silence", PrivateComment: "ours"})
	p, err := w.service.Preview(t.Context(), w.a, []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if p.New != 1 || p.Changed != 1 || p.Same != 1 || p.Bad != 3 || len(p.Problems) != 3 || p.Problems[0].Line != 5 {
		t.Fatalf("preview: %+v", p)
	}
	if err := w.service.Import(t.Context(), by, w.a, p.Take); err != nil {
		t.Fatal(err)
	}
	var list []*moderate.Rule
	err = w.db.Tenant(t.Context(), w.a, func(scope *pg.Scope) error {
		list, err = store.ServerRules(t.Context(), scope, "", "", 10)
		return err
	})
	if err != nil || len(list) != 3 || list[0].PublicComment != "spam, and more" || !list[0].Obfuscate || list[1].Severity != "suspend" || list[1].PrivateComment != "ours" {
		t.Fatalf("%v, %+v", err, list)
	}
	var out bytes.Buffer
	if err := moderate.WriteCSV(&out, list); err != nil {
		t.Fatal(err)
	}
	again, err := w.service.Preview(t.Context(), w.a, out.Bytes())
	if err != nil || again.Same != 3 || again.New+again.Changed+again.Bad != 0 {
		t.Errorf("what was exported and comes back: %+v, %v", again, err)
	}
	for name, body := range map[string]string{"nothing": " \n", "no header": "bad.test,suspend\n", "too large": "#domain\n" + strings.Repeat("x", moderate.MaxFile)} {
		if _, err := w.service.Preview(t.Context(), w.a, []byte(body)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	w := newWorld(b)
	var list []*moderate.Rule
	for i := range 2000 {
		list = append(list, &moderate.Rule{Domain: fmt.Sprintf("bad%d.test", i), Severity: "suspend"})
	}
	if err := w.service.Import(b.Context(), by, w.a, list); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if w.servers.Of(w.a, "mastodon.social.example.org").IsRefused() {
			b.Fatal("refused")
		}
	}
}

// The check is made for each activity and delivery.
func TestCheckAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	w.put(t, moderate.Rule{Domain: "bad.test", Severity: "suspend"})
	if n := testing.AllocsPerRun(100, func() { _ = w.servers.Refuse(w.a, "social.example.org:443"); _ = w.servers.Refuse(w.a, "x.bad.test") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
