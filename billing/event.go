package billing

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

var errEvent = errors.New("that is no event of the payment provider")

// ReadEvent reads the little of an event that counts: what it is called and whom it is
// about. Everything else differs from one API version to the next, and is never looked at.
func ReadEvent(raw []byte) (Event, error) {
	var in struct {
		ID         string `json:"id"`
		Object     string `json:"object"`
		Type       string `json:"type"`
		APIVersion string `json:"api_version"`
		Created    int64  `json:"created"`
		Livemode   bool   `json:"livemode"`
		Account    string `json:"account"`
		Data       struct {
			Object struct {
				ID       string          `json:"id"`
				Object   string          `json:"object"`
				Customer json.RawMessage `json:"customer"`
				Charge   json.RawMessage `json:"charge"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Event{}, errEvent
	}
	const longest = 255
	if in.Object != "event" || in.ID == "" || len(in.ID) > longest || in.Type == "" || len(in.Type) > longest {
		return Event{}, errEvent
	}
	e := Event{
		ID: in.ID, Type: in.Type, APIVersion: in.APIVersion, Created: time.Unix(in.Created, 0).UTC(), Livemode: in.Livemode, Account: in.Account,
		Object: in.Data.Object.ID, Customer: idIn(in.Data.Object.Customer), Charge: idIn(in.Data.Object.Charge), Raw: raw,
	}
	if in.Data.Object.Object == "customer" {
		e.Customer = e.Object
	}
	if e.Customer == "" && e.Charge != "" {
		e.Object = e.Charge // whose it is has to be asked
	}
	return e, nil
}

// idIn is the id of something that comes as its id, or as a whole.
func idIn(raw json.RawMessage) string {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return strings.TrimSpace(id)
	}
	var whole struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &whole)
	return whole.ID
}
