package moderate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/store"
	"rookery/tenant"
)

// The modes of a tenant.
const (
	Open      = "open"
	AllowList = "allow_list"
)

// Who may see a tenant's blocks.
const (
	ToAll    = "all"
	ToUsers  = "users"
	ToNobody = "nobody"
)

const (
	// MaxRules is how many rules a tenant may have: lists that servers share have some
	// thousands.
	MaxRules   = 20_000
	maxComment = 1000
)

// Rule is what holds for a domain and everything below it.
type Rule = store.ServerRule

// Service changes rules. Make it with New.
type Service struct {
	db      *pg.DB
	servers *Servers
}

// New returns a Service. servers reads each change at once; it may be nil.
func New(db *pg.DB, servers *Servers) *Service { return &Service{db: db, servers: servers} }

var (
	errSeverity = fault.New(fault.Invalid, "A rule limits, blocks, or refuses media.")
	errEmpty    = fault.New(fault.Invalid, "A rule that neither limits nor blocks has to refuse media or reports.")
	errComment  = fault.Newf(fault.Invalid, "A comment has at most %d characters.", maxComment)
	errTooMany  = fault.Newf(fault.Invalid, "A company has at most %d rules about servers.", MaxRules)
	errNoRule   = fault.New(fault.NotFound, "There is no rule about this domain.")
	errMode     = fault.New(fault.Invalid, "A company talks to all servers or to those on its list.")
	errAudience = fault.New(fault.Invalid, "Blocks are shown to everybody, to members or to nobody.")
)

// Check brings a rule into the form in which it is kept, or says what is wrong with it.
func Check(r Rule) (Rule, error) {
	var err error
	if r.Domain, err = servername.Parse(r.Domain); err != nil {
		return r, err
	}
	switch Severity(r.Severity) {
	case Silence, Suspend:
	case Noop:
		if !r.RejectMedia && !r.RejectReports {
			return r, errEmpty
		}
	default:
		return r, errSeverity
	}
	r.PublicComment, r.PrivateComment = clean(r.PublicComment), clean(r.PrivateComment)
	if utf8.RuneCountInString(r.PublicComment) > maxComment || utf8.RuneCountInString(r.PrivateComment) > maxComment {
		return r, errComment
	}
	return r, nil
}

func clean(s string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))
}

func sameRule(a, b *Rule) bool {
	return a.Severity == b.Severity && a.RejectMedia == b.RejectMedia && a.RejectReports == b.RejectReports && a.Obfuscate == b.Obfuscate &&
		a.PublicComment == b.PublicComment && a.PrivateComment == b.PrivateComment
}

// change runs fn while nobody else changes the tenant's rules, and has what is known
// already follow: the walk is part of the transaction.
func (s *Service) change(ctx context.Context, t tenant.ID, fn func(*pg.Scope) error) error {
	err := s.db.Tenant(ctx, t, func(scope *pg.Scope) error {
		version, err := store.TouchServerPolicy(ctx, scope)
		if err != nil {
			return err
		}
		if err := fn(scope); err != nil {
			return err
		}
		return scope.Enqueue(ctx, jobs.WalkServers{Scoped: jobs.Scoped{TenantID: t}, Version: version})
	})
	if err != nil {
		return err
	}
	s.reload(ctx, t)
	return nil
}

// reload has this process know at once; others hear it.
func (s *Service) reload(ctx context.Context, of ...tenant.ID) {
	if s.servers == nil {
		return
	}
	if err := s.servers.read(ctx, of); err != nil {
		s.servers.log.WarnContext(ctx, "a changed rule is not in memory yet", "error", err)
	}
}

func target(domain string) string { return "server:" + domain }

func detail(r *Rule) map[string]string {
	out := map[string]string{"domain": r.Domain, "severity": r.Severity}
	if r.RejectMedia {
		out["reject_media"] = "true"
	}
	if r.PublicComment != "" {
		out["public_comment"] = r.PublicComment
	}
	return out
}

