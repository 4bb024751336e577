package actor

import (
	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/social"
)

// Account serves the document of an account at the address of its page, to programs
// that ask for one there: people paste that address into their own server's search.
func (h *Handlers) Account(c echo.Context, id social.AccountID) error {
	return at(c, int64(id), h.account)
}

// Object serves the document of a post at the address of its page.
func (h *Handlers) Object(c echo.Context, id social.StatusID) error {
	return at(c, int64(id), h.object)
}

// at calls a handler as if the path had named the id.
func at(c echo.Context, id int64, handler echo.HandlerFunc) error {
	c.SetParamNames("id")
	c.SetParamValues(ids.Format(id))
	return handler(c)
}
