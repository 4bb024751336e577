package deliver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/safehttp"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
)

const (
	maxAttempts     = 16
	maxUnauthorized = 4 // our key may be unreachable for them for a moment
	longestWait     = 6 * time.Hour
	longestError    = 300 // bytes
)

// downError says that a host is left alone until then. Nothing was sent.
type downError struct{ until time.Time }

func (e *downError) Error() string { return "the host is down" }

// attempt posts to one inbox and says what became of it. An error means that
// nothing was sent for a reason that is not the inbox's fault: see postpone.
func (w *Worker) attempt(ctx context.Context, m *mail, row *store.Delivery) (store.Outcome, error) {
	if err := w.Servers.Refuse(m.tenant, row.Host); moderate.IsRefusal(err) {
		return w.failed(row, "the server is blocked"), nil
	} else if err != nil {
		return store.Outcome{}, err
	}
	probe, until, err := w.Health.admit(ctx, row.Host)
	if err != nil {
		return store.Outcome{}, err
	}
	if !until.IsZero() {
		return store.Outcome{}, &downError{until}
	}
	response, err := w.knock(ctx, m, row, probe)
	var down *downError
	switch {
	case errors.As(err, &down), errors.Is(err, safehttp.ErrBusy), ctx.Err() != nil:
		return store.Outcome{}, err
	case err != nil && safehttp.IsPermanent(err):
		return w.failed(row, err.Error()), nil
	case err != nil && fault.CodeOf(err) != fault.Unavailable:
		w.Log.ErrorContext(ctx, "delivery not attempted", "tenant", m.tenant, "activity", m.activity, "error", err)
		return store.Outcome{}, err
	case err != nil:
		w.Health.failed(ctx, row.Host, probe, err)
		return w.again(row, err.Error(), 0), nil
	}
	w.Health.ok(ctx, row.Host)
	return w.judge(row, response), nil
}

// knock posts with the signature that the host is known to take, and once more with
// the other one if it refuses: Mastodon 4.7 does the same. A key that was replaced is
// tried before either.
func (w *Worker) knock(ctx context.Context, m *mail, row *store.Delivery, probe bool) (*safehttp.Response, error) {
	modern := w.Health.prefersRFC9421(row.Host)
	if m.former != nil {
		response, err := w.post(ctx, m, m.former, row, probe, modern)
		if err != nil || !isRefusedSignature(response.Status) {
			return response, err
		}
	}
	response, err := w.post(ctx, m, m.signer, row, probe, modern)
	if err != nil || !isRefusedSignature(response.Status) {
		return response, err
	}
	second, err := w.post(ctx, m, m.signer, row, probe, !modern)
	if err == nil && second.OK() {
		w.Health.prefer(ctx, row.Host, !modern)
		return second, nil
	}
	return response, nil // the first answer is the one to go by
}

func isRefusedSignature(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized
}

func (w *Worker) post(ctx context.Context, m *mail, by *signature.Signer, row *store.Delivery, probe, modern bool) (*safehttp.Response, error) {
	return w.HTTP.Post(ctx, safehttp.PostRequest{
		URL: row.InboxURL, ContentType: vocab.MediaType, Body: m.body, Deadline: postTime, MaxBytes: 1 << 10,
		Sign: func(req *http.Request) error {
			// Asked here once more because requests to one host wait for one another: those
			// behind the one that finds it down must not dial.
			if until := w.Health.down(row.Host); !probe && !until.IsZero() {
				return &downError{until}
			}
			if modern {
				return by.SignPostRFC9421(req, m.body)
			}
			return by.SignPost(req, m.body)
		},
	})
}

// judge reads an answer. Like Mastodon it gives up at once on 4xx, except where
// that may pass: 401 while our key could not be read, 408, 429.
func (w *Worker) judge(row *store.Delivery, r *safehttp.Response) store.Outcome {
	said := fmt.Sprintf("answered %d", r.Status)
	switch {
	case r.OK():
		return store.Outcome{Before: row, State: store.DeliveryDone, Attempts: row.Attempts + 1}
	case r.Status == http.StatusGone:
		return store.Outcome{Before: row, State: store.DeliveryGone, Attempts: row.Attempts + 1, Error: said}
	case r.Status == http.StatusUnauthorized && row.Attempts+1 < maxUnauthorized,
		r.Status == http.StatusRequestTimeout, r.Status == http.StatusTooManyRequests,
		r.Status < 400, r.Status >= 500 && r.Status != http.StatusNotImplemented:
		wait, _ := r.RetryAfter(w.Now())
		return w.again(row, said, wait)
	}
	return w.failed(row, said)
}

func (w *Worker) failed(row *store.Delivery, why string) store.Outcome {
	return store.Outcome{Before: row, State: store.DeliveryFailed, Attempts: row.Attempts + 1, Error: short(why)}
}

// again plans another try, not before the server wants one.
func (w *Worker) again(row *store.Delivery, why string, atLeast time.Duration) store.Outcome {
	attempts := row.Attempts + 1
	if attempts >= maxAttempts {
		return w.failed(row, why)
	}
	next := w.Now().Add(max(backoff(attempts), min(atLeast, longestWait)))
	return store.Outcome{
		Before: row, State: store.DeliveryWaiting, Attempts: attempts, NextTryAt: &next, Error: short(why),
	}
}

// backoff is a random time around count^4+15 seconds, from two seconds to twice
// that: those who failed together do not come back together.
func backoff(count int) time.Duration {
	n := time.Duration(count)
	return 2*time.Second + rand.N(2*(n*n*n*n+15)*time.Second)
}

// postpone plans a try for a delivery that was not attempted.
func (w *Worker) postpone(row *store.Delivery, err error) store.Outcome {
	wait := 2*time.Second + rand.N(8*time.Second) // busy: soon
	var down *downError
	switch {
	case errors.As(err, &down):
		wait = w.patience(down.until)
	case fault.CodeOf(err) != fault.Unavailable:
		wait = time.Minute + rand.N(time.Minute) // something of ours: the log says what
	}
	next := w.Now().Add(wait)
	return store.Outcome{
		Before: row, State: store.DeliveryWaiting, Attempts: row.Attempts, NextTryAt: &next, Error: short(err.Error()),
	}
}

// patience is how long to leave a host alone that is down until then. It is bounded,
// because the host may be found up meanwhile, and spread, so that there is no herd.
func (w *Worker) patience(until time.Time) time.Duration {
	const longest = 10 * time.Minute
	wait := min(max(until.Sub(w.Now()), 0), longest)
	return wait + 5*time.Second + rand.N(wait/2+time.Minute)
}

// short makes an error fit for its column: peers and resolvers put anything into theirs.
func short(text string) string { return htmlsafe.TruncateBytes(htmlsafe.Clean(text), longestError) }
