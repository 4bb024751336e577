package console

import "github.com/labstack/echo/v4"

// registerIdentity puts the handle and the keys of an account on the console.
func (h *Handlers) registerIdentity(show, post func(string, echo.HandlerFunc)) {}
