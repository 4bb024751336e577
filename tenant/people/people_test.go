package people_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

const password = "correct horse battery"

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	made, err := w.People.Create(ctx, people.NewPerson{Email: " Carol@Example.COM ", Name: "Carol", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		email, password string
		code            fault.Code
	}{
		"right":              {"carol@example.com", password, ""},
		"case and spaces":    {"  CAROL@example.com", password, ""},
		"wrong password":     {"carol@example.com", password + "x", fault.Unauthorized},
		"unknown address":    {"dave@example.com", password, fault.Unauthorized},
		"no address":         {"'; DROP TABLE persons", password, fault.Unauthorized},
		"NUL":                {"carol\x00@example.com", password, fault.Unauthorized},
		"endless password":   {"carol@example.com", strings.Repeat("x", 1<<20), fault.Unauthorized},
		"person without one": {"alice@a.test", "", fault.Unauthorized},
	}
	for name, tt := range tests {
		got, err := w.People.Authenticate(ctx, tt.email, tt.password)
		if fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
		if tt.code == "" && (got == nil || got.ID != made.ID) {
			t.Errorf("%s: %+v", name, got)
		}
		if tt.code != "" && fault.TextOf(err) != people.ErrSignIn.Text {
			t.Errorf("%s: the text %q tells more than the others", name, fault.TextOf(err))
		}
	}
	if err := w.People.SetDisabled(ctx, made.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Authenticate(ctx, "carol@example.com", password); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("disabled: %v, want forbidden", err)
	}
	if _, err := w.People.Authenticate(ctx, "carol@example.com", "wrong"); fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("disabled, wrong password: %v, want unauthorized", err)
	}
}

