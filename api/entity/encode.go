package entity

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// A page of twenty statuses has some thousand fields, and writing it is a third of what
// reading a timeline costs. The second version of Go's JSON package writes such trees
// in one pass: nothing that MarshalJSON returned is parsed and copied again.

var encoding = json.JoinOptions(
	jsonv1.OmitEmptyWithLegacySemantics(true), // "omitempty" leaves out false and 0, as the tags here mean it
	json.Deterministic(true),
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const largestKept = 256 << 10 // a buffer that once grew beyond is left to the collector

// Write writes a document in one piece; nothing is written when it cannot be encoded.
func Write(w io.Writer, document any) error {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= largestKept {
			buffers.Put(b)
		}
	}()
	if err := write(b, document); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// write puts lists of statuses together from their kept parts. In other documents the
// kept parts are pasted in, for which the encoder reads them once more.
func write(b *bytes.Buffer, document any) error {
	var raw []byte
	var err error
	switch d := document.(type) {
	case []*Status:
		raw, err = appendStatuses(b.AvailableBuffer(), d)
	case *Status:
		raw, err = appendStatus(b.AvailableBuffer(), d)
	default:
		return json.MarshalWrite(b, document, encoding, keptParts)
	}
	_, _ = b.Write(raw) // a bytes.Buffer takes everything
	return err
}

// MarshalJSONTo implements json.MarshalerTo.
func (a Array[T]) MarshalJSONTo(e *jsontext.Encoder) error {
	if len(a) == 0 {
		return e.WriteValue(jsontext.Value(emptyList))
	}
	return json.MarshalEncode(e, []T(a))
}

// MarshalJSONTo implements json.MarshalerTo.
func (o Object[T]) MarshalJSONTo(e *jsontext.Encoder) error {
	return json.MarshalEncode(e, map[string]T(o)) // nil is {}
}

// MarshalJSONTo implements json.MarshalerTo.
func (id ID) MarshalJSONTo(e *jsontext.Encoder) error {
	b := append(e.AvailableBuffer(), '"')
	b = strconv.AppendInt(b, int64(id), 10)
	return e.WriteValue(append(b, '"'))
}

// MarshalJSONTo implements json.MarshalerTo.
func (t Time) MarshalJSONTo(e *jsontext.Encoder) error {
	return writeTime(e, time.Time(t), timeLayout)
}

// MarshalJSONTo implements json.MarshalerTo.
func (m Midnight) MarshalJSONTo(e *jsontext.Encoder) error {
	return writeTime(e, time.Time(m).Truncate(24*time.Hour), timeLayout)
}

// MarshalJSONTo implements json.MarshalerTo.
func (d Date) MarshalJSONTo(e *jsontext.Encoder) error {
	return writeTime(e, time.Time(d), time.DateOnly)
}

func writeTime(e *jsontext.Encoder, t time.Time, layout string) error {
	b := append(e.AvailableBuffer(), '"')
	b = t.UTC().AppendFormat(b, layout)
	return e.WriteValue(append(b, '"'))
}
