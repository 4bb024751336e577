package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/notice"
)

// checkDomain is POST …/check: look now rather than at the next time.
func (h *Handlers) checkDomain(c echo.Context, v *visitor) error {
	s, _, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	ctx, isAsked := c.Request().Context(), false
	for _, d := range s.parts { // two at most
		if !mayRetry(d.State) {
			continue
		}
		err := h.Domains.Retry(ctx, v.actor(c), v.tenant.ID, d.ID)
		if err != nil && fault.CodeOf(err) != fault.TooMany {
			return err
		}
		isAsked = isAsked || err == nil
	}
	if isAsked {
		return c.Redirect(http.StatusSeeOther, h.nameURL(v, s.asked.ID))
	}
	view, err := h.domainView(c, v, s)
	if err != nil {
		return err
	}
	view.Live.CheckNote = "We looked a moment ago. DNS takes its time, so looking more often finds nothing new; we look again by ourselves."
	return h.showDomain(c, http.StatusTooManyRequests, view)
}

// changeSetUp reads the form of somebody who may change what it is about.
func (h *Handlers) changeSetUp(c echo.Context, v *visitor) (setUp, url.Values, error) {
	in, err := h.changing(c, v)
	if err != nil {
		return setUp{}, nil, err
	}
	s, err := h.setUp(c.Request().Context(), v.tenant, c.Param("domain"))
	return s, in, err
}

// releaseDomain is POST …/release: the typed name is the confirmation.
func (h *Handlers) releaseDomain(c echo.Context, v *visitor) error {
	s, in, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(in.Get("name"))
	err = h.Domains.Release(c.Request().Context(), v.actor(c), v.tenant.ID, s.asked.ID, typed)
	switch fault.CodeOf(err) {
	case "":
		if v.isSettingUp {
			return c.Redirect(http.StatusSeeOther, h.setupURL(v.tenant)+"/domain")
		}
		return c.Redirect(http.StatusSeeOther, h.domainURL(v.tenant, s.asked.ID))
	case fault.Invalid, fault.Conflict:
	default:
		return err
	}
	view, viewErr := h.domainView(c, v, s)
	if viewErr != nil {
		return viewErr
	}
	for i := range view.Releases {
		if r := &view.Releases[i]; r.Name == s.asked.DisplayName {
			r.Typed, r.Error = typed, fault.TextOf(err)
			if fault.CodeOf(err) == fault.Invalid {
				r.Error = "This is not the name. Type " + r.Name + " to remove it."
			}
		}
	}
	return h.showDomain(c, web.StatusOf(err), view)
}

// undoRelease is POST …/undo.
func (h *Handlers) undoRelease(c echo.Context, v *visitor) error {
	s, _, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	if err := h.Domains.UndoRelease(c.Request().Context(), v.actor(c), v.tenant.ID, s.asked.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.nameURL(v, s.asked.ID))
}

const (
	mostNote = 500
	// mostLetters is how many strangers a company may have us write to in a day: enough for
	// every IT department, too few for advertising.
	mostLetters = 10
	sentAction  = "domain.instructions"
)

var errManyLetters = fault.Newf(fault.TooMany, "Your company has had us send %d such mails within a day. Wait until tomorrow, or copy the text from this page.", mostLetters)

// sendToIT is POST …/send: what to do, by mail to whoever runs the domain.
func (h *Handlers) sendToIT(c echo.Context, v *visitor) error {
	s, in, err := h.changeSetUp(c, v)
	if err != nil {
		return err
	}
	view, err := h.domainView(c, v, s)
	if err != nil {
		return err
	}
	if view.IT == nil {
		return errNoDomain
	}
	view.IT.Mail, view.IT.Server, view.IT.Note = strings.TrimSpace(in.Get("email")), in.Get("server"), strings.TrimSpace(in.Get("note"))
	to := view.IT.check()
	if view.IT.MailError != "" || view.IT.NoteError != "" {
		return h.showDomain(c, http.StatusUnprocessableEntity, view)
	}
	err = h.queueLetter(c, v, s, to, view.IT)
	if fault.CodeOf(err) == fault.TooMany {
		view.IT.MailError = fault.TextOf(err)
		return h.showDomain(c, http.StatusTooManyRequests, view)
	}
	if err != nil {
		return err
	}
	view.IT.SentTo, view.IT.Mail, view.IT.Note = to, "", ""
	return h.showDomain(c, http.StatusOK, view)
}