func TestOldHashIsRenewedAtSignIn(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	// "correct horse battery" with 8 MiB and one pass.
	const old = "$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$+//p2tCPEm1VyxevgyV9wyFkqfn95NnguL93BeqaFzw"
	if _, err := conn.Exec(t.Context(), `UPDATE persons SET password_hash = $1 WHERE id = $2`, old, int64(w.A.Person)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Authenticate(t.Context(), "alice@a.test", password); err != nil {
		t.Fatal(err)
	}
	var now string
	if err := conn.QueryRow(t.Context(), `SELECT password_hash FROM persons WHERE id = $1`, int64(w.A.Person)).Scan(&now); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(now, "$argon2id$v=19$m=65536,") {
		t.Errorf("the hash is still %q", now)
	}
	if _, err := w.People.Authenticate(t.Context(), "alice@a.test", password); err != nil {
		t.Errorf("after renewal: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	tests := map[string]struct {
		in   people.NewPerson
		code fault.Code
	}{
		"taken":            {people.NewPerson{Email: "ALICE@a.test"}, fault.Conflict},
		"no address":       {people.NewPerson{Email: ""}, fault.Invalid},
		"no domain":        {people.NewPerson{Email: "alice"}, fault.Invalid},
		"with a name":      {people.NewPerson{Email: "Alice <x@a.test>"}, fault.Invalid},
		"header injection": {people.NewPerson{Email: "x@a.test\r\nBcc: y@a.test"}, fault.Invalid},
		"two":              {people.NewPerson{Email: "x@a.test, y@a.test"}, fault.Invalid},
		"long":             {people.NewPerson{Email: strings.Repeat("x", 250) + "@a.test"}, fault.Invalid},
		"long name":        {people.NewPerson{Email: "x@a.test", Name: strings.Repeat("x", 101)}, fault.Invalid},
		"short password":   {people.NewPerson{Email: "x@a.test", Password: "1234567"}, fault.Invalid},
		"long password":    {people.NewPerson{Email: "x@a.test", Password: strings.Repeat("x", 513)}, fault.Invalid},
	}
	for name, tt := range tests {
		if _, err := w.People.Create(t.Context(), tt.in); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	ctx := t.Context()
	byMail, err := w.People.ByEmail(ctx, "Alice@A.test")
	if err != nil || byMail.ID != w.A.Person {
		t.Fatalf("%+v, %v", byMail, err)
	}
	byID, err := w.People.ByID(ctx, w.A.Person)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byMail, byID); diff != "" {
		t.Errorf("-by mail +by id:\n%s", diff)
	}
	both, err := w.People.ByIDs(ctx, []social.PersonID{w.A.Person, w.B.Person, 42})
	if err != nil || len(both) != 2 || both[w.B.Person].Email != "bob@b.test" {
		t.Errorf("%v, %v", both, err)
	}
	if _, err := w.People.ByEmail(ctx, "nobody@a.test"); !fault.IsNotFound(err) {
		t.Errorf("unknown address: %v", err)
	}
	if err := w.People.SetPassword(ctx, 42, password); !fault.IsNotFound(err) {
		t.Errorf("password of nobody: %v", err)
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	second := w.A.AddAccount(t, "support")
	w.A.Grant(t, second.ID, w.B.Person, people.Drafter)
	w.A.Grant(t, second.ID, w.B.Person, people.Publisher) // changes the role

	var accounts []people.AccountRole
	var operators []people.Operator
	var membership people.Membership
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		if accounts, err = people.AccountsOf(ctx, s, w.B.Person); err != nil {
			return err
		}
		if membership, err = people.MembershipOf(ctx, s, w.B.Person); err != nil {
			return err
		}
		operators, err = people.OperatorsOf(ctx, s, second.ID)
		return err
	})
	if len(accounts) != 1 || accounts[0].Account.ID != second.ID || accounts[0].Role != people.Publisher {
		t.Errorf("accounts: %+v", accounts)
	}
	if diff := cmp.Diff([]people.Operator{{Person: w.B.Person, Role: people.Publisher}}, operators); diff != "" {
		t.Errorf("operators, -want +got:\n%s", diff)
	}
	if membership != people.MemberPlain {
		t.Errorf("membership %q, want a plain one", membership)
	}
	tenants, err := w.People.TenantsOf(t.Context(), w.B.Person)
	want := []people.TenantRole{{Tenant: w.B.Tenant.ID, Role: people.MemberPlain}, {Tenant: w.A.Tenant.ID, Role: people.MemberPlain}}
	if diff := cmp.Diff(want, tenants); err != nil || diff != "" {
		t.Errorf("tenants: %v, -want +got:\n%s", err, diff)
	}

	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return people.Withdraw(ctx, s, second.ID, w.B.Person) })
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		if _, err := people.RoleOf(ctx, s, second.ID, w.B.Person); !fault.IsNotFound(err) {
			t.Errorf("after withdrawal: %v", err)
		}
		return nil
	})
}

func TestGrantRefuses(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	tests := map[string]struct {
		run  func(context.Context, *pg.Scope) error
		code fault.Code
	}{
		"unknown role": {func(ctx context.Context, s *pg.Scope) error {
			return people.Grant(ctx, s, w.A.Account.ID, w.A.Person, "king")
		}, fault.Invalid},
		"unknown membership": {func(ctx context.Context, s *pg.Scope) error {
			return people.Join(ctx, s, w.A.Person, "king")
		}, fault.Invalid},
		"the other tenant's account": {func(ctx context.Context, s *pg.Scope) error {
			return people.Grant(ctx, s, w.B.Account.ID, w.A.Person, people.Owner)
		}, fault.NotFound},
		"nobody": {func(ctx context.Context, s *pg.Scope) error {
			return people.Grant(ctx, s, w.A.Account.ID, 42, people.Owner)
		}, fault.NotFound},
		"leaving without being in": {func(ctx context.Context, s *pg.Scope) error { return people.Leave(ctx, s, w.B.Person) }, fault.NotFound},
		"withdrawing nothing": {func(ctx context.Context, s *pg.Scope) error {
			return people.Withdraw(ctx, s, w.A.Account.ID, w.B.Person)
		}, fault.NotFound},
	}
	for name, tt := range tests {
		if err := w.A.Try(t, tt.run); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
}
