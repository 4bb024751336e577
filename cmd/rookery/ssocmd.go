package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rookery/internal/audit"
	"rookery/tenant/sso"
)

// newSSO builds what signs people in with their company's own provider.
func (s *system) newSSO() *sso.Service {
	return sso.New(sso.Options{DB: s.db, Seal: s.key, HTTP: s.http, People: s.people, Accounts: s.accounts, Log: s.log, Console: s.console()})
}

func ssoCommand(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "sso", Short: "Look at a company's single sign-on, and turn it off for one that is locked out"}
	c.AddCommand(ssoShow(g), ssoOff(g))
	return c
}

func ssoShow(g *globals) *cobra.Command {
	var host string
	var asJSON bool
	c := &cobra.Command{
		Use:     "show --tenant HOST",
		Short:   "Show how a company's people sign in with its provider; never the secret",
		Example: "  rookery sso show --tenant social.acme.com",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error { return s.showSSO(cmd, host, asJSON) })
		},
	}
	ssoFlags(c, &host, &asJSON)
	return c
}

func ssoFlags(c *cobra.Command, host *string, asJSON *bool) {
	c.Flags().StringVar(host, "tenant", "", "host of the company")
	c.Flags().BoolVar(asJSON, "json", false, "print JSON")
	_ = c.MarkFlagRequired("tenant")
}

func ssoOff(g *globals) *cobra.Command {
	var host string
	var asJSON, dry bool
	c := &cobra.Command{
		Use:   "off --tenant HOST [--dry-run]",
		Short: "Let a company's people sign in by password again",
		Long: `Let a company's people sign in by password again.

For a company that is locked out: its provider is gone, and no owner who may sign in
without it is left. What was set up stays, so that an owner can turn it on again in the
console. People who have no password set one with “Forgot your password?”.`,
		Example: "  rookery sso off --tenant social.acme.com --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withSystem(cmd.Context(), func(s *system) error { return s.turnOffSSO(cmd, host, dry, asJSON) })
		},
	}
	ssoFlags(c, &host, &asJSON)
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change and change nothing")
	return c
}

func ssoRow(set *sso.Settings) map[string]any {
	if set.MailDomains == nil { // in JSON, an empty list is one
		set.MailDomains = []string{}
	}
	return map[string]any{
		"on": set.On, "required": set.Required, "issuer": set.Issuer, "client_id": set.ClientID, "has_secret": set.HasSecret,
		"scopes": set.Scopes, "mail_domains": set.MailDomains, "role": string(set.Role), "make_account": set.MakeAccount, "again_days": set.AgainDays,
	}
}

func (s *system) showSSO(cmd *cobra.Command, host string, asJSON bool) error {
	t, err := s.tenantNamed(host)
	if err != nil {
		return err
	}
	service := s.newSSO()
	set, err := service.Of(cmd.Context(), t.ID)
	if err != nil {
		return err
	}
	owners, err := service.Owners(cmd.Context(), t.ID)
	if err != nil {
		return err
	}
	glass := []string{}
	for _, o := range owners {
		if o.IsGlass {
			glass = append(glass, o.Person.Email)
		}
	}
	row := ssoRow(set)
	row["tenant"], row["redirect_uri"], row["break_glass"] = t.Host, sso.RedirectURI(t), glass
	if asJSON {
		return printJSON(cmd.OutOrStdout(), row)
	}
	row["scopes"], row["mail_domains"], row["break_glass"] = strings.Join(set.Scopes, " "), strings.Join(set.MailDomains, " "), strings.Join(glass, " ")
	return printRow(cmd.OutOrStdout(), row, "tenant", "on", "required", "issuer", "client_id", "has_secret", "redirect_uri", "scopes", "mail_domains", "role", "make_account", "again_days", "break_glass")
}

func (s *system) turnOffSSO(cmd *cobra.Command, host string, dry, asJSON bool) error {
	t, err := s.tenantNamed(host)
	if err != nil {
		return err
	}
	service := s.newSSO()
	set, err := service.Of(cmd.Context(), t.ID)
	if err != nil {
		return err
	}
	changed := set.On
	if !dry {
		if changed, err = service.TurnOff(cmd.Context(), t.ID, audit.ByOperator()); err != nil {
			return err
		}
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), map[string]any{"tenant": t.Host, "was_on": set.On, "was_required": set.Required, "changed": changed && !dry})
	}
	switch {
	case !set.On:
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Single sign-on of %s is off already.\n", t.Host)
	case dry:
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Single sign-on of %s would be turned off. Nothing was changed.\n", t.Host)
	default:
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Single sign-on of %s is off: its people sign in by password again.\n", t.Host)
	}
	return err
}
