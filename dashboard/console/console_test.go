package console_test

import (
	"bytes"
	"strings"
	"testing"

	"rookery/dashboard/console"
)

func shell() console.Shell {
	return console.Shell{
		Person: console.Person{ID: "6", Name: "Mara", Mail: "mara@acme.example"}, Token: "t0ken", SignOutURL: "/sign_out", TenantsURL: "/console",
		Room: &console.Room{Name: "Acme Cycles", HandleHost: "acme.example", Role: console.Viewer, AccountsURL: "/console/acme", Current: console.Accounts},
	}
}

// What was typed comes back, the error is tied to its field and announced with it.
func TestNewAccountKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := console.RenderNewAccount(&out, console.NewAccountView{
		Shell: shell(), Action: "/console/acme/accounts", Token: "t0ken", CancelURL: "/console/acme", HandleHost: "acme.example",
		Username: `sup"port desk`, DisplayName: "Acme Support", UsernameError: "A handle has no spaces.",
	})
	if err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		`name="username" value="sup&#34;port desk"`, `aria-describedby="username-error username-help" aria-invalid="true"`,
		`id="username-error"`, "A handle has no spaces.", `name="display_name" value="Acme Support"`, `name="authenticity_token" value="t0ken"`, "@support@acme.example",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
}

// Who may not make accounts is not sent to a page that would refuse.
func TestAccountsWithoutTheRight(t *testing.T) {
	t.Parallel()
	for _, accounts := range [][]console.Account{nil, {{ID: "1", Name: "Support", Handle: "@support@acme.example", URL: "/@support"}}} {
		var out bytes.Buffer
		if err := console.RenderAccounts(&out, console.AccountsView{Shell: shell(), Accounts: accounts, SignInHost: "acme.example"}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "New account") {
			t.Errorf("with %d accounts a viewer is offered a new one", len(accounts))
		}
	}
}
