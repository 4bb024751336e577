package sso

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// Settings are what a company says about its provider, less the secret.
type Settings struct {
	Issuer        string
	ClientID      string
	HasSecret     bool
	Scopes        []string
	MailDomains   []string
	Role          people.Membership // at the first sign-in
	MakeAccount   bool
	UsernameClaim string
	AgainDays     int  // sign in again after so many days; 0: as others do
	Required      bool // passwords and passkeys do not do
	On            bool
	IsKnown       bool // the provider has told about itself
}

// Owner is somebody who may have a way in besides the provider.
type Owner struct {
	Person      *people.Person
	CanSignIn   bool // has a password and is not disabled
	IsGlass     bool
	DisplayName string
}

// Of returns a tenant's settings; without any they are those of a new form.
func (s *Service) Of(ctx context.Context, id tenant.ID) (*Settings, error) {
	var row *store.SSOProvider
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) (err error) {
		row, err = store.SSOProviderOf(ctx, scope)
		return err
	})
	if fault.IsNotFound(err) {
		return &Settings{Scopes: []string{"openid", "email", "profile"}, Role: people.MemberPlain, UsernameClaim: "preferred_username"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the single sign-on of tenant %d: %w", id, err)
	}
	return fromRow(row), nil
}

func fromRow(row *store.SSOProvider) *Settings {
	return &Settings{
		Issuer: row.Issuer, ClientID: row.ClientID, HasSecret: len(row.ClientSecret) > 0, Scopes: row.Scopes, MailDomains: row.MailDomains,
		Role: people.Membership(row.DefaultRole), MakeAccount: row.MakeAccount, UsernameClaim: row.UsernameClaim, AgainDays: row.AgainDays,
		Required: row.Required, On: row.State == "on", IsKnown: len(row.Metadata) > 0,
	}
}

// Owners returns a tenant's owners and which of them may do without the provider.
func (s *Service) Owners(ctx context.Context, id tenant.ID) ([]Owner, error) {
	var rows []*store.SSOOwner
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) (err error) {
		rows, err = store.SSOOwners(ctx, scope)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the owners of tenant %d: %w", id, err)
	}
	list := make([]social.PersonID, len(rows))
	for i, row := range rows {
		list[i] = row.PersonID
	}
	named, err := s.People.ByIDs(ctx, list)
	if err != nil {
		return nil, err
	}
	var out []Owner
	for _, row := range rows {
		if p := named[row.PersonID]; p != nil {
			out = append(out, Owner{Person: p, CanSignIn: p.HasPassword && !p.Disabled, IsGlass: row.BreakGlass, DisplayName: p.Name})
		}
	}
	return out, nil
}

// Change is what somebody wants the settings to be.
type Change struct {
	Settings
	Secret string            // "": the one there is
	Glass  []social.PersonID // owners who may do without the provider
}

// Wrong says of each field of a form what is wrong with it.
type Wrong map[string]string

// Error implements error.
func (w Wrong) Error() string { return fmt.Sprintf("%d fields of single sign-on are wrong", len(w)) }

var (
	mailDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,100}$`) // RFC 6749 section 3.3
	claimName  = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,100}$`)
)

const (
	maxDomains = 20
	maxScopes  = 20
	maxAgain   = 365
)

