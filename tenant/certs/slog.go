package certs

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newZap makes the logger that CertMagic wants write to ours. What it tells of each step
// of its work is for debugging; what it calls errors are, here, warnings: the state of
// every name is kept in the database, and people are told from there.
func newZap(log *slog.Logger) *zap.Logger {
	return zap.New(slogCore{log})
}

type slogCore struct{ log *slog.Logger }

func slogLevel(l zapcore.Level) slog.Level {
	if l < zapcore.WarnLevel {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// Enabled implements zapcore.Core.
func (c slogCore) Enabled(l zapcore.Level) bool {
	return c.log.Enabled(context.Background(), slogLevel(l))
}

// With implements zapcore.Core.
func (c slogCore) With(fields []zapcore.Field) zapcore.Core {
	return slogCore{c.log.With(attributes(fields)...)}
}

// Check implements zapcore.Core.
func (c slogCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Write implements zapcore.Core.
func (c slogCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.log.Log(context.Background(), slogLevel(e.Level), "certmagic: "+e.Message, attributes(fields)...)
	return nil
}

// Sync implements zapcore.Core.
func (slogCore) Sync() error { return nil }

func attributes(fields []zapcore.Field) []any {
	out := make([]any, 0, len(fields))
	for _, f := range fields {
		e := zapcore.NewMapObjectEncoder()
		f.AddTo(e)
		for key, value := range e.Fields {
			out = append(out, slog.Any(key, value))
		}
	}
	return out
}
