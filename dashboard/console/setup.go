package console

import "github.com/labstack/echo/v4"

// registerSetup puts the set-up of a company in three screens on the console.
func (h *Handlers) registerSetup(show, post func(string, echo.HandlerFunc)) {}
