package store_test

import (
	"context"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
)

// accessRows are one row of each kind in tenant A.
type accessRows struct {
	app     *store.App
	token   *store.Token
	code    *store.Code
	session *store.Session
}

func addAccessRows(t *testing.T, h *fixture.Home) accessRows {
	t.Helper()
	r := accessRows{
		app: &store.App{ID: social.AppID(ids.New()), ClientID: "client", SecretHash: []byte("s"), Name: "App", RedirectURIs: []string{"x://y"}, Scopes: []string{"read"}},
	}
	r.token = &store.Token{ID: ids.New(), TokenHash: []byte("token"), AppID: r.app.ID, PersonID: h.Person, AccountID: h.Account.ID, Scopes: []string{"read"}}
	r.code = &store.Code{
		CodeHash: []byte("code"), AppID: r.app.ID, PersonID: h.Person, AccountID: h.Account.ID, RedirectURI: "x://y",
		Scopes: []string{"read"}, ExpiresAt: time.Now().Add(time.Minute),
	}
	r.session = &store.Session{IDHash: []byte("session"), PersonID: h.Person, UserAgent: "Browser", ExpiresAt: time.Now().Add(time.Hour)}
	h.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.AddApp(ctx, scope, r.app); err != nil {
			return err
		}
		if err := store.AddToken(ctx, scope, r.token); err != nil {
			return err
		}
		if err := store.AddCode(ctx, scope, r.code); err != nil {
			return err
		}
		if err := store.SetNeedsSecondFactor(ctx, scope, true); err != nil {
			return err
		}
		return store.AddSession(ctx, scope, r.session)
	})
	return r
}

// TestAccessRowsAreInvisibleToOtherTenants asks for each row of A from A, where it
// must be, and from B, where it must be NotFound or nothing. B first: a function that
// deletes must not have reached A's row.
func TestAccessRowsAreInvisibleToOtherTenants(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	r := addAccessRows(t, w.A)
	person, account := w.A.Person, w.A.Account.ID
	type query = func(context.Context, *pg.Scope) (rows int64, err error)
	one := func(err error) (int64, error) { return 1, err }
	tests := []struct {
		name string
		ask  query
	}{
		{"MemberByPerson", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.MemberByPerson(ctx, s, person)
			return one(err)
		}},
		{"Members", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.Members(ctx, s, person-1, 1)
			if len(rows) == 1 && rows[0].PersonID != person {
				return 0, err
			}
			return int64(len(rows)), err
		}},
		{"OperatorOf", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.OperatorOf(ctx, s, account, person)
			return one(err)
		}},
		{"OperatorsOfAccount", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.OperatorsOfAccount(ctx, s, account)
			return int64(len(rows)), err
		}},
		{"OperatorsOfPerson", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.OperatorsOfPerson(ctx, s, person)
			return int64(len(rows)), err
		}},
		{"SetOperator", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.SetOperator(ctx, s, store.Operator{AccountID: account, PersonID: person, Role: "viewer"}))
		}},
		{"AppByClientID", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.AppByClientID(ctx, s, "client")
			return one(err)
		}},
		{"AppByID", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.AppByID(ctx, s, r.app.ID)
			return one(err)
		}},
		{"AppsByIDs", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.AppsByIDs(ctx, s, []social.AppID{r.app.ID})
			return int64(len(rows)), err
		}},
		{"TokenByHash", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.TokenByHash(ctx, s, r.token.TokenHash)
			return one(err)
		}},
		{"ReadBearer", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.ReadBearer(ctx, w.PG, s.Tenant(), r.token.TokenHash)
			return one(err)
		}},
		{"TouchToken", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.TouchToken(ctx, s, r.token.ID))
		}},
		{"TokensOfPerson", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.TokensOfPerson(ctx, s, person)
			return int64(len(rows)), err
		}},
		{"TokensOfAccount", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.TokensOfAccount(ctx, s, account)
			return int64(len(rows)), err
		}},
		{"LockCode", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.LockCode(ctx, s, r.code.CodeHash)
			return one(err)
		}},
		{"RedeemCode", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.RedeemCode(ctx, s, r.code.CodeHash, r.token.ID))
		}},
		{"ReadSession", func(ctx context.Context, s *pg.Scope) (int64, error) {
			_, err := store.ReadSession(ctx, w.PG, s.Tenant(), r.session.IDHash)
			return one(err)
		}},
		{"ExtendSession", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.ExtendSession(ctx, s, r.session.IDHash, time.Now().Add(time.Hour)))
		}},
		{"ProveSession", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.ProveSession(ctx, s, r.session.IDHash))
		}},
		{"NeedsSecondFactor", func(ctx context.Context, s *pg.Scope) (int64, error) {
			needed, err := store.NeedsSecondFactor(ctx, s)
			return map[bool]int64{true: 1}[needed], err
		}},
		{"SessionsOfPerson", func(ctx context.Context, s *pg.Scope) (int64, error) {
			rows, err := store.SessionsOfPerson(ctx, s, person)
			return int64(len(rows)), err
		}},
		// From here on rows go, the ones that others hang on last.
		{"DeleteSession", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.DeleteSession(ctx, s, r.session.IDHash))
		}},
		{"DeleteToken", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.DeleteToken(ctx, s, r.token.ID))
		}},
		{"DeleteOperator", func(ctx context.Context, s *pg.Scope) (int64, error) {
			return one(store.DeleteOperator(ctx, s, account, person))
		}},
		{"DeleteMember", func(ctx context.Context, s *pg.Scope) (int64, error) { return one(store.DeleteMember(ctx, s, person)) }},
	}
	for _, tt := range tests { // in order, on purpose
		var rows int64
		run := func(ctx context.Context, scope *pg.Scope) (err error) {
			rows, err = tt.ask(ctx, scope)
			return err
		}
		if err := w.B.Try(t, run); !fault.IsNotFound(err) && (err != nil || rows != 0) {
			t.Errorf("%s from the other tenant: %d rows, %v; want NotFound or none", tt.name, rows, err)
		}
		if err := w.A.Try(t, run); err != nil || rows != 1 {
			t.Errorf("%s from its own tenant: %d rows, %v; want 1", tt.name, rows, err)
		}
	}
}

