package look

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"mime"
	"net/url"
	"strings"
)

// WebFinger is where the look-up of a handle leads.
type WebFinger struct {
	URL     string
	Final   string // after redirects
	Status  int    // 0: nothing answered
	Failure string // as of a Probe
	// IsJSON: the answer is a JRD (RFC 7033 section 4.4).
	IsJSON      bool
	ContentType string
	// HasQuery: the resource that was asked for arrived at the end.
	HasQuery bool
	Subject  string // of the answer
	Proven   bool   // it was us, for this resource
	Software string // what answers there instead of us
	Server   string
}

// ProbeUser is the account name that probes ask for; nobody can have it.
const ProbeUser = "rookery-probe-"

// ProofProperty is the property of a JRD that holds the proof.
const ProofProperty = "https://rookery.example/ns#probe"

func (l *Looker) webFinger(ctx context.Context, t Target) *WebFinger {
	nonce := strings.ToLower(rand.Text())
	resource := "acct:" + ProbeUser + nonce + "@" + t.Name
	w := &WebFinger{URL: t.Scheme + "://" + t.Name + "/.well-known/webfinger?resource=" + url.QueryEscape(resource)}
	answer, final, err := l.get(ctx, w.URL, "application/jrd+json", "application/json")
	w.Final = final
	if at, parseErr := url.Parse(final); parseErr == nil {
		w.HasQuery = at.Query().Get("resource") == resource
	}
	if err != nil {
		w.Failure = failureOf(err)
		return w
	}
	w.Status = answer.Status
	w.ContentType, w.Server = answer.Header.Get("Content-Type"), strings.ToLower(answer.Header.Get("Server"))
	var jrd struct {
		Subject    string
		Properties map[string]any
	}
	kind, _, _ := mime.ParseMediaType(w.ContentType)
	w.IsJSON = json.Unmarshal(answer.Body, &jrd) == nil && (kind == "application/jrd+json" || kind == "application/json")
	w.Subject = jrd.Subject
	given, _ := jrd.Properties[ProofProperty].(string)
	w.Proven = answer.OK() && w.IsJSON && given != "" && given == l.Proof(t.Name, nonce)
	if !w.Proven {
		w.Software = l.software(ctx, t.Scheme, t.Name, t.Host)
	}
	return w
}
