package site

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/ids"
	"rookery/internal/social/timeline"
)

const pageSize = 20

// boundsOf reads which part of a list is asked for: ?max_id= goes back in time,
// ?min_id= forward.
func boundsOf(c echo.Context) (timeline.Page, error) {
	bounds := timeline.Page{Limit: pageSize}
	for name, target := range map[string]*int64{"max_id": &bounds.MaxID, "min_id": &bounds.MinID} {
		text := c.QueryParam(name)
		if text == "" {
			continue
		}
		id, ok := ids.Parse(text)
		if !ok {
			return bounds, web.ErrNotFound
		}
		*target = id
	}
	return bounds, nil
}

// around returns where the neighbouring pages are. A page that is not full is the
// last one in its direction.
func around(path string, found timeline.Result, bounds timeline.Page) (older, newer string) {
	if len(found.Statuses) == 0 {
		return "", ""
	}
	return neighbours(path, found.Oldest, found.Newest, len(found.Statuses), bounds)
}

func neighbours(path string, oldest, newest int64, count int, bounds timeline.Page) (older, newer string) {
	isFull := count == pageSize
	if isFull || bounds.MinID > 0 {
		older = path + "?max_id=" + strconv.FormatInt(oldest, 10)
	}
	if bounds.MaxID > 0 || bounds.MinID > 0 && isFull {
		newer = path + "?min_id=" + strconv.FormatInt(newest, 10)
	}
	return older, newer
}

func isDeep(bounds timeline.Page) bool { return bounds.MaxID > 0 || bounds.MinID > 0 }
