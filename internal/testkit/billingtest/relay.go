package billingtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/stripe/stripe-go/v76/webhook"
)

// bell hears of the provider's events by asking for them.
type bell struct {
	*api
	since int64 // events of before are of no interest
	seen  map[string]bool
}

// news are the events that were not there the last time, the oldest first, as far as they
// are of customers that are ours: others may use the same account.
func (b *bell) news(ctx context.Context, ours func(customer string) bool) (out []json.RawMessage, err error) {
	form := url.Values{"limit": {"100"}, "created[gte]": {strconv.FormatInt(b.since, 10)}}
	for {
		var page struct {
			Data []json.RawMessage
			More bool `json:"has_more"`
		}
		if err := b.call(ctx, http.MethodGet, "/v1/events", form, &page); err != nil {
			return nil, err
		}
		isNew, last := false, ""
		for _, raw := range page.Data {
			e, err := b.read(ctx, raw)
			if err != nil {
				return nil, err
			}
			last = e.id
			if b.seen[e.id] {
				continue
			}
			isNew, b.seen[e.id] = true, true
			if ours(e.customer) {
				out = append(out, raw)
			}
		}
		if !page.More || !isNew {
			slices.Reverse(out)
			return out, nil
		}
		form.Set("starting_after", last)
	}
}

// heard is an event and whose it is.
type heard struct{ id, customer string }

// read finds out whose an event is: a dispute names its charge only.
func (b *bell) read(ctx context.Context, raw json.RawMessage) (heard, error) {
	var e struct {
		ID   string
		Data struct {
			Object struct{ ID, Object, Customer, Charge json.RawMessage }
		}
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return heard{}, err
	}
	o := e.Data.Object
	out := heard{id: e.ID, customer: name(o.Customer)}
	switch {
	case out.customer != "" || b.seen[e.ID]:
	case name(o.Object) == "customer":
		out.customer = name(o.ID)
	case name(o.Charge) != "":
		var charge struct{ Customer string }
		if err := b.call(ctx, http.MethodGet, "/v1/charges/"+name(o.Charge), nil, &charge); err != nil {
			return out, err
		}
		out.customer = charge.Customer
	}
	return out, nil
}

// name is an id; what is expanded, or no id at all, has none.
func name(raw json.RawMessage) (out string) {
	_ = json.Unmarshal(raw, &out) // another type is no id
	return out
}

// ring hands an event to the webhook's door, signed as Stripe signs.
func (w *World) ring(ctx context.Context, event []byte) error {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: event, Secret: w.Secret, Timestamp: w.Now()})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Door, bytes.NewReader(signed.Payload))
	if err != nil {
		return err
	}
	req.Header.Set("Stripe-Signature", signed.Header)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the door answers an event with %s", answer.Status)
	}
	return nil
}
