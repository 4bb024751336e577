package barred_test

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/barred"
	"rookery/internal/fault"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
)

func TestBarred(t *testing.T) {
	t.Parallel()
	db, ctx, by := testkit.DB(t).PG, t.Context(), audit.ByOperator()
	bus := stream.New(db, slog.New(slog.DiscardHandler))
	list := barred.NewList(db, slog.New(slog.DiscardHandler))
	list.Follow(bus)
	done := make(chan error, 2)
	go func() { done <- bus.Run(ctx) }()
	go func() { done <- list.Run(ctx) }()
	<-bus.Ready()
	if err := list.Load(ctx); err != nil {
		t.Fatal(err)
	}
	service := barred.Service{DB: db}
	if _, err := service.BlockMail(ctx, by, store.BlockedMail{Domain: "Bücher.example"}); err != nil {
		t.Fatal(err)
	}
	for text, severity := range map[string]barred.Severity{
		"192.0.2.77/24": barred.SignUpBlock, "192.0.2.9": barred.NoAccess, "2001:db8::/32": barred.NoAccess, "198.51.100.0/24": barred.SignUpBlock,
	} {
		network, err := barred.ParseNetwork(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := service.BlockNetwork(ctx, by, store.BlockedNetwork{Network: network, Severity: string(severity)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := service.UnblockNetwork(ctx, by, netip.MustParsePrefix("198.51.100.0/24")); err != nil {
		t.Fatal(err)
	}
	last := func() bool {
		return list.Refuses(netip.MustParseAddr("2001:db8::1")) && !list.KeepsOut(netip.MustParseAddr("198.51.100.7"))
	}
	testkit.Eventually(t, 30*time.Second, "the list hears of the blocks", last)
	for email, want := range map[string]fault.Code{
		"a@xn--bcher-kva.example": fault.Invalid, "a@sub.xn--bcher-kva.example": fault.Invalid, "a@cher.example": "", "a@example": "", "nobody": "",
	} {
		if got := fault.CodeOf(list.Mail(email)); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
	for text, want := range map[string][2]bool{ // registers, is answered
		"192.0.2.1": {false, true}, "::ffff:192.0.2.1": {false, true}, "192.0.2.9": {false, false}, "192.0.3.1": {true, true},
		"2001:db8:1::1": {false, false}, "2001:db9::1": {true, true}, "fe80::1%eth0": {true, true},
	} {
		addr := netip.MustParseAddr(text)
		if got := [2]bool{!list.KeepsOut(addr), !list.Refuses(addr)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestWhatCannotBeBlocked(t *testing.T) {
	t.Parallel()
	service, by := barred.Service{DB: testkit.DB(t).PG}, audit.ByOperator()
	for _, text := range []string{"", "0.0.0.0/0", "10.0.0.0/7", "::/0", "2000::/8", "192.0.2.0/33", "x", "fe80::1%eth0", "::ffff:192.0.2.0/120"} {
		if p, err := barred.ParseNetwork(text); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	network := netip.MustParsePrefix("192.0.2.0/24")
	_, mail := service.BlockMail(t.Context(), by, store.BlockedMail{Domain: "a b"})
	_, none := service.UnblockMail(t.Context(), by, "free.example")
	for want, err := range map[fault.Code][]error{
		fault.Invalid:  {mail, service.BlockNetwork(t.Context(), by, store.BlockedNetwork{Network: network, Severity: "harsh"})},
		fault.NotFound: {none, service.UnblockNetwork(t.Context(), by, network)},
	} {
		for _, err := range err {
			if fault.CodeOf(err) != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
}
