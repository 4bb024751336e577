package console

import "github.com/labstack/echo/v4"

// registerInsights puts how posts and followers fare on the console.
func (h *Handlers) registerInsights(show, post func(string, echo.HandlerFunc)) {}