// Put stores a rule in place of the one about the same domain, if there is one.
func (s *Service) Put(ctx context.Context, by audit.Actor, t tenant.ID, r Rule) (Rule, error) {
	r, err := Check(r)
	if err != nil {
		return r, err
	}
	err = s.change(ctx, t, func(scope *pg.Scope) error {
		action := "server.change"
		before, err := store.ServerRuleOf(ctx, scope, r.Domain)
		switch {
		case fault.IsNotFound(err):
			action = "server.block"
			if n, err := store.CountServerRules(ctx, scope); err != nil || n >= MaxRules {
				return firstOf(err, errTooMany)
			}
		case err != nil:
			return err
		}
		if r.MadeBy == "" {
			r.MadeBy = by.Name
		}
		entry := audit.Entry{Actor: by, Action: action, Target: target(r.Domain), Detail: detail(&r)}
		if before != nil {
			entry.Detail["severity_before"] = before.Severity
		}
		if err := store.PutServerRules(ctx, scope, []*Rule{&r}); err != nil {
			return err
		}
		return audit.Append(ctx, scope, entry)
	})
	return r, wrap("store the rule about", r.Domain, err)
}

func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func wrap(what, domain string, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, domain, err)
	}
	return nil
}

// Remove ends a rule. Follows that it has ended do not come back.
func (s *Service) Remove(ctx context.Context, by audit.Actor, t tenant.ID, typed string) error {
	domain, err := servername.Parse(typed)
	if err != nil {
		return err
	}
	err = s.change(ctx, t, func(scope *pg.Scope) error {
		before, err := store.ServerRuleOf(ctx, scope, domain)
		if fault.IsNotFound(err) {
			return errNoRule
		}
		if err != nil {
			return err
		}
		if err := store.DeleteServerRule(ctx, scope, domain); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "server.unblock", Target: target(domain), Detail: detail(before)})
	})
	return wrap("remove the rule about", domain, err)
}

// SetMode has a tenant talk to all servers, or to those on its list.
func (s *Service) SetMode(ctx context.Context, by audit.Actor, t tenant.ID, mode string) error {
	if mode != Open && mode != AllowList {
		return errMode
	}
	return s.change(ctx, t, func(scope *pg.Scope) error {
		p, err := store.LockServerPolicy(ctx, scope)
		if err != nil {
			return err
		}
		entry := audit.Entry{Actor: by, Action: "server.mode", Detail: map[string]string{"mode": mode, "mode_before": p.Mode}}
		p.Mode = mode
		if err := store.SaveServerPolicy(ctx, scope, p); err != nil {
			return err
		}
		return audit.Append(ctx, scope, entry)
	})
}

// Show sets who may see the tenant's blocks, and the reasons for them.
func (s *Service) Show(ctx context.Context, by audit.Actor, t tenant.ID, blocks, reasons string) error {
	for _, a := range []string{blocks, reasons} {
		if a != ToAll && a != ToUsers && a != ToNobody {
			return errAudience
		}
	}
	return s.change(ctx, t, func(scope *pg.Scope) error {
		p, err := store.LockServerPolicy(ctx, scope)
		if err != nil {
			return err
		}
		p.ShowBlocks, p.ShowReasons = blocks, reasons
		if err := store.SaveServerPolicy(ctx, scope, p); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "server.show", Detail: map[string]string{"blocks": blocks, "reasons": reasons}})
	})
}

// Allow puts a domain on the allow-list.
func (s *Service) Allow(ctx context.Context, by audit.Actor, t tenant.ID, typed, comment string) error {
	domain, err := servername.Parse(typed)
	if err != nil {
		return err
	}
	if comment = clean(comment); utf8.RuneCountInString(comment) > maxComment {
		return errComment
	}
	err = s.change(ctx, t, func(scope *pg.Scope) error {
		if n, err := store.CountServerAllows(ctx, scope); err != nil || n >= MaxRules {
			return firstOf(err, errTooMany)
		}
		if err := store.PutServerAllow(ctx, scope, &store.ServerAllow{Domain: domain, Comment: comment, MadeBy: by.Name}); err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "server.allow", Target: target(domain), Detail: map[string]string{"domain": domain}})
	})
	return wrap("allow", domain, err)
}

