package main

import (
	"encoding/json"
	"io"
)

// printJSON writes a value for other programs: indented, one document.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
