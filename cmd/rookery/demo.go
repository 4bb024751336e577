package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/relate"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/people"
	"rookery/tenant/registry"
)

// demoTenant is one of the two organisations that the first start of `rookery dev` makes.
type demoTenant struct {
	host, name, description, colour string
	username, displayName, note     string
	person, email                   string
	follows                         string // handle of the other one
}

func demoTenants(suffix string) []demoTenant {
	return []demoTenant{
		{
			host: "acme.localhost" + suffix, name: "Acme Cycles", description: "Bicycles, parts and repairs, and the people who know them.", colour: "#c8501e",
			username: "support", displayName: "Acme Support", note: "Help with your Acme bike: orders, parts and repairs.",
			person: "Mara", email: "mara@acme.localhost", follows: "news@globex.localhost" + suffix,
		},
		{
			host: "globex.localhost" + suffix, name: "Globex", description: "What Globex makes, and why.", colour: "#1d2a6b",
			username: "news", displayName: "Globex News", note: "News from Globex, by people.",
			person: "Sam", email: "sam@globex.localhost", follows: "support@acme.localhost" + suffix,
		},
	}
}

// tokenFile keeps the demo's logins, a line each, and demoDone once all of it is made.
const (
	tokenFile = "tokens"
	demoDone  = "# complete\n"
)

// makeDemo makes the demo's tenants at the first start and leaves them alone afterwards;
// a start that was interrupted is taken up again. Each account then follows the other as
// strangers do: look-up, Follow, Accept.
func makeDemo(ctx context.Context, s *system, p *parts, dataDir string) error {
	suffix, err := portSuffix(s.cfg.String("listen"))
	if err != nil {
		return err
	}
	all := demoTenants(suffix)
	logins, begun, err := readLogins(dataDir)
	if err != nil {
		return fmt.Errorf("make the demo: %w", err)
	}
	if strings.Contains(logins, demoDone) || !s.hasOnly(all) || (len(s.registry.All()) > 0 && !begun) {
		return nil
	}
	if err := appendFile(filepath.Join(dataDir, tokenFile), ""); err != nil { // it has begun
		return err
	}
	for _, d := range all {
		if hasLogin(logins, d.host) {
			continue
		}
		if err := s.makeDemoTenant(ctx, d, dataDir); err != nil {
			return fmt.Errorf("make the demo: %w", err)
		}
	}
	for _, d := range all {
		if err := s.demoFollow(ctx, p, d); err != nil {
			return fmt.Errorf("let %s follow %s: %w", d.username, d.follows, err)
		}
	}
	return appendFile(filepath.Join(dataDir, tokenFile), demoDone)
}

// hasOnly reports whether every tenant there is is one of the demo's.
func (s *system) hasOnly(demo []demoTenant) bool {
	for _, t := range s.registry.All() {
		if !slices.ContainsFunc(demo, func(d demoTenant) bool { return d.host == t.Host }) {
			return false
		}
	}
	return true
}

// makeDemoTenant makes one tenant, or what an interrupted start has left to make of it.
func (s *system) makeDemoTenant(ctx context.Context, d demoTenant, dataDir string) error {
	t, _, made := s.registry.ByHost(d.host)
	if !made {
		var err error
		t, err = s.registry.Create(ctx, registry.NewTenant{Name: d.name, Host: d.host, Scheme: "http", Description: d.description, BrandColour: d.colour, ContactMail: d.email})
		if err != nil {
			return err
		}
	}
	password := ids.Secret(9)
	person, err := s.people.Create(ctx, people.NewPerson{Email: d.email, Name: d.person, Password: password})
	if fault.CodeOf(err) == fault.Conflict { // the data folder's notes are gone, the person is not
		if person, err = s.people.ByEmail(ctx, d.email); err == nil {
			err = s.people.SetPassword(ctx, person.ID, password)
		}
	}
	if err != nil {
		return err
	}
	a, err := s.accountNamed(ctx, t, d.username)
	if fault.IsNotFound(err) {
		a, err = s.makeAccount(ctx, t, account.Local{Username: d.username, DisplayName: d.displayName}, person, people.Owner)
	}
	if err != nil {
		return err
	}
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		_, err := s.accounts.Update(ctx, scope, t, a.ID, account.Changes{Note: &d.note})
		return err
	})
	if err != nil {
		return err
	}
	token, err := s.makeToken(ctx, t, a, "read write follow push", "")
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s\t%s\t%s\t%s\t%s\n", t.Host, d.username, d.email, password, token)
	return appendFile(filepath.Join(dataDir, tokenFile), line)
}

// demoFollow follows by handle, through the same look-up that an app's search does.
func (s *system) demoFollow(ctx context.Context, p *parts, d demoTenant) error {
	t, err := s.tenantNamed(d.host)
	if err != nil {
		return err
	}
	target, err := p.lookUp(ctx, t, d.follows)
	if err != nil {
		return err
	}
	return s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		me, err := store.AccountByHandle(ctx, scope, social.Handle{User: d.username})
		if err != nil {
			return err
		}
		_, err = p.relate.Follow(ctx, scope, t, me, target, relate.FollowOptions{ShowBoosts: true})
		return err
	})
}

func appendFile(name, line string) error {
	f, err := os.OpenFile(filepath.Clean(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the demo's logins: %w", err)
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// printWelcome says where everything is and how to log in.
func printWelcome(_ context.Context, out io.Writer, s *system, dataDir string) error {
	fmt.Fprintf(out, "\nRookery is running. Platform console: http://%s\n", s.cfg.String("platform_host"))
	logins, _, err := readLogins(dataDir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, t := range s.registry.All() {
		if t.State == tenant.Active {
			fmt.Fprintf(w, "\n%s\t%s\n", t.Name, t.URL("/"))
			printLogins(w, t, logins)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nLog in with any Mastodon app: give it the server name above. Ctrl-C stops everything; the data stays in %s.\n", dataDir)
	fmt.Fprintf(out, "Staff pages: http://%s/staff; `rookery staff create --data %s --email you@example.com` lets you in.\n", s.cfg.String("platform_host"), dataDir)
	if s.money == nil {
		fmt.Fprintln(out, "Billing is off; ROOKERY_BILLING=fake sells plans for no money.")
	}
	return nil
}
