package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social/desk"
	"rookery/internal/store"
	"rookery/tenant/access"
)

func (h *Handlers) repliesURL(v *visitor) string { return h.inboxURL(v.tenant) + "/replies" }

// replyID reads which saved reply an address names; none is 0.
func replyID(c echo.Context) (int64, error) {
	if c.Param("reply") == "" {
		return 0, nil
	}
	id, ok := ids.Parse(c.Param("reply"))
	if !ok {
		return 0, web.ErrNotFound
	}
	return id, nil
}

// savedReplies is GET …/replies, and …/replies/:reply to change one.
func (h *Handlers) savedReplies(c echo.Context, v *visitor) error {
	id, err := replyID(c)
	if err != nil {
		return err
	}
	return h.showReplies(c, v, id, nil, http.StatusOK)
}

func (h *Handlers) showReplies(c echo.Context, v *visitor, id int64, form *SavedReplyForm, status int) error {
	view := SavedRepliesView{Shell: h.shell(v), Token: access.CSRF(v.session), BackURL: h.inboxURL(v.tenant), AddURL: h.repliesURL(v), Name: desk.NamePlace}
	var chosen *store.SavedReply
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		all, err := h.desk.Replies(ctx, scope, v.person.ID, access.Draft)
		if err != nil {
			return err
		}
		_, err = h.desk.Replies(ctx, scope, v.person.ID, access.Post)
		view.MayWrite = err == nil && h.inboxIsOpen(v)
		for _, r := range all {
			own := view.AddURL + "/" + ids.Format(r.ID)
			view.Replies = append(view.Replies, SavedReply{Title: r.Title, Text: r.Text, URL: own, DeleteURL: own + "/delete"})
			if r.ID == id {
				chosen = r
			}
		}
		if fault.CodeOf(err) == fault.Forbidden {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	view.Form = SavedReplyForm{Action: view.AddURL, IsNew: id == 0}
	switch {
	case form != nil:
		view.Form.Title, view.Form.Text, view.Form.Error = form.Title, form.Text, form.Error
	case chosen != nil:
		view.Form.Title, view.Form.Text = chosen.Title, chosen.Text
	case id != 0:
		return web.ErrNotFound
	}
	if id != 0 {
		view.Form.Action, view.Form.CancelURL = view.AddURL+"/"+ids.Format(id), view.AddURL
	}
	return web.HTML(c, status, writer(RenderSavedReplies, view))
}

// saveReply is POST …/replies, and …/replies/:reply.
func (h *Handlers) saveReply(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	id, err := replyID(c)
	if err != nil {
		return err
	}
	if !h.inboxIsOpen(v) {
		return errInboxState
	}
	r := store.SavedReply{ID: id, Title: in.Get("title"), Text: in.Get("text")}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return h.desk.SaveReply(ctx, scope, v.tenant, v.deskBy(c), r)
	})
	if err != nil && isShown(err) {
		return h.showReplies(c, v, id, &SavedReplyForm{Title: r.Title, Text: r.Text, Error: fault.TextOf(err)}, statusOf(err))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.repliesURL(v))
}

// deleteReply is POST …/replies/:reply/delete.
func (h *Handlers) deleteReply(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	id, err := replyID(c)
	if err != nil {
		return err
	}
	if !h.inboxIsOpen(v) {
		return errInboxState
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return h.desk.DeleteReply(ctx, scope, v.deskBy(c), id)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.repliesURL(v))
}
