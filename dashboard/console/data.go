package console

import "github.com/labstack/echo/v4"

// registerData puts what is kept for how long, and taking it along on the console.
func (h *Handlers) registerData(show, post func(string, echo.HandlerFunc)) {}
