package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// A link lets whoever runs a company's DNS see one set-up without signing in. It says which
// set-up and since when, signed with a key that only this platform has: nothing is stored
// that could be stolen. It ends by itself, and all links of a set-up end when the audit log
// says so: an entry there cannot be taken back.
const (
	linkLife  = 14 * 24 * time.Hour
	linkFresh = 7 * 24 * time.Hour // a mail has a link that works at least as long
	linkPath  = "/dns"
	linkKey   = "key" // in the query, which no log of ours has
	linkBytes = 3 * 8
	macBytes  = 20
	leastKey  = 32

	linkMade  = "domain.link"
	linkEnded = "domain.link_end"
)

// link is what such an address says.
type link struct {
	tenant tenant.ID
	domain tenant.DomainID
	since  time.Time // whole milliseconds
}

func (l link) until() time.Time { return l.since.Add(linkLife) }

func (h *Handlers) canLink() bool { return len(h.LinkKey) >= leastKey }

// sign writes a link as a key.
func (h *Handlers) sign(l link) string {
	out := make([]byte, 0, linkBytes+macBytes)
	for _, n := range []int64{int64(l.tenant), int64(l.domain), l.since.UnixMilli()} {
		out = binary.BigEndian.AppendUint64(out, uint64(n)) //nolint:gosec // the same bits
	}
	return base64.RawURLEncoding.EncodeToString(append(out, h.linkMAC(out)...))
}

func (h *Handlers) linkMAC(of []byte) []byte {
	mac := hmac.New(sha256.New, h.LinkKey)
	mac.Write(of)
	return mac.Sum(nil)[:macBytes]
}

// readLink reads a key that this platform signed.
func (h *Handlers) readLink(key string) (l link, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(key)
	if !h.canLink() || err != nil || len(raw) != linkBytes+macBytes || !hmac.Equal(raw[linkBytes:], h.linkMAC(raw[:linkBytes])) {
		return link{}, false
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(raw[at:])) } //nolint:gosec // the same bits
	return link{tenant.ID(number(0)), tenant.DomainID(number(8)), time.UnixMilli(number(16))}, true
}

// linkURL is the whole address: it goes into mails.
func (h *Handlers) linkURL(l link) string {
	return h.Scheme + "://" + h.Host + h.Base + linkPath + "?" + url.Values{linkKey: {h.sign(l)}}.Encode()
}

// linkTarget is what links of a set-up are recorded under: the service host's claim, which
// outlives the other one.
func (s setUp) linkTarget() string { return setUpTarget(s.parts[0].ID) }

func setUpTarget(id tenant.DomainID) string { return "domain:" + ids.Format(int64(id)) }

// newestLink finds the link of a set-up that works for longest. entries reads the audit log.
func (s setUp) newestLink(t *tenant.Tenant, entries func(store.AuditFilter) ([]*store.AuditEntry, error)) (l link, ok bool, err error) {
	found, err := entries(store.AuditFilter{Action: linkMade, Target: s.linkTarget(), From: s.now.Add(-linkLife), Limit: 1})
	if err != nil || len(found) == 0 || found[0].Action != linkMade {
		return link{}, false, err
	}
	l = link{t.ID, s.parts[0].ID, found[0].At.Truncate(time.Millisecond)}
	return l, s.now.Before(l.until()), nil
}

// recordLink makes a link: from its entry in the audit log on it is known to the company.
func (h *Handlers) recordLink(c echo.Context, v *visitor, s setUp, tx *pg.PlatformTx) (link, error) {
	l := link{v.tenant.ID, s.parts[0].ID, time.Now().Truncate(time.Millisecond)}
	return l, audit.AppendFor(c.Request().Context(), tx, v.tenant.ID, audit.Entry{
		At: l.since, Actor: v.actor(c), Action: linkMade, Target: s.linkTarget(), Detail: map[string]string{"name": s.parts[0].Name},
	})
}

// linkForMail is a link that works for a week at least: the one that there is, or a new one.
// The transaction has the company's audit log locked.
func (h *Handlers) linkForMail(c echo.Context, v *visitor, s setUp, tx *pg.PlatformTx) (link, error) {
	l, ok, err := s.newestLink(v.tenant, func(f store.AuditFilter) ([]*store.AuditEntry, error) {
		return store.AuditEntriesOf(c.Request().Context(), tx, v.tenant.ID, f)
	})
	if err != nil || ok && l.until().Sub(s.now) > linkFresh {
		return l, err
	}
	return h.recordLink(c, v, s, tx)
}

// makeLink is POST …/link.
func (h *Handlers) makeLink(c echo.Context, v *visitor) error {
	s, _, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	if !h.canLink() || s.isOver() {
		return errNoDomain
	}
	err = h.DB.Platform(c.Request().Context(), "make a link to what a name needs", func(tx *pg.PlatformTx) error {
		_, err := h.recordLink(c, v, s, tx)
		return err
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.nameURL(v, s.asked.ID)+"#link")
}

// endLinks is POST …/unlink: all links of the set-up, those in mails too.
func (h *Handlers) endLinks(c echo.Context, v *visitor) error {
	s, _, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return audit.Append(ctx, scope, audit.Entry{
			Actor: v.actor(c), Action: linkEnded, Target: s.linkTarget(), Detail: map[string]string{"name": s.parts[0].Name},
		})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.nameURL(v, s.asked.ID)+"#it")
}

// linkForm is what the page of a name says about its link.
func (h *Handlers) linkForm(ctx context.Context, scope *pg.Scope, v *visitor, s setUp, out *ITForm) error {
	if !h.canLink() {
		return nil
	}
	here := h.nameURL(v, s.asked.ID)
	l, ok, err := s.newestLink(v.tenant, func(f store.AuditFilter) ([]*store.AuditEntry, error) { return store.AuditEntries(ctx, scope, f) })
	out.LinkAction = here + "/link"
	if ok {
		out.Link, out.LinkUntil, out.LinkAction, out.UnlinkAction = h.linkURL(l), l.until(), "", here+"/unlink"
	}
	return err
}