// Disallow takes a domain off the allow-list.
func (s *Service) Disallow(ctx context.Context, by audit.Actor, t tenant.ID, typed string) error {
	domain, err := servername.Parse(typed)
	if err != nil {
		return err
	}
	err = s.change(ctx, t, func(scope *pg.Scope) error {
		err := store.DeleteServerAllow(ctx, scope, domain)
		if fault.IsNotFound(err) {
			return errNoRule
		}
		if err != nil {
			return err
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "server.disallow", Target: target(domain), Detail: map[string]string{"domain": domain}})
	})
	return wrap("disallow", domain, err)
}

// Import stores rules that Preview has found to be new or changed.
func (s *Service) Import(ctx context.Context, by audit.Actor, t tenant.ID, list []*Rule) error {
	if len(list) == 0 {
		return nil
	}
	return s.change(ctx, t, func(scope *pg.Scope) error {
		for _, r := range list {
			r.MadeBy = by.Name
		}
		if err := store.PutServerRules(ctx, scope, list); err != nil {
			return err
		}
		if n, err := store.CountServerRules(ctx, scope); err != nil || n > MaxRules {
			return firstOf(err, errTooMany)
		}
		return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "server.import", Detail: map[string]string{"rules": strconv.Itoa(len(list))}})
	})
}

// PutForAll stores a rule that holds for every tenant.
func (s *Service) PutForAll(ctx context.Context, by audit.Actor, r Rule) (Rule, error) {
	r, err := Check(r)
	if err != nil {
		return r, err
	}
	err = s.changeForAll(ctx, audit.Entry{Actor: by, Action: "server.block", Target: target(r.Domain), Detail: detail(&r)},
		func(tx *pg.PlatformTx) error { return store.PutPlatformServerRule(ctx, tx, &r) })
	return r, wrap("store the platform's rule about", r.Domain, err)
}

// RemoveForAll ends a rule that holds for every tenant.
func (s *Service) RemoveForAll(ctx context.Context, by audit.Actor, typed string) error {
	domain, err := servername.Parse(typed)
	if err != nil {
		return err
	}
	err = s.changeForAll(ctx, audit.Entry{Actor: by, Action: "server.unblock", Target: target(domain), Detail: map[string]string{"domain": domain}}, func(tx *pg.PlatformTx) error {
		err := store.DeletePlatformServerRule(ctx, tx, domain)
		if fault.IsNotFound(err) {
			return errNoRule
		}
		return err
	})
	return wrap("remove the platform's rule about", domain, err)
}

func (s *Service) changeForAll(ctx context.Context, entry audit.Entry, fn func(*pg.PlatformTx) error) error {
	err := s.db.Platform(ctx, "change what holds for a server everywhere", func(tx *pg.PlatformTx) error {
		if err := fn(tx); err != nil {
			return err
		}
		touched, err := store.TouchPolicies(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range touched {
			if err := tx.Enqueue(ctx, jobs.WalkServers{Scoped: jobs.Scoped{TenantID: p.TenantID}, Version: p.Version}); err != nil {
				return err
			}
		}
		return audit.AppendFor(ctx, tx, audit.Platform, entry)
	})
	if err != nil {
		return err
	}
	s.reload(ctx)
	return nil
}

// ForAll returns the rules that hold for every tenant.
func (s *Service) ForAll(ctx context.Context) (list []*Rule, err error) {
	err = s.db.Platform(ctx, "list what holds for servers everywhere", func(tx *pg.PlatformTx) error {
		list, err = store.PlatformServerRules(ctx, tx)
		return err
	})
	return list, err
}
