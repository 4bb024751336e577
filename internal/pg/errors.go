package pg

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"rookery/internal/fault"
)

// ruleOfSchema is the code under which triggers of ours refuse something; what they say is
// for people.
const ruleOfSchema = "RK409"

var errNoRow = fault.New(fault.NotFound, "Record not found")

// mapError turns what Postgres says into the few codes that callers tell apart.
// Errors that carry a code already pass through.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return errNoRow
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		if pgErr.Code == ruleOfSchema {
			return fault.Wrap(err, fault.Conflict, pgErr.Message)
		}
		return mapCode(err, pgErr.Code)
	}
	if isAway(err) {
		return fault.Wrap(err, fault.Unavailable, "The database does not answer. Try again in a minute.")
	}
	return err
}

func mapCode(err error, code string) error {
	switch {
	case code == "23505": // unique_violation
		return fault.Wrap(err, fault.Conflict, "This exists already.")
	case code == "23503": // foreign_key_violation: what it belongs to went away meanwhile
		return fault.Wrap(err, fault.NotFound, "Record not found")
	case code == "22021", code == "22P05", code == "22P02", code == "22003": // characters or numbers that text cannot hold
		return fault.Wrap(err, fault.Invalid, "The text holds characters that cannot be stored.")
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), code == "57014", code == "55P03", code == "25P03", code == "40P01", code == "40001":
		// connection, resources, shutdown, statement, lock and idle timeouts; a deadlock that outlasted the retries
		return fault.Wrap(err, fault.Unavailable, "The database is busy. Try again in a minute.")
	}
	return err
}

func isAway(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "closed pool") ||
		strings.Contains(err.Error(), "unexpected EOF")
}

// IsOrphan reports whether a row was refused because what it belongs to went away
// meanwhile. To callers that is fault.NotFound; whoever looked it up before and can look
// again may want to.
func IsOrphan(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "23503"
}

// isRetryable reports whether the transaction lost against another one and may run again.
func isRetryable(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "40P01" || pgErr.Code == "40001")
}
