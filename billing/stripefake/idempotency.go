package stripefake

import (
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// reply is the stored answer to a request with an Idempotency-Key.
type reply struct {
	fingerprint string
	status      int
	body        []byte
	at          int64
}

// keepReplies is how long Stripe promises to know a key.
const keepReplies = day

// worthKeeping: a request that was refused before anything ran, or that failed
// on the server's side, may be made again with the same key.
func worthKeeping(status int) bool {
	return status < http.StatusBadRequest || status == http.StatusPaymentRequired
}

func errOtherRequest(key string) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: stripe.ErrorTypeIdempotency,
		message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request."}
}

func (s *Server) forgetReplies(now int64) {
	for key, r := range s.replies {
		if r.at+keepReplies < now {
			delete(s.replies, key)
		}
	}
}

// encode writes parameters in one order, so that equal requests are equal.
func encode(p params) string {
	var out strings.Builder
	for _, path := range p.paths() {
		out.WriteString(path + "=" + p[path] + "\x00")
	}
	return out.String()
}
