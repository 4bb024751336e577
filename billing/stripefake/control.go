package stripefake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// controls lets somebody with the API key do over HTTP what tests do by
// calling the Server: POST /_fake/clock with advance=72h, and so on.
func (s *Server) controls() {
	for name, act := range map[string]func(control) (obj, error){
		"clock": func(c control) (obj, error) {
			s.Advance(c.span("advance"))
			return obj{"now": s.Now().Unix()}, nil
		},
		"webhooks": func(c control) (obj, error) {
			s.MisbehaveWebhooks(WebhookChaos{
				Duplicate: c.number("duplicate"), Drop: c.number("drop"), Shuffle: c.form.Get("shuffle") == "true",
				Delay: c.span("delay"), Skew: c.span("skew"), Secret: c.form.Get("secret"), Version: c.form.Get("version"),
			})
			return obj{}, nil
		},
		"api": func(c control) (obj, error) {
			s.MisbehaveAPI(APIChaos{
				Method: c.form.Get("method"), Path: c.form.Get("path"), Calls: c.number("calls"), Latency: c.span("latency"),
				Status: c.number("status"), Hang: c.form.Get("hang") == "true", After: c.form.Get("after") == "true",
			})
			return obj{}, nil
		},
		"dispute": func(c control) (obj, error) {
			id, err := s.OpenDispute(c.form.Get("charge"), c.form.Get("reason"))
			return obj{"id": id}, err
		},
		"dispute/close": func(c control) (obj, error) {
			return obj{}, s.CloseDispute(c.form.Get("dispute"), c.form.Get("won") == "true")
		},
		"warning": func(c control) (obj, error) {
			id, err := s.WarnOfFraud(c.form.Get("charge"))
			return obj{"id": id}, err
		},
		"decline": func(c control) (obj, error) {
			return obj{}, s.DeclineNext(c.form.Get("customer"), strings.Fields(c.form.Get("codes"))...)
		},
		"bank": func(c control) (obj, error) {
			return obj{}, s.AnswerBank(c.form.Get("invoice"), c.form.Get("yes") == "true")
		},
		"customer/delete": func(c control) (obj, error) { return obj{}, s.DeleteCustomer(c.form.Get("customer")) },
		"price/archive":   func(c control) (obj, error) { return obj{}, s.ArchivePrice(c.form.Get("price")) },
		"subscription/move": func(c control) (obj, error) {
			return obj{}, s.MoveSubscription(c.form.Get("subscription"), c.form.Get("customer"))
		},
		"endpoint/roll": func(c control) (obj, error) {
			secret, err := s.RollSecret(c.form.Get("endpoint"))
			return obj{"secret": secret}, err
		},
		"endpoint/roll/end": func(c control) (obj, error) {
			s.EndRoll(c.form.Get("endpoint"))
			return obj{}, nil
		},
		"resend": func(c control) (obj, error) { return obj{}, s.Resend(c.form.Get("event")) },
		"flush":  func(c control) (obj, error) { return obj{}, s.Flush(c.request.Context()) },
	} {
		s.mux.HandleFunc("POST /_fake/"+name, s.control(act))
	}
}

// control is one request to control the fake, whose values can be read.
type control struct {
	request *http.Request
	form    url.Values
}

var (
	controlNumbers = []string{"duplicate", "drop", "calls", "status"}
	controlSpans   = []string{"advance", "delay", "skew", "latency"}
)

// readable checks all values before anything is changed.
func (c control) readable() *apiError {
	for _, name := range controlNumbers {
		if _, err := strconv.Atoi(c.form.Get(name)); err != nil && c.form.Get(name) != "" {
			return wrong(stripe.ErrorCodeParameterInvalidInteger, name, "Invalid integer: %s", c.form.Get(name))
		}
	}
	for _, name := range controlSpans {
		if _, err := time.ParseDuration(c.form.Get(name)); err != nil && c.form.Get(name) != "" {
			return wrong("", name, "Invalid duration: %s; write 72h or 90s.", c.form.Get(name))
		}
	}
	return nil
}

func (c control) number(name string) int {
	n, _ := strconv.Atoi(c.form.Get(name)) // absent is 0
	return n
}

func (c control) span(name string) time.Duration {
	d, _ := time.ParseDuration(c.form.Get(name)) // absent is 0
	return d
}

func (s *Server) control(act func(control) (obj, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !s.keyFits(key) {
			writeError(w, "", unauthorized(key))
			return
		}
		form, err := readForm(w, r)
		if err != nil {
			writeError(w, "", wrong("", "", "Unreadable request: %v", err))
			return
		}
		c := control{request: r, form: form}
		if err := c.readable(); err != nil {
			writeError(w, "", err)
			return
		}
		out, err := act(c)
		if err != nil {
			writeError(w, "", wrong("", "", "%s", plainly(err)))
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			writeError(w, "", wrong("", "", "%s", err))
			return
		}
		writeJSON(w, "", http.StatusOK, body)
	}
}
