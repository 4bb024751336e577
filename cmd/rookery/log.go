package main

import (
	"io"
	"log/slog"

	"rookery/internal/config"
)

func newLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.String("log_level"))) // validated at load
	o := &slog.HandlerOptions{Level: level}
	if cfg.String("log_format") == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
