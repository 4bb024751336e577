package safehttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"rookery/internal/safehttp"
)

func addrs(list ...string) []netip.Addr {
	var parsed []netip.Addr
	for _, s := range list {
		parsed = append(parsed, netip.MustParseAddr(s))
	}
	return parsed
}

// NET-01, NET-02: none of the ways to write or reach loopback may lead to a connection.
func TestCanaryIsNeverDialled(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	o := options()
	o.LookupIP = func(context.Context, string) ([]netip.Addr, error) { return addrs("127.0.0.1"), nil }
	client := newClient(t, o)
	for _, host := range []string{
		"127.0.0.1", "canary.test", "localhost", "localhost.", "a.localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"0.0.0.0", "[::]", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "１２７.0.0.1", "127。0。0。1", "[::1%25lo]",
	} {
		url := "http://" + host + ":" + c.port() + "/"
		if _, err := get(t.Context(), client, url); !safehttp.IsPermanent(err) {
			t.Errorf("get %s = %v; want a permanent error", url, err)
		}
		if _, err := client.Post(t.Context(), safehttp.PostRequest{URL: url}); !safehttp.IsPermanent(err) {
			t.Errorf("post %s = %v; want a permanent error", url, err)
		}
		if answer, err := standard(t, client, url, 1); err == nil {
			answer.Body.Close()
			t.Errorf("standard client reached %s", url)
		}
	}
	c.check(t)
}

// NET-04.
func TestRedirectToCanary(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	for hop := 1; hop <= 3; hop++ {
		p := peer(t, func(w http.ResponseWriter, r *http.Request) {
			var n int
			_, _ = fmt.Sscanf(r.URL.Path, "/%d", &n)
			target := fmt.Sprintf("/%d", n+1)
			if n == hop {
				target = "http://" + c.address + "/"
			}
			http.Redirect(w, r, target, http.StatusFound)
		})
		for _, sign := range []func(*http.Request) error{nil, func(r *http.Request) error { r.Header.Set("Signature", "x"); return nil }} {
			_, err := newClient(t, options()).Get(t.Context(), safehttp.GetRequest{URL: p.URL + "/1", Sign: sign})
			if !errors.Is(err, safehttp.ErrBlocked) {
				t.Errorf("redirect at hop %d = %v; want blocked", hop, err)
			}
		}
	}
	c.check(t)
}

// NET-06: a name that resolves to an allowed address when it is checked and to another
// when it is dialled gets nowhere, for it is resolved once a dial.
func TestRebinding(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	var lookups atomic.Int32
	o := options()
	o.LookupIP = func(context.Context, string) ([]netip.Addr, error) {
		if lookups.Add(1)%2 == 1 {
			return addrs("127.77.1.9"), nil // nobody listens there
		}
		return addrs("127.0.0.1"), nil
	}
	client := newClient(t, o)
	for range 6 {
		if _, err := get(t.Context(), client, "http://rebind.test:"+c.port()+"/"); err == nil {
			t.Error("a request succeeded")
		}
	}
	c.check(t)
}

// NET-17.
func TestMixedAddresses(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	listener := listen(t, "127.77.1.3:"+c.port())
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	}()
	o := options()
	o.LookupIP = func(context.Context, string) ([]netip.Addr, error) {
		return addrs("127.0.0.1", "::1", "10.0.0.1", "127.77.1.3"), nil
	}
	if _, err := get(t.Context(), newClient(t, o), "http://mixed.test:"+c.port()+"/"); err != nil {
		t.Errorf("the allowed address was not tried: %v", err)
	}
	c.check(t)
}

// The second address is tried when the first refuses.
func TestNextAddress(t *testing.T) {
	t.Parallel()
	p := peer(t, func(http.ResponseWriter, *http.Request) {})
	port := netip.MustParseAddrPort(p.Listener.Addr().String()).Port()
	o := options()
	o.LookupIP = func(context.Context, string) ([]netip.Addr, error) { return addrs("127.77.1.200", "127.77.1.1"), nil }
	if _, err := get(t.Context(), newClient(t, o), fmt.Sprintf("http://two.test:%d/", port)); err != nil {
		t.Errorf("get = %v", err)
	}
}

func TestLocalhostNamesReachAllowedLoopback(t *testing.T) {
	t.Parallel()
	listener := listen(t, "127.0.0.1:0")
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	}()
	o := options()
	o.AllowPrefixes = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	host := fmt.Sprintf("acme.localhost:%d", netip.MustParseAddrPort(listener.Addr().String()).Port())
	response, err := get(t.Context(), newClient(t, o), "http://"+host+"/")
	if err != nil || string(response.Body) != host {
		t.Errorf("get = %+v, %v", response, err)
	}
}

// NET-10, and the ranges of NET-02.
func TestParseURL(t *testing.T) {
	t.Parallel()
	production := newClient(t, safehttp.Options{})
	good := map[string]string{
		"https://Peer.Example/Users/A?x=1#frag": "https://peer.example/Users/A?x=1",
		"https://bücher.example/":               "https://xn--bcher-kva.example/",
		"https://peer.example.:8443/":           "https://peer.example:8443/",
		"https://8.8.8.8/":                      "https://8.8.8.8/",
		"https://[2606:4700::1]:443/":           "https://[2606:4700::1]:443/",
		"https://r3---sn_x.example/":            "https://r3---sn_x.example/",
	}
	for in, want := range good {
		if u, err := production.ParseURL(in); err != nil || u.String() != want {
			t.Errorf("ParseURL(%q) = %v, %v; want %s", in, u, err, want)
		}
	}
	for _, bad := range []string{
		"", "peer.example", "http://peer.example/", "file:///etc/passwd", "data:text/plain,x", "ftp://peer.example/", "gopher://peer.example/",
		"https:peer.example", "https:///x", "https://u:p@peer.example/", "https://v.test@q.test/", "https://peer.example:22/", "https://peer.example:25/",
		"https://peer.example:5432/", "https://peer.example:6379/", "https://peer.example:0/", "https://peer.example:99999/", "https://a b.example/", "https://a..b.1/",
		"https://peer.example/" + string(make([]byte, 5000)), "//peer.example/", "https://%31%32%37.0.0.1/",
		"https://10.0.0.1/", "https://100.64.0.1/", "https://169.254.169.254/", "https://172.31.0.1/", "https://192.168.1.1/", "https://198.18.0.1/", "https://224.0.0.1/",
		"https://255.255.255.255/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[2001::1]/",
		"https://[2001:db8::1]/", "https://[3fff::1]/", "https://[5f00::1]/", "https://[::127.0.0.1]/", "https://[ff02::1]/", "https://[::ffff:10.0.0.1]/",
	} {
		if u, err := production.ParseURL(bad); !safehttp.IsPermanent(err) {
			t.Errorf("ParseURL(%.60q) = %v, %v; want a permanent error", bad, u, err)
		}
	}
}
