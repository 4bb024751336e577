package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/social/media"
	"rookery/internal/social/plan"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

var errInboxState = fault.New(fault.Forbidden, "Nothing can be sent while the company is not active.")

func (h *Handlers) inboxIsOpen(v *visitor) bool { return v.tenant.State == tenant.Active }

// deskBy is the visitor as the rules of conversations know them.
func (v *visitor) deskBy(c echo.Context) plan.By {
	return plan.By{Person: v.person.ID, Actor: v.actor(c)}
}

// threadAct reads a form of a conversation's page and does something with it in one transaction.
func (h *Handlers) threadAct(c echo.Context, v *visitor, do func(context.Context, *pg.Scope, desk.Key, url.Values) error) (url.Values, error) {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return nil, err
	}
	return in, h.onThread(c, v, in, do)
}

// onThread does something with the conversation in the path, in one transaction.
func (h *Handlers) onThread(c echo.Context, v *visitor, in url.Values, do func(context.Context, *pg.Scope, desk.Key, url.Values) error) error {
	k, err := threadOf(c)
	if err != nil {
		return err
	}
	if !h.inboxIsOpen(v) {
		return errInboxState
	}
	return h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error { return do(ctx, scope, k, in) })
}

// toThread goes back to the page of the conversation.
func (h *Handlers) toThread(c echo.Context, v *visitor) error {
	k, err := threadOf(c)
	if err != nil {
		return err
	}
	q := inboxQueryOf(c)
	return c.Redirect(http.StatusSeeOther, q.at(h.threadURL(v.tenant, k)))
}

// isShown reports whether a mistake belongs into the form: what is refused or not there
// gets a page of its own.
func isShown(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.Invalid || code == fault.Conflict || code == fault.TooLarge || entitled.IsNo(err)
}

