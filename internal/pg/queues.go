package pg

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Queues returns a client for those who look at the queues and put jobs right: it works none
// itself.
func (db *DB) Queues() (*river.Client[pgx.Tx], error) {
	client, err := river.NewClient(riverpgxv5.New(db.app), &river.Config{Schema: JobSchema, Logger: db.log})
	if err != nil {
		return nil, fmt.Errorf("look at the queues: %w", err)
	}
	return client, nil
}
