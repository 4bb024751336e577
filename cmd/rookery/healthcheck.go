package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/config"
	"rookery/internal/safehttp"
)

// healthTime is what the server gets to answer: less than the time that whoever runs a
// container gives to its check.
const healthTime = 3 * time.Second

// health is what a check found.
type health struct {
	URL    string `json:"url"`
	OK     bool   `json:"ok"`
	Code   int    `json:"code,omitempty"` // of the answer; 0: there was none
	Status string `json:"status"`
}

func healthcheckCommand(g *globals) *cobra.Command {
	var at string
	var isLive, asJSON bool
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on this machine whether it is ready; for containers without a shell",
		Long: `Ask the server whose settings these are whether it can serve (/readyz: the
database answers and its schema is current), or with --live whether it runs at
all (/healthz). Exits with 1 if not, within 3 seconds.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			if at == "" {
				if at, err = healthURL(cfg, isLive); err != nil {
					return err
				}
			} else if u, err := url.Parse(at); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return wrongUse("--url wants an address such as http://127.0.0.1:8080/readyz")
			}
			h := askHealth(cmd.Context(), at)
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), h); err != nil {
					return err
				}
			}
			if !h.OK {
				return fmt.Errorf("%s: %s", h.URL, h.Status)
			}
			if !asJSON {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), h.Status)
			}
			return err
		},
	}
	c.Flags().StringVar(&at, "url", "", "ask this address instead of the one in the settings")
	c.Flags().BoolVar(&isLive, "live", false, "ask only whether the process runs")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// healthURL is where the process with these settings answers about its health: where TLS
// ends in it, on the port for plain http, whose answers need no certificate for 127.0.0.1.
func healthURL(cfg *config.Config, isLive bool) (string, error) {
	setting := "listen"
	if cfg.String("tls") != tlsOff && slices.Contains(cfg.List("roles"), "web") {
		setting = "listen_http"
	}
	host, port, err := net.SplitHostPort(cfg.String(setting))
	if err != nil {
		return "", wrongUse("%s: %w", setting, err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1" // everywhere includes here
	}
	path := "/readyz"
	if isLive {
		path = "/healthz"
	}
	return "http://" + net.JoinHostPort(host, port) + path, nil
}

// askHealth asks. The operator names the address, so it may be any.
func askHealth(ctx context.Context, at string) health {
	h := health{URL: at}
	client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"),
	}})
	defer client.Close()
	answer, err := client.Get(ctx, safehttp.GetRequest{URL: at, Deadline: healthTime})
	if err != nil {
		h.Status = "no answer: " + innermost(err).Error()
		return h
	}
	h.Code, h.OK = answer.Status, answer.Status == http.StatusOK
	var said struct{ Status string }
	if json.Unmarshal(answer.Body, &said) != nil || said.Status == "" {
		// Something else listens there, or a proxy speaks for a server that is away.
		h.OK, said.Status = false, fmt.Sprintf("answers %d, but not like Rookery", answer.Status)
	}
	h.Status = said.Status
	return h
}

func innermost(err error) error {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}
