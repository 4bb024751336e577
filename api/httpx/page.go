package httpx

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/tenant"
)

// Page says which part of a list an app asks for. Zero ids are "not asked".
type Page struct {
	MaxID   int64 // older than
	SinceID int64 // newer than, starting at the newest
	MinID   int64 // newer than, starting right above
	Limit   int
	Offset  int
}

// Upwards reports that the rows right above MinID are wanted: read them oldest
// first, then hand them to NewestFirst.
func (p Page) Upwards() bool { return p.MinID > 0 }

// Floor is the id that all rows must be above: MinID or SinceID.
func (p Page) Floor() int64 { return max(p.MinID, p.SinceID) }

// Ceiling is the id that all rows must be below; the largest id when not asked.
func (p Page) Ceiling() int64 {
	if p.MaxID == 0 {
		return math.MaxInt64
	}
	return p.MaxID
}

// NewestFirst puts the rows of an Upwards page into the order that apps expect.
func NewestFirst[T any](p Page, rows []T) []T {
	if p.Upwards() {
		slices.Reverse(rows)
	}
	return rows
}

// PageOf reads max_id, since_id, min_id, limit and offset from the query. A
// limit over most is cut to it; negative and unreadable numbers are 400.
func PageOf(c echo.Context, usual, most int) (Page, error) {
	var page Page
	query := c.QueryParams()
	for name, target := range map[string]*int64{"max_id": &page.MaxID, "since_id": &page.SinceID, "min_id": &page.MinID} {
		id, ok := pageID(query.Get(name))
		if !ok {
			return Page{}, fault.Newf(fault.Malformed, "%s must be an id.", name)
		}
		*target = id
	}
	for name, target := range map[string]*int{"limit": &page.Limit, "offset": &page.Offset} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return Page{}, fault.Newf(fault.Malformed, "%s must be zero or more.", name)
		}
		*target = int(n)
	}
	if page.Limit == 0 {
		page.Limit = usual
	}
	page.Limit = min(page.Limit, most)
	return page, nil
}

// pageID reads an id of a page. Apps ask for "everything" with numbers larger
// than 64 bits: those count as the largest id.
func pageID(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	if id, ok := ids.Parse(text); ok {
		return id, true
	}
	if strings.Trim(text, "0123456789") == "" {
		return math.MaxInt64, true
	}
	return 0, false
}

// SetLink writes the Link header (RFC 8288) that apps page by. firstID and
// lastID are the ids that the list is sorted by, of the first and last row
// shown; full says that the page has as many rows as asked, so that there may
// be more. An empty page has no links.
func SetLink(c echo.Context, firstID, lastID int64, full bool) {
	if firstID == 0 && lastID == 0 {
		return
	}
	var links []string
	if full {
		links = append(links, pageLink(c, "max_id", ids.Format(lastID), "next"))
	}
	links = append(links, pageLink(c, "min_id", ids.Format(firstID), "prev"))
	c.Response().Header().Set("Link", strings.Join(links, ", "))
}

// SetOffsetLink is SetLink for lists that page by offset.
func SetOffsetLink(c echo.Context, page Page, full bool) {
	var links []string
	if full {
		links = append(links, pageLink(c, "offset", strconv.Itoa(page.Offset+page.Limit), "next"))
	}
	if page.Offset > 0 {
		links = append(links, pageLink(c, "offset", strconv.Itoa(max(page.Offset-page.Limit, 0)), "prev"))
	}
	if len(links) > 0 {
		c.Response().Header().Set("Link", strings.Join(links, ", "))
	}
}

// pageLink is this request with another place to start. It begins with the
// tenant's own URL: the Host of a request is the sender's word.
func pageLink(c echo.Context, name, value, rel string) string {
	query := url.Values{}
	for key, values := range c.QueryParams() {
		switch key {
		case "max_id", "since_id", "min_id", "offset", "access_token":
		default:
			query[key] = values
		}
	}
	query.Set(name, value)
	base := ""
	if t := tenant.FromContext(c.Request().Context()); t != nil {
		base = t.URL("")
	}
	return "<" + base + c.Request().URL.EscapedPath() + "?" + query.Encode() + `>; rel="` + rel + `"`
}

// PathID reads an id from the path, strictly: anything else names nothing.
func PathID[T ~int64](c echo.Context, name string) (T, error) {
	id, ok := ids.Parse(c.Param(name))
	if !ok {
		return 0, ErrNotFound
	}
	return T(id), nil
}
