package v2

import (
	"rookery/api/httpx"
	v1 "rookery/api/v1"
)

// Media is the table for uploads. Images are ready at once, so that the answer is
// always 200 and never 202 with a file to wait for.
func Media(m *v1.Media) []httpx.Route { return []httpx.Route{m.UploadRoute("/api/v2/media")} }
