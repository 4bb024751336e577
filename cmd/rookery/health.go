package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"rookery/internal/safehttp"
)

// answerHealth serves /healthz and /readyz on every host. The first says that the
// process lives, the second that it can serve: database reachable, schema current.
func (s *system) answerHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			writeHealth(w, http.StatusOK, "ok")
		case "/readyz":
			ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
			defer cancel()
			if err := s.db.Ready(ctx); err != nil {
				s.log.Warn("not ready", "error", err)
				w.Header().Set("Retry-After", "5")
				writeHealth(w, http.StatusServiceUnavailable, "the database does not answer or its schema is old")
				return
			}
			writeHealth(w, http.StatusOK, "ok")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func writeHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": text})
}

func healthcheckCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the server on this machine whether it is ready; for containers without a shell",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			suffix, err := portSuffix(cfg.String("listen"))
			if err != nil {
				return err
			}
			client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: loopback})
			defer client.Close()
			resp, err := client.Get(cmd.Context(), safehttp.GetRequest{URL: "http://127.0.0.1" + suffix + "/readyz", Deadline: 4 * time.Second})
			if err != nil {
				return fmt.Errorf("the server does not answer: %w", err)
			}
			if resp.Status != http.StatusOK {
				return fmt.Errorf("the server is not ready: %s", resp.Body)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		},
	}
}
