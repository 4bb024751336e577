package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are typed, and a container may have none

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// composed is a form of the composer as it was sent.
type composed struct {
	account social.AccountID
	words   plan.Words
	act     string
	seen    time.Time
	alts    map[social.MediaID]string
	key     string // what is sent twice has the same; "": nothing is known of a form
}

var (
	errZone = errors.New("zone")
	errTime = errors.New("time")
)

// readComposed reads the form. What cannot be read is said at its field of the view.
func readComposed(in url.Values, f *PublishForm) composed {
	out := composed{act: in.Get("act")}
	account, _ := ids.Parse(in.Get("account"))
	out.account, out.seen = social.AccountID(account), versionOf(in.Get("seen"))
	f.Account, f.Text, f.Warning, f.Language = in.Get("account"), in.Get("text"), strings.TrimSpace(in.Get("warning")), in.Get("language")
	f.Visibility, f.Date, f.Time, f.Zone = in.Get("visibility"), in.Get("date"), in.Get("time"), strings.TrimSpace(in.Get("zone"))
	f.Sensitive = in.Get("sensitive") != ""
	f.NewAlt = in.Get("alt_new")
	out.words.MediaIDs, out.alts = readPictures(in)
	reply, _ := ids.Parse(in.Get("in_reply_to"))
	f.InReplyTo = in.Get("in_reply_to")
	out.words.Text, out.words.SpoilerText, out.words.Sensitive = f.Text, f.Warning, f.Sensitive
	out.words.Visibility, out.words.Language, out.words.InReplyToID = social.Visibility(f.Visibility), f.Language, social.StatusID(reply)
	at, err := whenTyped(f.Date, f.Time, f.Zone)
	switch {
	case errors.Is(err, errZone):
		f.ZoneError = "We don’t know the time zone “" + f.Zone + "”. Write it as Europe/Berlin or UTC."
	case err != nil:
		f.DateError = "Give both a date and a time, such as 2026-12-01 and 09:30. Leave both empty to send at once."
	}
	out.words.ScheduledAt, out.words.Zone = at, f.Zone
	if key := formKey(in); key != "" {
		f.Key = key
		words := out.words
		words.ScheduledAt = nil // an address in memory
		out.key = sentOnce(key, out.act, out.account, words, at, out.alts)
	}
	return out
}

// formKey is the key of a page in a form that was sent from it; "" for none of ours.
func formKey(in url.Values) string {
	const longest = 64
	if key := in.Get("key"); len(key) <= longest {
		return key
	}
	return ""
}

// sentOnce names what a form is to make, "" for a form without a key: a second click is the
// same thing, other words that are written into the same page, after going back to it, are not.
func sentOnce(key string, parts ...any) string {
	if key == "" {
		return ""
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q", key)
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, " %q", fmt.Sprint(part))
	}
	return "console " + hex.EncodeToString(h.Sum(nil))
}

// whenTyped is a date and a time in a zone; nil for neither. A time that the clocks skip in
// spring is the one right after.
func whenTyped(date, clock, zone string) (*time.Time, error) {
	if date == "" && clock == "" {
		return nil, nil
	}
	where, err := zoneOf(zone)
	if err != nil {
		return nil, err
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, where)
	if err != nil {
		return nil, errTime
	}
	at = at.UTC()
	return &at, nil
}

// zoneOf finds a zone by its name. "Local" would be the server's own.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	where, err := time.LoadLocation(name)
	if err != nil || name == "Local" || len(name) > 64 {
		return nil, errZone
	}
	return where, nil
}

// version tells the words of a plan from those before; versionOf reads it back.
func version(p *social.Plan) string { return strconv.FormatInt(p.UpdatedAt.UnixMicro(), 10) }

func versionOf(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(n)
}

// composer is an empty form for somebody who writes.
func (h *Handlers) composer(v *visitor, vs voices) PublishForm {
	f := PublishForm{
		Shell: h.shell(v), Token: access.CSRF(v.session), CancelURL: h.publishURL(v.tenant), Action: h.publishURL(v.tenant),
		MaxChars: h.Posts.MaxChars(), MaxFiles: status.MaxMedia, Zones: commonZones, Languages: publishLanguages, Visibilities: publishVisibilities,
		Visibility: string(social.Public), Key: ids.Secret(16),
	}
	for _, voice := range vs.writing() {
		view := h.accountView(v.tenant, voice.Account, voice.Role)
		f.Accounts = append(f.Accounts, view)
		f.NeedsApproval = f.NeedsApproval || !mayPost(&voice)
		f.MayPost = f.MayPost || mayPost(&voice)
	}
	return f
}

// fillFrom shows a plan in the form.
func (f *PublishForm) fillFrom(p *social.Plan) {
	f.PlanID, f.Seen, f.State = ids.Format(int64(p.ID)), version(p), planStateOf(p)
	f.Account, f.Text, f.Warning, f.Language, f.Visibility = ids.Format(int64(p.AccountID)), p.Text, p.SpoilerText, p.Language, string(p.Visibility)
	f.Sensitive, f.Zone, f.Reason = p.Sensitive, p.Zone, p.Reason
	if p.InReplyToID != 0 {
		f.InReplyTo = ids.Format(int64(p.InReplyToID))
	}
	if !p.HasTime() {
		return
	}
	where, err := zoneOf(p.Zone)
	if err != nil {
		where = time.UTC
	}
	if f.Zone == "" {
		f.Zone = "UTC"
	}
	at := p.ScheduledAt.In(where)
	f.Date, f.Time = at.Format(time.DateOnly), at.Format("15:04")
}

// showFiles puts the files of the form into it: those of the plan, and those that were
// uploaded since and belong to nothing yet.
func (h *Handlers) showFiles(ctx context.Context, scope *pg.Scope, v *visitor, f *PublishForm, account social.AccountID, media []social.MediaID, alts map[social.MediaID]string) error {
	found, err := store.LooseMediaByIDs(ctx, scope, account, media)
	if err != nil {
		return err
	}
	f.Files = nil
	for _, id := range media {
		m := found[id]
		if m == nil {
			continue
		}
		file := h.planFiles(v, []*social.Media{m})[0]
		if alt, typed := alts[id]; typed {
			file.Alt = alt
		}
		f.Files = append(f.Files, file)
	}
	return nil
}

// complain says at the form what a rule refused, without the API's own prefix.
func (f *PublishForm) complain(err error) bool {
	switch fault.CodeOf(err) {
	case fault.Invalid, fault.Conflict, fault.TooLarge, fault.TooMany:
	default:
		if !entitled.IsNo(err) {
			return false
		}
	}
	text := strings.TrimPrefix(fault.TextOf(err), "Validation failed: ")
	switch {
	case strings.HasPrefix(text, "Scheduled at"):
		f.DateError = "Choose a time at least five minutes from now, or leave it empty to send at once."
	case strings.HasPrefix(text, "Text can't be blank"):
		f.TextError = "Write something, or add a picture."
	case strings.HasPrefix(text, "Text character limit"):
		f.TextError = "This is longer than " + strconv.Itoa(f.MaxChars) + " characters. Shorten it."
	default:
		f.FormError = text
	}
	return true
}
