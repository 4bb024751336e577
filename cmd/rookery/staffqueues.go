package main

import (
	"fmt"
	"net/http"

	"riverqueue.com/riverui"

	"rookery/dashboard/staff"
)

// newQueues is River's own pages about the queues, for the staff. It is not started: what that
// would do is count large queues beforehand, all the time, for pages that are rarely open.
func (s *system) newQueues() (http.Handler, error) {
	client, err := s.db.Queues()
	if err != nil {
		return nil, err
	}
	pages, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(client, nil), JobListHideArgsByDefault: true, Logger: s.log, Prefix: staff.Base + "/queues",
	})
	if err != nil {
		return nil, fmt.Errorf("make the pages of the queues: %w", err)
	}
	return pages, nil
}
