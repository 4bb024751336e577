package barred

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/store"
)

const maxComment = 1000

// The widest networks that can be blocked: a slip of the keyboard shall not shut out the world.
const widest4, widest6 = 8, 16

var (
	errSeverity = fault.New(fault.Invalid, "A network is blocked from signing up (sign_up_block) or altogether (no_access).")
	errText     = fault.New(fault.Invalid, "A network looks like 192.0.2.0/24 or 2001:db8::/32; one address may stand alone.")
	errWide     = fault.Newf(fault.Invalid, "This network is too large: at most /%d can be blocked, of IPv6 /%d.", widest4, widest6)
	errComment  = fault.Newf(fault.Invalid, "A comment has at most %d characters.", maxComment)
	errNoMail   = fault.New(fault.NotFound, "This mail domain is not blocked.")
	errNoNet    = fault.New(fault.NotFound, "This network is not blocked; give it as the list shows it.")
)

// Service changes who is barred. It is safe for concurrent use.
type Service struct{ DB *pg.DB }

// ParseNetwork reads a network or one address. Bits beyond the prefix are cleared.
func ParseNetwork(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errText
		}
		addr = addr.Unmap()
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, errText
	}
	if p.Addr().Is4() && p.Bits() < widest4 || p.Addr().Is6() && p.Bits() < widest6 {
		return netip.Prefix{}, errWide
	}
	return p.Masked(), nil
}

// BlockMail has nobody register with addresses of a mail domain and those below it. It
// returns the block as it is kept.
func (s Service) BlockMail(ctx context.Context, by audit.Actor, m store.BlockedMail) (store.BlockedMail, error) {
	var err error
	if m.Domain, err = servername.Parse(m.Domain); err != nil {
		return m, err
	}
	if m.Comment, err = comment(m.Comment); err != nil {
		return m, err
	}
	return m, s.change(ctx, audit.Entry{Actor: by, Action: "mail_domain.block", Target: "mail_domain:" + m.Domain}, func(tx *pg.PlatformTx) error {
		return store.PutBlockedMail(ctx, tx, &m)
	})
}

// UnblockMail ends the block of exactly this mail domain and returns its name.
func (s Service) UnblockMail(ctx context.Context, by audit.Actor, typed string) (string, error) {
	domain, err := servername.Parse(typed)
	if err != nil {
		return "", err
	}
	return domain, s.change(ctx, audit.Entry{Actor: by, Action: "mail_domain.unblock", Target: "mail_domain:" + domain}, func(tx *pg.PlatformTx) error {
		return orElse(store.DeleteBlockedMail(ctx, tx, domain), errNoMail)
	})
}

// BlockNetwork blocks a network, or changes the block that is there.
func (s Service) BlockNetwork(ctx context.Context, by audit.Actor, n store.BlockedNetwork) error {
	if severity := Severity(n.Severity); severity != SignUpBlock && severity != NoAccess {
		return errSeverity
	}
	var err error
	if n.Comment, err = comment(n.Comment); err != nil {
		return err
	}
	entry := audit.Entry{Actor: by, Action: "network.block", Target: "network:" + n.Network.String(), Detail: map[string]string{"severity": n.Severity}}
	return s.change(ctx, entry, func(tx *pg.PlatformTx) error { return store.PutBlockedNetwork(ctx, tx, &n) })
}

// UnblockNetwork ends the block of exactly this network.
func (s Service) UnblockNetwork(ctx context.Context, by audit.Actor, network netip.Prefix) error {
	return s.change(ctx, audit.Entry{Actor: by, Action: "network.unblock", Target: "network:" + network.String()}, func(tx *pg.PlatformTx) error {
		return orElse(store.DeleteBlockedNetwork(ctx, tx, network), errNoNet)
	})
}

// All returns everything that is blocked.
func (s Service) All(ctx context.Context) (mails []*store.BlockedMail, networks []*store.BlockedNetwork, err error) {
	err = s.DB.Platform(ctx, "list who is barred", func(tx *pg.PlatformTx) error {
		mails, networks, err = store.Barred(ctx, tx)
		return err
	})
	return mails, networks, err
}

func (s Service) change(ctx context.Context, entry audit.Entry, fn func(*pg.PlatformTx) error) error {
	err := s.DB.Platform(ctx, "change who is barred", func(tx *pg.PlatformTx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if err := store.TellBarred(ctx, tx); err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, audit.Platform, entry)
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", entry.Action, entry.Target, err)
	}
	return nil
}

func orElse(err, missing error) error {
	if fault.IsNotFound(err) {
		return missing
	}
	return err
}

func comment(typed string) (string, error) {
	out := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(typed, "\x00", ""), ""))
	if utf8.RuneCountInString(out) > maxComment {
		return "", errComment
	}
	return out, nil
}
