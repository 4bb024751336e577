package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
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