// TestBulkDeletionsStayInTheirTenant covers the functions that count what went.
func TestBulkDeletionsStayInTheirTenant(t *testing.T) {
	t.Parallel()
	tests := map[string]func(context.Context, *pg.Scope, accessRows, *fixture.Home) (int64, error){
		"DeleteCodesOfApp": func(ctx context.Context, s *pg.Scope, r accessRows, h *fixture.Home) (int64, error) {
			return store.DeleteCodesOfApp(ctx, s, r.app.ID, h.Person)
		},
		"DeleteTokensOfApp": func(ctx context.Context, s *pg.Scope, r accessRows, h *fixture.Home) (int64, error) {
			return store.DeleteTokensOfApp(ctx, s, r.app.ID, h.Person)
		},
		"DeleteTokensOfOperator": func(ctx context.Context, s *pg.Scope, _ accessRows, h *fixture.Home) (int64, error) {
			return store.DeleteTokensOfOperator(ctx, s, h.Account.ID, h.Person)
		},
		"DeleteTokensOfPerson": func(ctx context.Context, s *pg.Scope, _ accessRows, h *fixture.Home) (int64, error) {
			return store.DeleteTokensOfPerson(ctx, s, h.Person)
		},
		"DeleteSessionsOfPerson": func(ctx context.Context, s *pg.Scope, _ accessRows, h *fixture.Home) (int64, error) {
			return store.DeleteSessionsOfPerson(ctx, s, h.Person, nil)
		},
	}
	for name, remove := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fixture.New(t)
			r := addAccessRows(t, w.A)
			var n int64
			run := func(ctx context.Context, s *pg.Scope) (err error) {
				n, err = remove(ctx, s, r, w.A)
				return err
			}
			if w.B.Do(t, run); n != 0 {
				t.Errorf("from the other tenant: %d rows went", n)
			}
			if w.A.Do(t, run); n != 1 {
				t.Errorf("from its own tenant: %d rows went, want 1", n)
			}
		})
	}
}

