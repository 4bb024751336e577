package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Postgres refuses a payload of 8,000 bytes or more.
const payloadLimit = 7900

// pack writes events as payloads: the sender's mark, a space, and a JSON list.
// Events that are too long for one payload are divided.
func pack(process string, events []Event) []string {
	var out []string
	var list strings.Builder
	flush := func() {
		if list.Len() > 0 {
			out = append(out, process+" ["+list.String()+"]")
			list.Reset()
		}
	}
	room := payloadLimit - len(process) - len(" []")
	for waiting := slices.Clone(events); len(waiting) > 0; {
		e := waiting[0]
		text, err := json.Marshal(e)
		switch {
		case err != nil || len(text) > room:
			waiting = slices.Replace(waiting, 0, 1, divide(e)...)
			continue
		case list.Len()+len(",")+len(text) > room:
			flush()
		}
		if list.Len() > 0 {
			list.WriteByte(',')
		}
		list.Write(text)
		waiting = waiting[1:]
	}
	flush()
	return out
}

// divide makes two events of one whose lists are too long. The first keeps what is
// said once, so that no stream hears it twice. What cannot be divided is nothing:
// a single tag of thousands of bytes.
func divide(e Event) []Event {
	first := e
	second := Event{Tenant: e.Tenant, Kind: e.Kind, StatusID: e.StatusID, NotificationID: e.NotificationID, Local: e.Local, Media: e.Media}
	switch {
	case len(e.Owners) > 1:
		middle := len(e.Owners) / 2
		first.Owners, second.Owners = e.Owners[:middle], e.Owners[middle:]
	case len(e.Tags) > 1:
		middle := len(e.Tags) / 2
		first.Tags, second.Tags = e.Tags[:middle], e.Tags[middle:]
	case len(e.Tags) == 1:
		first.Tags = nil
		return []Event{first}
	default:
		return nil
	}
	return []Event{first, second}
}

// unpack reads a payload; one of this process itself holds nothing new.
func unpack(process, payload string) ([]Event, error) {
	sender, list, ok := strings.Cut(payload, " ")
	if !ok {
		return nil, fmt.Errorf("a payload of %d bytes without a sender", len(payload))
	}
	if sender == process {
		return nil, nil
	}
	var events []Event
	if err := json.Unmarshal([]byte(list), &events); err != nil {
		return nil, fmt.Errorf("read a payload of %d bytes: %w", len(payload), err)
	}
	return events, nil
}
