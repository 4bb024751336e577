package httpx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
)

// Validator is implemented by inputs that can be wrong in themselves. Bind calls
// it last.
type Validator interface{ Validate() error }

// formMemory is how much of a multipart body stays in memory; the rest goes to
// temporary files, which the frame removes after the request.
const formMemory = 1 << 20

var errContentType = fault.New(fault.Malformed, "Send the body as JSON or as a form.")

// Bind reads query, form and JSON into a struct whose fields are named by json
// tags. The body wins over the query.
//
// Apps send the same input in many shapes and all of them are read: JSON with
// real or textual numbers and booleans, media_ids[]=1&media_ids[]=2,
// poll[options][]=a, fields_attributes[0][name]=a, a single value where a list
// is expected, and names with [] inside JSON. Unknown names are ignored. Null,
// and an empty text for a number or boolean, mean "not sent". Text is made
// valid UTF-8 without NUL, because Postgres stores nothing else.
//
// What cannot be read is fault.Malformed, what has a wrong value fault.Invalid.
func Bind(c echo.Context, in any) error {
	target := reflect.ValueOf(in)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("bind into %T: not a pointer to a struct", in)
	}
	params, err := readParams(c.Request())
	if err != nil {
		return err
	}
	if err := decodeStruct("", params, target.Elem()); err != nil {
		return err
	}
	if v, ok := in.(Validator); ok {
		return v.Validate()
	}
	return nil
}

// readParams merges query and body into one tree of strings, numbers, booleans,
// lists and maps.
func readParams(r *http.Request) (map[string]any, error) {
	pairs, err := parsePairs(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	params, err := nest(pairs)
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Body == nil || r.Body == http.NoBody {
		return params, nil
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	for key, value := range body {
		params[key] = value
	}
	return params, nil
}

func readBody(r *http.Request) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	switch {
	case kind == echo.MIMEMultipartForm:
		return readMultipart(r)
	case kind == echo.MIMEApplicationForm:
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, unreadable(err)
		}
		pairs, err := parsePairs(string(raw))
		if err != nil {
			return nil, err
		}
		return nest(pairs)
	case kind == echo.MIMEApplicationJSON, strings.HasSuffix(kind, "+json"):
		return readJSON(r.Body)
	}
	// A body of another kind is refused, but many programs name a kind, or none,
	// when they send no body at all.
	var one [1]byte
	if n, _ := io.ReadFull(r.Body, one[:]); n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed, errContentType.Text)
	}
	return nil, errContentType
}

func readJSON(body io.Reader) (map[string]any, error) {
	decoder := json.NewDecoder(body)
	decoder.UseNumber() // ids have more digits than a float64
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil // an empty body
		}
		return nil, unreadable(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Malformed, "The body holds more than one JSON document.")
	}
	params, ok := tree.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Malformed, "The body must be a JSON object.")
	}
	for key, value := range params { // "media_ids[]" is sent in JSON, too
		if short, ok := strings.CutSuffix(key, "[]"); ok {
			delete(params, key)
			params[short] = value
		}
	}
	return params, nil
}

func readMultipart(r *http.Request) (map[string]any, error) {
	if err := r.ParseMultipartForm(formMemory); err != nil {
		return nil, unreadable(err)
	}
	pairs, err := interleave(r.MultipartForm.Value)
	if err != nil {
		return nil, err
	}
	for key, files := range r.MultipartForm.File {
		for _, file := range files {
			pairs = append(pairs, pair{key: key, value: file})
		}
	}
	return nest(pairs)
}

// unreadable keeps the size error of http.MaxBytesReader, which is 413.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return fault.Wrap(err, fault.Malformed, "The body cannot be read.")
}