func statusOf(err error) int {
	switch fault.CodeOf(err) {
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Forbidden:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

// replyOf is an answer as it was typed.
func replyOf(in url.Values) *InboxReply {
	return &InboxReply{
		Text: in.Get("text"), Warning: in.Get("warning"), Reach: in.Get("visibility"), PlanID: in.Get("plan"), PlanSeen: in.Get("plan_seen"),
		Language: in.Get("language"), NewAlt: in.Get("alt_new"), Sensitive: in.Get("sensitive") != "", Key: formKey(in),
	}
}

// answerThread is POST …/answer: send, approve, make private, add a picture, or put a saved
// reply in.
func (h *Handlers) answerThread(c echo.Context, v *visitor) error {
	in, file, err := web.SignedUpload(c, v.session)
	if err != nil {
		return err
	}
	reply := replyOf(in)
	written := typed{reply: reply}
	written.media, written.alts = readPictures(in)
	written.once = sentOnce(reply.Key, c.Request().URL.Path, reply.Text, reply.Warning, reply.Reach, reply.Language, reply.Sensitive, written.media, written.alts)
	isSent := false
	if err = h.attachToAnswer(c, v, in, file, &written); err == nil {
		err = h.onThread(c, v, in, func(ctx context.Context, scope *pg.Scope, k desk.Key, in url.Values) error {
			switch id, isSaved := ids.Parse(in.Get("saved")); {
			case in.Get("do") == "attach":
				return nil
			case in.Get("do") == "narrow":
				t, err := h.desk.Thread(ctx, scope, v.person.ID, k)
				if err == nil {
					reply.Reach = string(t.LastVisibility)
				}
				return err
			case isSaved:
				text, err := h.desk.Saved(ctx, scope, v.person.ID, k, id)
				reply.Text = strings.TrimLeft(strings.TrimRight(reply.Text, " ")+" "+text, " ")
				return err
			}
			isSent = true
			return h.send(ctx, scope, c, v, k, in, &written)
		})
	}
	switch {
	case err == nil && isSent:
		return h.toThread(c, v)
	case err == nil:
		return h.showThread(c, v, written)
	case !isShown(err):
		return err
	}
	switch {
	case errors.Is(err, desk.ErrAnswered):
		reply.Problem = "answered"
	case errors.Is(err, desk.ErrAskedAgain):
		reply.Problem = "asked"
	case errors.Is(err, desk.ErrWriting):
		reply.Problem = "writing"
	case errors.Is(err, desk.ErrWide): // the form says so by itself
	default:
		if reply.FileError == "" {
			reply.Error = strings.TrimPrefix(fault.TextOf(err), "Validation failed: ")
		}
	}
	written.status = statusOf(err)
	return h.showThread(c, v, written)
}

func (h *Handlers) send(ctx context.Context, scope *pg.Scope, c echo.Context, v *visitor, k desk.Key, in url.Values, written *typed) error {
	reply := written.reply
	r := desk.Reply{
		Text: reply.Text, SpoilerText: reply.Warning, Visibility: social.Visibility(reply.Reach), Seen: in.Get("seen"),
		IsWide: in.Get("do") == "wide", IsAnyway: in.Get("do") == "anyway",
		Language: reply.Language, Sensitive: reply.Sensitive, MediaIDs: written.media,
	}
	if r.Seen == "" {
		r.Seen = "none" // a form without a version was not read from our page
	}
	var made *plan.Made
	var err error
	if id, ok := ids.Parse(reply.PlanID); ok {
		made, err = h.desk.Approve(ctx, scope, v.tenant, v.deskBy(c), k, social.PlanID(id), r, planSeen(reply.PlanSeen))
	} else {
		made, err = h.desk.Answer(ctx, scope, v.tenant, v.deskBy(c), k, r, written.once)
	}
	if err != nil {
		return err
	}
	return h.describe(ctx, scope, c, v, k.AccountID, made, written.media, written.alts)
}

// attachToAnswer takes in a picture that came with the form.
func (h *Handlers) attachToAnswer(c echo.Context, v *visitor, in url.Values, file []byte, written *typed) error {
	isAsked := in.Get("do") == "attach"
	if len(file) == 0 {
		if isAsked && len(in["media_ids"]) == len(written.media) { // nothing was taken out either
			written.reply.FileError = "Choose a picture first."
		}
		return nil
	}
	k, err := threadOf(c)
	if err != nil {
		return err
	}
	if !h.inboxIsOpen(v) {
		return errInboxState
	}
	m, err := h.addPicture(c, v, k.AccountID, media.Upload{Bytes: file, Description: written.reply.NewAlt}, len(written.media))
	if err != nil {
		if isShown(err) {
			written.reply.FileError = fault.TextOf(err)
		}
		return err
	}
	written.media, written.alts[m.ID], written.reply.NewAlt = append(written.media, m.ID), m.Description, ""
	return nil
}

// declineAnswer is POST …/decline: an answer that waits goes back to its author.
func (h *Handlers) declineAnswer(c echo.Context, v *visitor) error {
	in, err := h.threadAct(c, v, func(ctx context.Context, scope *pg.Scope, k desk.Key, in url.Values) error {
		id, _ := ids.Parse(in.Get("plan"))
		return h.desk.Decline(ctx, scope, v.tenant, v.deskBy(c), k, social.PlanID(id), in.Get("reason"), planSeen(in.Get("plan_seen")))
	})
	if err != nil && in != nil && isShown(err) {
		return h.showThread(c, v, typed{status: statusOf(err), reason: in.Get("reason"), problem: fault.TextOf(err)})
	}
	if err != nil {
		return err
	}
	return h.toThread(c, v)
}

// noteThread is POST …/note.
func (h *Handlers) noteThread(c echo.Context, v *visitor) error {
	in, err := h.threadAct(c, v, func(ctx context.Context, scope *pg.Scope, k desk.Key, in url.Values) error {
		return h.desk.Note(ctx, scope, v.tenant, v.deskBy(c), k, in.Get("note"))
	})
	if err != nil && in != nil && isShown(err) {
		return h.showThread(c, v, typed{status: statusOf(err), note: InboxNote{Text: in.Get("note"), Error: fault.TextOf(err)}})
	}
	if err != nil {
		return err
	}
	return h.toThread(c, v)
}

// assignThread is POST …/assign.
func (h *Handlers) assignThread(c echo.Context, v *visitor) error {
	_, err := h.threadAct(c, v, func(ctx context.Context, scope *pg.Scope, k desk.Key, in url.Values) error {
		id, ok := ids.Parse(in.Get("person"))
		if !ok && in.Get("person") != "0" {
			return fault.New(fault.Invalid, "Choose somebody who is to have this conversation.")
		}
		return h.desk.Assign(ctx, scope, v.tenant, v.deskBy(c), k, social.PersonID(id))
	})
	if err != nil {
		return err
	}
	return h.toThread(c, v)
}

// moveThread is POST …/state.
func (h *Handlers) moveThread(c echo.Context, v *visitor) error {
	_, err := h.threadAct(c, v, func(ctx context.Context, scope *pg.Scope, k desk.Key, in url.Values) error {
		return h.desk.SetState(ctx, scope, v.deskBy(c), k, social.DeskState(in.Get("state")))
	})
	if err != nil {
		return err
	}
	return h.toThread(c, v)
}

// writeThread is POST …/writing, which the page's script sends while somebody types.
func (h *Handlers) writeThread(c echo.Context, v *visitor) error {
	_, err := h.threadAct(c, v, func(ctx context.Context, scope *pg.Scope, k desk.Key, _ url.Values) error {
		return h.desk.Write(ctx, scope, v.person.ID, k)
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