// clean brings what was typed into form and says what is wrong with it.
func (c *Change) clean() Wrong {
	wrong := Wrong{}
	c.Issuer, c.ClientID, c.Secret = strings.TrimSpace(c.Issuer), strings.TrimSpace(c.ClientID), strings.TrimSpace(c.Secret)
	c.UsernameClaim = strings.TrimSpace(c.UsernameClaim)
	if c.Issuer == "" || len(c.Issuer) > 500 || strings.ContainsAny(c.Issuer, "?#") {
		wrong["issuer"] = "Give the issuer’s address as your provider shows it, such as https://login.acme.com/realms/acme."
	}
	if c.ClientID == "" || len(c.ClientID) > 300 {
		wrong["client_id"] = "Give the client ID that your provider shows."
	}
	if len(c.Secret) > 1000 {
		wrong["client_secret"] = "This is too long for a client secret."
	}
	if !slices.Contains([]people.Membership{people.MemberAdmin, people.MemberBilling, people.MemberModerator, people.MemberPlain}, c.Role) {
		wrong["role"] = "Choose one of the roles. Owners are made by owners."
	}
	if c.AgainDays < 0 || c.AgainDays > maxAgain {
		wrong["again_days"] = "Give a number of days up to " + strconv.Itoa(maxAgain) + ", or 0."
	}
	if c.UsernameClaim == "" {
		c.UsernameClaim = "preferred_username"
	}
	if !claimName.MatchString(c.UsernameClaim) {
		wrong["username_claim"] = "This is not the name of a claim."
	}
	for i, d := range c.MailDomains {
		c.MailDomains[i] = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@"))
		if !mailDomain.MatchString(c.MailDomains[i]) || len(d) > 253 {
			wrong["mail_domains"] = "“" + c.MailDomains[i] + "” is not a domain such as acme.com."
		}
	}
	if len(c.MailDomains) > maxDomains {
		wrong["mail_domains"] = "List " + strconv.Itoa(maxDomains) + " domains at most."
	}
	if !slices.Contains(c.Scopes, "openid") {
		c.Scopes = append([]string{"openid"}, c.Scopes...)
	}
	if len(c.Scopes) > maxScopes || slices.ContainsFunc(c.Scopes, func(s string) bool { return !scopeToken.MatchString(s) }) {
		wrong["scopes"] = "Give a few scopes with spaces between, such as openid email profile."
	}
	c.Required = c.Required && c.On
	return wrong
}

// Save stores a company's settings. What is wrong comes back as Wrong. It cannot be turned on
// with a plan that lacks it; what is on stays on, and can be changed. Turning it on asks
// the provider; one that does not answer right now is no obstacle if it did before.
func (s *Service) Save(ctx context.Context, t *tenant.Tenant, c Change, by audit.Actor) error {
	wrong := c.clean()
	before, metadata, err := s.before(ctx, t.ID)
	if err != nil {
		return err
	}
	if c.On && (before == nil || before.State != "on") {
		if err := entitled.ToUse(t, tenant.SingleSignOn); err != nil {
			return err
		}
	}
	// The secret was given for one client of one provider: whoever changes either must know
	// it, or it could be sent to a server of their own.
	moved := before == nil || !sameIssuer(before.Issuer, c.Issuer) || before.ClientID != c.ClientID
	if c.Secret == "" && moved && wrong["issuer"] == "" && wrong["client_id"] == "" {
		wrong["client_secret"] = "Type the client secret. For another issuer or client it is asked for again."
	}
	if before != nil && sameIssuer(before.Issuer, c.Issuer) {
		c.Issuer = before.Issuer
	} else {
		metadata = nil
	}
	if err := s.checkGlass(ctx, t.ID, c, wrong); err != nil {
		return err
	}
	if c.On && len(wrong) == 0 {
		found, fresh := s.discover(ctx, c.Issuer)
		switch {
		case found == nil:
			metadata, c.Issuer = fresh.bytes(), fresh.Issuer
		case metadata == nil || found.Code != FindUnreachable:
			wrong["issuer"] = found.Text
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return s.store(ctx, t, c, metadata, by)
}

func (s *Service) before(ctx context.Context, id tenant.ID) (*store.SSOProvider, []byte, error) {
	var row *store.SSOProvider
	err := s.DB.Read(ctx, id, func(scope *pg.Scope) (err error) {
		row, err = store.SSOProviderOf(ctx, scope)
		return err
	})
	if fault.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the single sign-on of tenant %d: %w", id, err)
	}
	if len(row.Metadata) == 0 {
		return row, nil, nil
	}
	return row, row.Metadata, nil
}

// checkGlass wants a way in that works before the usual one is closed.
func (s *Service) checkGlass(ctx context.Context, id tenant.ID, c Change, wrong Wrong) error {
	if !c.Required {
		return nil
	}
	owners, err := s.Owners(ctx, id)
	if err != nil {
		return err
	}
	for _, o := range owners {
		if o.CanSignIn && slices.Contains(c.Glass, o.Person.ID) {
			return nil
		}
	}
	wrong["glass"] = "Choose one owner at least who has a password. Otherwise nobody gets in when your provider is down."
	return nil
}

func (s *Service) store(ctx context.Context, t *tenant.Tenant, c Change, metadata []byte, by audit.Actor) error {
	err := s.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		before, err := store.LockSSOProvider(ctx, scope)
		if err != nil && !fault.IsNotFound(err) {
			return err
		}
		if before == nil {
			before = &store.SSOProvider{}
		}
		row := s.row(t.ID, c, metadata, before)
		if err := store.PutSSOProvider(ctx, scope, row); err != nil {
			return err
		}
		if err := store.SetBreakGlass(ctx, scope, c.Glass); err != nil {
			return err
		}
		if err := s.endWhatChanged(ctx, scope, before, row); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "sso.change", Target: "tenant:" + t.ID.String(), Detail: detail(row, c)})
	})
	if err != nil {
		return fmt.Errorf("store the single sign-on of tenant %d: %w", t.ID, err)
	}
	return nil
}

