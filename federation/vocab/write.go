package vocab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Document is something Write can serve: one of the …Document types.
type Document interface {
	// context returns the @context of the document when it stands alone.
	context() json.RawMessage
	// prepare fills lists that must be [] rather than null, also in what is embedded.
	prepare()
}

// Write marshals a document with its @context: the bytes to serve, sign and
// store. Equal documents give equal bytes. It fills in empty lists, so do not write
// one document from two goroutines.
func Write(doc Document) ([]byte, error) {
	doc.prepare()
	body, err := marshal(doc)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(body)+2048)
	out = append(out, `{"@context":`...)
	out = append(out, doc.context()...)
	out = append(out, ',')
	return append(out, body[1:]...), nil
}

// WriteJSON marshals the documents that have no @context: JRD, NodeInfoDocument.
func WriteJSON(v any) ([]byte, error) { return marshal(v) }

// marshal leaves <, > and & alone: content is HTML, and what we sign should be as
// short as what others send.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("marshal %T: %w", v, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Timestamp is a time as ActivityStreams writes it: UTC, whole seconds. Years
// beyond 9999 cannot be written, so the reader's clamps matter here too.
type Timestamp struct{ time.Time }

// At makes a Timestamp; the zero time is left out of documents.
func At(t time.Time) Timestamp { return Timestamp{t} }

// MarshalJSON writes xsd:dateTime.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format("2006-01-02T15:04:05Z") + `"`), nil
}

// filled turns a nil list into an empty one.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
