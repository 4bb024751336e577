package stripefake

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// answerTime is how long an endpoint may take.
const answerTime = 10 * time.Second

// postOffice holds the webhooks on their way.
type postOffice struct {
	queue   []*delivery
	waiters []chan struct{}
	wake    chan struct{}
	chaos   WebhookChaos
}

// delivery is one event for one endpoint.
type delivery struct {
	event    *event
	endpoint string
	tries    int
	due      int64
	held     bool // to be shuffled
	chaos    WebhookChaos
}

// enqueue posts an event, with what chaos asks for.
func (s *Server) enqueue(ev *event, ep *endpoint) {
	chaos := &s.post.chaos
	if chaos.Drop != 0 {
		if chaos.Drop > 0 {
			chaos.Drop--
		}
		return
	}
	for range 1 + chaos.Duplicate {
		s.post.queue = append(s.post.queue, &delivery{
			event: ev, endpoint: ep.id, held: chaos.Shuffle, chaos: *chaos,
			due: s.now("") + int64(chaos.Delay/time.Second),
		})
	}
}

func (s *Server) wakePost() {
	select {
	case s.post.wake <- struct{}{}:
	default:
	}
}

// deliver sends what is due, one after the other, until the context ends.
func (s *Server) deliver(ctx context.Context) {
	defer s.ended.Done()
	var ticks <-chan time.Time
	if s.opts.Tick > 0 {
		ticker := time.NewTicker(s.opts.Tick)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		for ctx.Err() == nil && s.deliverNext(ctx) {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.post.wake:
		case <-ticks:
			s.mu.Lock()
			s.tick()
			s.release()
			s.mu.Unlock()
		}
	}
}

// deliverNext sends one webhook; false when none is due.
func (s *Server) deliverNext(ctx context.Context) bool {
	s.mu.Lock()
	d, request := s.nextRequest(ctx)
	if d == nil {
		for _, waiter := range s.post.waiters {
			close(waiter)
		}
		s.post.waiters = nil
		s.mu.Unlock()
		return false
	}
	s.mu.Unlock()

	ok := request != nil && s.send(request)

	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		delete(d.event.pending, d.endpoint)
		return true
	}
	d.tries++
	if d.tries < s.opts.Tries {
		d.due = s.now("")
		if s.opts.Retry != nil {
			d.due += int64(s.opts.Retry(d.tries) / time.Second)
		}
		s.post.queue = append(s.post.queue, d)
	}
	return true
}

// nextRequest takes the next due delivery off the queue.
func (s *Server) nextRequest(ctx context.Context) (*delivery, *http.Request) {
	now := s.now("")
	at := slices.IndexFunc(s.post.queue, func(d *delivery) bool { return !d.held && d.due <= now })
	if at < 0 {
		return nil, nil
	}
	d := s.post.queue[at]
	s.post.queue = slices.Delete(s.post.queue, at, at+1)
	ep, ok := s.endpoints.get(d.endpoint)
	if !ok {
		d.tries = s.opts.Tries
		return d, nil
	}
	body, signature, err := s.signed(d.event, ep, d.chaos)
	if err != nil {
		return d, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, ep.url, bytes.NewReader(body))
	if err != nil {
		return d, nil
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Stripe/1.0 (fake)")
	request.Header.Set("Stripe-Signature", signature)
	return d, request
}

func (s *Server) send(request *http.Request) bool {
	if s.opts.Client == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(request.Context(), answerTime)
	defer cancel()
	answer, err := s.opts.Client.Do(request.WithContext(ctx))
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()                      // read only
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // lets the connection be used again
	return answer.StatusCode >= 200 && answer.StatusCode < 300
}

// signed is a webhook's body and its signature header.
func (s *Server) signed(ev *event, ep *endpoint, chaos WebhookChaos) ([]byte, string, error) {
	version := ep.version
	if version == "" {
		version = s.opts.AccountVersion
	}
	if chaos.Version != "" {
		version = chaos.Version
	}
	body, err := json.MarshalIndent(s.eventAs(ev, version), "", "  ")
	if err != nil {
		return nil, "", err
	}
	secrets := ep.secrets
	if chaos.Secret != "" {
		secrets = []string{chaos.Secret}
	}
	at := time.Unix(s.now(""), 0).Add(chaos.Skew)
	header := ""
	for _, secret := range secrets {
		one := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at})
		if header == "" {
			header = one.Header
		} else {
			header += ",v1=" + hex.EncodeToString(one.Signature)
		}
	}
	return body, header, nil
}

// Signed is an event as it goes to an endpoint, for tests that deliver it by
// hand: late, twice at once, or changed.
func (s *Server) Signed(eventID, endpointID string) (body []byte, header string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev, ok := s.events.get(eventID)
	ep, known := s.endpoints.get(endpointID)
	if !ok || !known {
		return nil, "", errors.New("no event " + eventID + " or no endpoint " + endpointID)
	}
	return s.signed(ev, ep, s.post.chaos)
}

// Resend posts an event again to the endpoints that listen.
func (s *Server) Resend(eventID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ev, ok := s.events.get(eventID)
	if !ok {
		return errors.New("no event " + eventID)
	}
	for _, ep := range s.endpoints.all() {
		if ep.listens(ev.kind) {
			s.enqueue(ev, ep)
		}
	}
	s.wakePost()
	return nil
}

// Flush releases shuffled webhooks and waits until all that are due were
// taken or given up. What Delay holds back is not waited for.
func (s *Server) Flush(ctx context.Context) error {
	s.mu.Lock()
	s.tick()
	s.release()
	waiter := make(chan struct{})
	s.post.waiters = append(s.post.waiters, waiter)
	s.wakePost()
	s.mu.Unlock()
	select {
	case <-waiter:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return errors.New("the fake was closed")
	}
}

// release puts held webhooks in the opposite order: no order that tests would
// come to rely on, but the same at each run.
func (s *Server) release() {
	var held, rest []*delivery
	for _, d := range s.post.queue {
		if d.held {
			d.held = false
			held = append(held, d)
		} else {
			rest = append(rest, d)
		}
	}
	slices.Reverse(held)
	s.post.queue = slices.Concat(rest, held)
}