func detail(row *store.SSOProvider, c Change) map[string]string {
	return map[string]string{
		"issuer": row.Issuer, "client": row.ClientID, "state": row.State, "required": strconv.FormatBool(row.Required), "role": row.DefaultRole,
		"mail_domains": strings.Join(row.MailDomains, " "), "new_secret": strconv.FormatBool(c.Secret != ""), "again_days": strconv.Itoa(row.AgainDays),
		"make_account": strconv.FormatBool(row.MakeAccount), "break_glass": strings.Trim(fmt.Sprint(c.Glass), "[]"),
	}
}

func (s *Service) row(id tenant.ID, c Change, metadata []byte, before *store.SSOProvider) *store.SSOProvider {
	row := &store.SSOProvider{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: before.ClientSecret, Scopes: c.Scopes, MailDomains: orNone(c.MailDomains),
		DefaultRole: string(c.Role), MakeAccount: c.MakeAccount, UsernameClaim: c.UsernameClaim, AgainDays: c.AgainDays, Required: c.Required,
		State: "off", Metadata: metadata,
	}
	if c.On {
		row.State = "on"
	}
	if c.Secret != "" {
		row.ClientSecret = s.Seal.Seal([]byte(c.Secret), sealedFor(id))
	}
	if len(metadata) > 0 {
		now := s.Now()
		row.MetadataAt = &now
	} else {
		row.Metadata = []byte{}
	}
	return row
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// endWhatChanged ends the sessions that would not have come about under the new settings.
func (s *Service) endWhatChanged(ctx context.Context, scope *pg.Scope, before, row *store.SSOProvider) error {
	if before.Issuer != row.Issuer || before.ClientID != row.ClientID {
		if _, err := store.EndSSOSessions(ctx, scope); err != nil {
			return err
		}
		if err := store.EndSSORooms(ctx, scope); err != nil {
			return err
		}
	}
	if before.AgainDays != row.AgainDays {
		if err := store.BoundSSOSessions(ctx, scope, row.AgainDays); err != nil {
			return err
		}
		if err := store.EndSSORooms(ctx, scope); err != nil {
			return err
		}
	}
	if !row.Required {
		return nil
	}
	if _, err := store.EndSessionsWithoutSSO(ctx, scope); err != nil {
		return err
	}
	return nil
}

// TurnOff lets everybody sign in by password again: for a company that has locked itself
// out. What was set up stays. It reports whether there was anything to turn off.
func (s *Service) TurnOff(ctx context.Context, id tenant.ID, by audit.Actor) (changed bool, err error) {
	err = s.DB.Tenant(ctx, id, func(scope *pg.Scope) error {
		row, err := store.LockSSOProvider(ctx, scope)
		if fault.IsNotFound(err) || err == nil && row.State == "off" {
			return nil
		}
		if err != nil {
			return err
		}
		changed, row.State, row.Required = true, "off", false
		if err := store.PutSSOProvider(ctx, scope, row); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "sso.off", Target: "tenant:" + id.String()})
	})
	if err != nil {
		return false, fmt.Errorf("turn off the single sign-on of tenant %d: %w", id, err)
	}
	return changed, nil
}

// sealedFor binds the secret to its tenant.
func sealedFor(id tenant.ID) string { return "sso-client/" + id.String() }

// sameIssuer: people leave out the slash at the end, providers do not.
func sameIssuer(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// Leads reports whether a mail address belongs to a domain of the company's provider.
func (set *Settings) Leads(mail string) bool {
	_, domain, ok := strings.Cut(strings.ToLower(strings.TrimSpace(mail)), "@")
	return ok && set.On && slices.Contains(set.MailDomains, domain)
}

func (s *Service) until(days int, longest time.Duration) time.Time {
	if days > 0 {
		longest = min(longest, time.Duration(days)*24*time.Hour)
	}
	return s.Now().Add(longest)
}
