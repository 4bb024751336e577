package httpx

import (
	"encoding/json"
	"fmt"
	"mime/multipart"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"rookery/internal/fault"
)

var fileType = reflect.TypeFor[*multipart.FileHeader]()

// decodeStruct fills the tagged fields of v. path names the place for error texts.
func decodeStruct(path string, params map[string]any, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if err := decodeStruct(path, params, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		raw, sent := params[name]
		if !sent || raw == nil {
			continue
		}
		if err := decode(join(path, name), raw, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "[" + name + "]"
}

func decode(path string, raw any, v reflect.Value) error {
	switch {
	case raw == nil:
		return nil
	case v.Type() == fileType:
		return decodeFile(path, raw, v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return decodePointer(path, raw, v)
	case reflect.Slice:
		return decodeSlice(path, raw, v)
	case reflect.Map:
		return decodeMap(path, raw, v)
	case reflect.Struct:
		params, ok := raw.(map[string]any)
		if !ok {
			return fault.Newf(fault.Invalid, "%s must be an object.", path)
		}
		return decodeStruct(path, params, v)
	}
	text, err := scalar(path, raw)
	if err != nil {
		return err
	}
	return decodeScalar(path, text, v)
}

func decodeFile(path string, raw any, v reflect.Value) error {
	if list, ok := raw.([]any); ok && len(list) > 0 {
		raw = list[len(list)-1]
	}
	file, ok := raw.(*multipart.FileHeader)
	if ok {
		v.Set(reflect.ValueOf(file))
		return nil
	}
	if raw == "" { // a browser's form with nothing chosen
		return nil
	}
	return fault.Newf(fault.Invalid, "%s must be a file.", path)
}

func decodePointer(path string, raw any, v reflect.Value) error {
	target := v.Type().Elem()
	if raw == "" && target.Kind() != reflect.String {
		return nil // an empty text is "not sent" for everything but a text
	}
	fresh := reflect.New(target)
	if err := decode(path, raw, fresh.Elem()); err != nil {
		return err
	}
	v.Set(fresh)
	return nil
}

func decodeSlice(path string, raw any, v reflect.Value) error {
	items, err := listOf(path, raw)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(v.Type(), 0, len(items))
	for _, item := range items {
		// media_ids[]= is how some apps say "no media".
		if item == nil || item == "" && v.Type().Elem().Kind() != reflect.String {
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := decode(path, item, element); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	v.Set(list)
	return nil
}

// listOf reads a list, a map with numbers for keys (fields_attributes[0]), or a
// single value.
func listOf(path string, raw any) ([]any, error) {
	switch raw := raw.(type) {
	case []any:
		if len(raw) > maxPairs {
			return nil, errTooMany
		}
		return raw, nil
	case map[string]any:
		positions := make([]int, 0, len(raw))
		for key := range raw {
			n, err := strconv.Atoi(key)
			if err != nil || strconv.Itoa(n) != key {
				return nil, fault.Newf(fault.Invalid, "%s must be a list.", path)
			}
			positions = append(positions, n)
		}
		slices.Sort(positions)
		list := make([]any, len(positions))
		for i, n := range positions {
			list[i] = raw[strconv.Itoa(n)]
		}
		return list, nil
	}
	return []any{raw}, nil
}

func decodeMap(path string, raw any, v reflect.Value) error {
	params, ok := raw.(map[string]any)
	if !ok || v.Type().Key().Kind() != reflect.String {
		return fault.Newf(fault.Invalid, "%s must be an object.", path)
	}
	out := reflect.MakeMapWithSize(v.Type(), len(params))
	for key, item := range params {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := decode(join(path, key), item, element); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(cleanText(key)).Convert(v.Type().Key()), element)
	}
	v.Set(out)
	return nil
}

// scalar is the textual form of a single value; of several, the last.
func scalar(path string, raw any) (string, error) {
	if list, ok := raw.([]any); ok && len(list) > 0 {
		raw = list[len(list)-1]
	}
	switch raw := raw.(type) {
	case string:
		return cleanText(raw), nil
	case json.Number:
		return raw.String(), nil
	case bool:
		return strconv.FormatBool(raw), nil
	}
	return "", fault.Newf(fault.Invalid, "%s must be a single value.", path)
}

func decodeScalar(path, text string, v reflect.Value) error {
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	if text == "" {
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		yes, ok := parseBool(text)
		if !ok {
			return fault.Newf(fault.Invalid, "%s must be true or false.", path)
		}
		v.SetBool(yes)
	case reflect.Int, reflect.Int64, reflect.Int32:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil || text[0] == '+' {
			return fault.Newf(fault.Invalid, "%s must be a whole number.", path)
		}
		v.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "0123456789.-eE") != "" { // no Inf, NaN, hexadecimal
			return fault.Newf(fault.Invalid, "%s must be a number.", path)
		}
		v.SetFloat(n)
	default:
		return fmt.Errorf("bind %s: fields of type %s are not supported", path, v.Type())
	}
	return nil
}

// parseBool knows the words that HTML forms, Rails and Python programs send.
func parseBool(text string) (yes, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1", "t", "on", "yes":
		return true, true
	case "false", "0", "f", "off", "no":
		return false, true
	}
	return false, false
}

// cleanText drops what Postgres cannot store: NUL and invalid UTF-8.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "")
}