// check says what is wrong with a form, and returns the address.
func (f *ITForm) check() string {
	to, err := mail.Address(f.Mail)
	if err != nil {
		f.MailError = mailTrouble(f.Mail)
	}
	switch {
	case utf8.RuneCountInString(f.Note) > mostNote:
		f.NoteError = "A note has at most " + ids.Format(mostNote) + " characters."
	case mail.HasLink(f.Note):
		f.NoteError = "Leave links and addresses out of the note: mails with links from strangers end among the spam. The records are in the mail anyway."
	}
	return to
}

func mailTrouble(typed string) string {
	_, domain, ok := strings.Cut(typed, "@")
	switch {
	case typed == "":
		return "Type the mail of whoever runs your domain."
	case ok && strings.Contains(domain, ","):
		return "“" + domain + "” has a comma. Did you mean " + strings.ReplaceAll(typed, ",", ".") + "?"
	case !ok:
		return "“" + typed + "” has no @. A mail looks like it@company.com."
	}
	return "“" + typed + "” is no mail that we can write to. Check it for spaces and signs."
}

// queueLetter stores the mail with its record; the same text to the same person goes out
// once a day.
func (h *Handlers) queueLetter(c echo.Context, v *visitor, s setUp, to string, form *ITForm) error {
	letter := doctor.MailToIT(s.names())
	if form.Server != "" {
		letter = doctor.MailToIT(s.names(), form.Server)
	}
	n := notice.Notice{Template: "instructions", Data: map[string]string{
		"name": s.handles().DisplayName, "organisation": calledInMail(v.tenant.Name), "person": calledInMail(v.person.Name), "person_mail": v.person.Email,
		"note": form.Note, "letter": letter,
	}}
	return h.DB.Platform(c.Request().Context(), "mail what to do for a domain", func(tx *pg.PlatformTx) error {
		return h.recordLetter(c, v, s, to, tx, n)
	})
}

// recordLetter writes the record first: it locks the company's audit log, so that of several
// mails at once each counts those before it.
func (h *Handlers) recordLetter(c echo.Context, v *visitor, s setUp, to string, tx *pg.PlatformTx, n notice.Notice) error {
	ctx := c.Request().Context()
	err := audit.AppendFor(ctx, tx, v.tenant.ID, audit.Entry{
		Actor: v.actor(c), Action: sentAction, Target: "domain:" + ids.Format(int64(s.asked.ID)), Detail: map[string]string{"name": s.asked.Name, "to": to},
	})
	if err != nil {
		return err
	}
	sent, err := store.CountAuditOf(ctx, tx, v.tenant.ID, sentAction, time.Now().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	if sent > mostLetters {
		return errManyLetters
	}
	if h.canLink() {
		l, err := h.linkForMail(c, v, s, tx)
		if err != nil {
			return err
		}
		n.Data["link"], n.Data["deadline"] = h.linkURL(l), l.until().UTC().Format(time.RFC3339)
	}
	day := time.Now().UTC().Format(time.DateOnly)
	n.Key = "instructions/" + ids.Format(int64(s.asked.ID)) + "/" + day + "/" + shortHash(n.Data["letter"]+n.Data["note"]+n.Data["link"])
	return notice.QueueTo(ctx, tx, v.tenant.ID, to, v.person.Locale, n) // colleagues share a language
}

// mostCalled is what a stranger needs of a name to know who asks, and too little to tell tales.
const mostCalled = 60

// calledInMail is a name as a mail to a stranger may show it; "" where it would be a link.
func calledInMail(name string) string {
	name = htmlsafe.Name(name)
	if mail.HasLink(name) {
		return ""
	}
	if letters := []rune(name); len(letters) > mostCalled {
		return strings.TrimSpace(string(letters[:mostCalled])) + "…"
	}
	return name
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
