package httpx

import (
	"encoding/json"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
)

// serializer writes answers with entity.Write. Input is not read with it: see Bind.
type serializer struct{}

// Serialize implements echo.JSONSerializer.
func (serializer) Serialize(c echo.Context, document any, _ string) error {
	return entity.Write(c.Response(), document)
}

// Deserialize implements echo.JSONSerializer.
func (serializer) Deserialize(c echo.Context, into any) error {
	return json.NewDecoder(c.Request().Body).Decode(into)
}