// TestRowsOfAccessNeedTheirOperator: the composite keys refuse what crosses tenants.
func TestRowsOfAccessNeedTheirOperator(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	r := addAccessRows(t, w.A)
	outsider := w.Person(t, "outsider@elsewhere.test")
	app := &store.App{ID: social.AppID(ids.New()), ClientID: "client", SecretHash: []byte("s"), Name: "App"}
	// The same client id is free in the other tenant.
	w.B.Do(t, func(ctx context.Context, s *pg.Scope) error { return store.AddApp(ctx, s, app) })

	remote := &social.Account{ID: social.AccountID(ids.New()), URI: "https://p.test/actor", Username: "p", Domain: "p.test", CreatedAt: time.Now()}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return store.UpsertRemoteAccount(ctx, s, remote) })

	tests := map[string]struct {
		in  *fixture.Home
		run func(context.Context, *pg.Scope) error
	}{
		"token of a stranger": {w.A, func(ctx context.Context, s *pg.Scope) error {
			return store.AddToken(ctx, s, &store.Token{ID: ids.New(), TokenHash: []byte("x"), AppID: r.app.ID, PersonID: outsider, AccountID: w.A.Account.ID})
		}},
		"token for the other tenant's account": {w.B, func(ctx context.Context, s *pg.Scope) error {
			return store.AddToken(ctx, s, &store.Token{ID: ids.New(), TokenHash: []byte("x"), AppID: app.ID, PersonID: w.A.Person, AccountID: w.A.Account.ID})
		}},
		"token of the other tenant's app": {w.B, func(ctx context.Context, s *pg.Scope) error {
			return store.AddToken(ctx, s, &store.Token{ID: ids.New(), TokenHash: []byte("x"), AppID: r.app.ID, PersonID: w.B.Person, AccountID: w.B.Account.ID})
		}},
		"code of a stranger": {w.A, func(ctx context.Context, s *pg.Scope) error {
			return store.AddCode(ctx, s, &store.Code{CodeHash: []byte("x"), AppID: r.app.ID, PersonID: outsider, AccountID: w.A.Account.ID})
		}},
		"session of no member": {w.A, func(ctx context.Context, s *pg.Scope) error {
			return store.AddSession(ctx, s, &store.Session{IDHash: []byte("x"), PersonID: outsider, ExpiresAt: time.Now()})
		}},
		"operator who is no member": {w.A, func(ctx context.Context, s *pg.Scope) error {
			return store.SetOperator(ctx, s, store.Operator{AccountID: w.A.Account.ID, PersonID: outsider, Role: "owner"})
		}},
		"operator of a remote account": {w.A, func(ctx context.Context, s *pg.Scope) error {
			return store.SetOperator(ctx, s, store.Operator{AccountID: remote.ID, PersonID: w.A.Person, Role: "owner"})
		}},
		"member who does not exist": {w.A, func(ctx context.Context, s *pg.Scope) error { return store.SetMember(ctx, s, 42, "member") }},
	}
	for name, tt := range tests {
		if err := tt.in.Try(t, tt.run); !fault.IsNotFound(err) {
			t.Errorf("%s: %v, want NotFound", name, err)
		}
	}
}

func TestTrimTokensKeepsTheNewest(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	r := addAccessRows(t, w.A)
	ofApp := &store.Token{ID: ids.New(), TokenHash: []byte("of the app"), AppID: r.app.ID}
	newest := &store.Token{ID: ids.New(), TokenHash: []byte("newest"), AppID: r.app.ID, PersonID: w.A.Person, AccountID: w.A.Account.ID}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		if err := store.AddToken(ctx, s, ofApp); err != nil {
			return err
		}
		if err := store.AddToken(ctx, s, newest); err != nil {
			return err
		}
		return store.TrimTokens(ctx, s, newest, 1)
	})
	for hash, want := range map[string]bool{"token": false, "newest": true, "of the app": true} {
		_, err := store.ReadBearer(t.Context(), w.PG, w.A.Tenant.ID, []byte(hash))
		if got := err == nil; got != want {
			t.Errorf("token %q is there: %t (%v), want %t", hash, got, err, want)
		}
	}
}

func TestParseRevocation(t *testing.T) {
	t.Parallel()
	if id, token, ok := store.ParseRevocation("12/345"); id != 12 || token != 345 || !ok {
		t.Errorf("got %d, %d, %t", id, token, ok)
	}
	for _, bad := range []string{"", "12", "12/", "/3", "a/b", "1/2/3"} {
		if _, _, ok := store.ParseRevocation(bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}
