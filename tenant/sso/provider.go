package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/store"
	"rookery/tenant"
)

// FindCode names what is wrong with a provider.
type FindCode string

// What can be wrong with a provider.
const (
	FindAddress     FindCode = "address"     // nothing we may ask
	FindUnreachable FindCode = "unreachable" // no answer, or one of a broken server
	FindNoDocument  FindCode = "no-document"
	FindIssuer      FindCode = "issuer"
	FindNoCode      FindCode = "no-code"
	FindNoPKCE      FindCode = "no-pkce"
	FindEndpoints   FindCode = "endpoints"
	FindSignatures  FindCode = "signatures"
	FindNoKeys      FindCode = "no-keys"
	FindLogin       FindCode = "client-login"
)

// Finding is what is wrong with a provider, in words for whoever sets it up.
type Finding struct {
	Code FindCode
	Text string
}

func find(code FindCode, format string, args ...any) *Finding {
	return &Finding{code, fmt.Sprintf(format, args...)}
}

// metadata is what we use of the document of OpenID Connect Discovery 1.0 section 3.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint,omitempty"`
	Keys          string   `json:"jwks_uri"`
	Types         []string `json:"response_types_supported,omitempty"`
	Challenges    []string `json:"code_challenge_methods_supported,omitempty"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported,omitempty"`
	ClientLogins  []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported,omitempty"` // RFC 9207
}

func (m *metadata) bytes() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and lists of them
	}
	return b
}

// algorithms that an ID token may be signed with. None, and none that shares a secret:
// whoever could read the client's secret could sign.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// discover asks a provider about itself. It returns what is wrong, or what it said.
func (s *Service) discover(ctx context.Context, issuer string) (*Finding, *metadata) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	if u, err := s.HTTP.ParseURL(issuer); err != nil || u.RawQuery != "" {
		return find(FindAddress, "We cannot ask %s: it has to be an https:// address on the public internet.", issuer), nil
	}
	answer, err := s.HTTP.Get(ctx, safehttp.GetRequest{URL: address, Accept: []string{"application/json"}, MaxBytes: maxAnswer, Deadline: Patience})
	switch {
	case errors.Is(err, safehttp.ErrBlocked), errors.Is(err, safehttp.ErrURL):
		return find(FindAddress, "We cannot ask %s: it has to be an https:// address on the public internet.", issuer), nil
	case err != nil:
		s.Log.WarnContext(ctx, "single sign-on: a provider does not answer", "issuer", issuer, "error", err)
		return find(FindUnreachable, "%s does not answer. Check the address; if it is right, your provider may be down.", address), nil
	case answer.Status >= http.StatusInternalServerError:
		return find(FindUnreachable, "%s answers with an error (%d). Your provider may be down.", address, answer.Status), nil
	case !answer.OK():
		return find(FindNoDocument, "There is no OpenID Connect provider at %s: %s answers %d.", issuer, address, answer.Status), nil
	}
	var m metadata
	if err := json.Unmarshal(answer.Body, &m); err != nil {
		return find(FindNoDocument, "%s answers with something else than an OpenID Connect document.", address), nil
	}
	if wrong := s.judge(issuer, &m); wrong != nil {
		return wrong, nil
	}
	return nil, &m
}

// judge says what of a document does not do.
func (s *Service) judge(issuer string, m *metadata) *Finding {
	if !sameIssuer(issuer, m.Issuer) {
		return find(FindIssuer, "The provider calls itself %s, not %s. Use the address by which it calls itself.", short(m.Issuer), issuer)
	}
	for name, u := range map[string]string{"authorization_endpoint": m.Authorization, "token_endpoint": m.Token, "jwks_uri": m.Keys} {
		if _, err := s.HTTP.ParseURL(u); err != nil {
			return find(FindEndpoints, "The provider’s document has no usable %s: “%s”.", name, short(u))
		}
	}
	switch {
	case len(m.Types) > 0 && !slices.Contains(m.Types, "code"):
		return find(FindNoCode, "The provider does not offer the authorisation code flow (response type “code”). Turn it on for this client.")
	case m.Challenges != nil && !slices.Contains(m.Challenges, "S256"):
		return find(FindNoPKCE, "The provider does not offer PKCE with S256. We sign nobody in without it.")
	case len(m.Algorithms) > 0 && len(common(m.Algorithms)) == 0:
		return find(FindSignatures, "The provider signs with %s. We take %s.", short(strings.Join(m.Algorithms, ", ")), strings.Join(algorithms, ", "))
	case len(m.ClientLogins) > 0 && !slices.Contains(m.ClientLogins, "client_secret_basic") && !slices.Contains(m.ClientLogins, "client_secret_post"):
		return find(FindLogin, "The provider takes no client secret (client_secret_basic or client_secret_post).")
	}
	return nil
}

// common are those of a provider's algorithms that we take.
func common(theirs []string) []string {
	var out []string
	for _, a := range theirs {
		if slices.Contains(algorithms, a) {
			out = append(out, a)
		}
	}
	return out
}

func short(s string) string { return s[:min(len(s), 200)] }

// Test asks a provider as a sign-in would and returns what is wrong, or nil.
func (s *Service) Test(ctx context.Context, issuer string) *Finding {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	wrong, m := s.discover(ctx, strings.TrimSpace(issuer))
	if wrong != nil {
		return wrong
	}
	answer, err := s.HTTP.Get(ctx, safehttp.GetRequest{URL: m.Keys, Accept: []string{"application/json"}, MaxBytes: maxAnswer, Deadline: Patience})
	if err != nil || !answer.OK() {
		return find(FindNoKeys, "The provider’s keys cannot be read at %s.", short(m.Keys))
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(answer.Body, &set) != nil || len(set.Keys) == 0 {
		return find(FindNoKeys, "There are no keys at %s.", short(m.Keys))
	}
	return nil
}

// provider is what a sign-in needs to know.
type provider struct {
	*store.SSOProvider
	about metadata
}

// provider reads a tenant's provider. What it says about itself comes from the database,
// and only where nothing is known from the provider.
func (s *Service) provider(ctx context.Context, id tenant.ID) (*provider, error) {
	row, known, err := s.before(ctx, id)
	if err != nil {
		return nil, err
	}
	if row == nil || row.State != "on" {
		return nil, refuse(Off, "")
	}
	p := &provider{SSOProvider: row}
	if known == nil {
		return p, s.learn(ctx, id, p)
	}
	if err := json.Unmarshal(known, &p.about); err != nil {
		return nil, fmt.Errorf("read what is known of the provider of tenant %d: %w", id, err)
	}
	return p, nil
}

// learn asks the provider about itself and keeps it.
func (s *Service) learn(ctx context.Context, id tenant.ID, p *provider) error {
	wrong, m := s.discover(ctx, p.Issuer)
	switch {
	case wrong != nil && wrong.Code == FindUnreachable:
		return refuse(Down, wrong.Text)
	case wrong != nil:
		return refuse(Setup, wrong.Text)
	case m.Issuer != p.Issuer:
		return refuse(Setup, "the provider calls itself "+short(m.Issuer)+" now")
	}
	p.about = *m
	err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) error { return store.KeepSSOMetadata(ctx, scope, p.Issuer, m.bytes()) })
	if err != nil {
		return fmt.Errorf("keep what the provider of tenant %d says: %w", id, err)
	}
	return nil
}

// refresh is learn where what is known is old. A provider that does not answer is taken for
// what it was.
func (s *Service) refresh(ctx context.Context, id tenant.ID, p *provider) {
	if p.MetadataAt != nil && s.Now().Sub(*p.MetadataAt) < metadataLifetime {
		return
	}
	if err := s.learn(ctx, id, p); err != nil {
		s.Log.WarnContext(ctx, "single sign-on: read a provider's document", "tenant", int64(id), "error", err)
	}
}
