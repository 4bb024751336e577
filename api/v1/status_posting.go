package v1

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// statusInput is what may be said about a post, new or edited.
type statusInput struct {
	Status      string            `json:"status"`
	SpoilerText string            `json:"spoiler_text"`
	Sensitive   bool              `json:"sensitive"`
	Language    string            `json:"language"`
	MediaIDs    []social.MediaID  `json:"media_ids"`
	Poll        *pollInput        `json:"poll"`
	QuotedID    social.StatusID   `json:"quoted_status_id"`
	Visibility  social.Visibility `json:"visibility"`
	InReplyToID social.StatusID   `json:"in_reply_to_id"`
	ScheduledAt string            `json:"scheduled_at"`
	// Media changes the descriptions of files that the post has; edits alone do that.
	Media []mediaChange `json:"media_attributes"`
}

type mediaChange struct {
	ID social.MediaID `json:"id"`
	describeInput
}

type pollInput struct {
	Options []string `json:"options"`
}

var (
	errNoPolls  = fault.New(fault.Invalid, "Polls are not available on this server. Post without one.")
	errNoQuotes = fault.New(fault.Invalid, "Quotes are not available on this server. Put a link to the post into the text.")
)

// languagePattern is a language tag (RFC 5646) as far as apps send them.
var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// Validate refuses what this version cannot do: a post that silently lost its poll or
// its quote would be another post than the one that was meant.
func (in *statusInput) Validate() error {
	switch {
	case in.Poll != nil && len(in.Poll.Options) > 0:
		return errNoPolls
	case in.QuotedID != 0:
		return errNoQuotes
	case len(in.Media) > status.MaxMedia:
		return httpx.ErrNotFound
	}
	if !languagePattern.MatchString(in.Language) {
		in.Language = "" // the author's default, as in Mastodon
	}
	return nil
}

func (in *statusInput) draft(c echo.Context) status.Draft {
	viewer := httpx.Viewer(c)
	return status.Draft{
		Text: in.Status, SpoilerText: in.SpoilerText, Visibility: in.Visibility, Sensitive: in.Sensitive, Language: in.Language,
		InReplyToID: in.InReplyToID, MediaIDs: in.MediaIDs, AuthorID: viewer.Person, AppID: viewer.App,
	}
}

func (h *Statuses) create(c echo.Context) error {
	var in statusInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	if in.ScheduledAt != "" || access.Allow(httpx.Viewer(c).Role, access.Post) != nil {
		return h.plan(c, in)
	}
	draft := in.draft(c)
	draft.IdempotencyKey = httpx.IdempotencyKey(c)
	ctx := c.Request().Context()
	out, err := h.desk.post(ctx, tenant.FromContext(ctx), ViewerID(c), draft)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// edit replaces a post's text and files: what is not sent is empty, as in Mastodon.
func (h *Statuses) edit(c echo.Context) error {
	var in statusInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	draft := in.draft(c)
	var out *entity.Status
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := own(ctx, c, r)
		if err != nil {
			return err
		}
		author, err := store.AccountByID(ctx, r.Scope, r.Viewer)
		if err != nil {
			return err
		}
		if draft.Language == "" {
			draft.Language = st.Language
		}
		if st, err = h.Statuses.Edit(ctx, r.Scope, r.Tenant, author, st, draft); err != nil {
			return err
		}
		if err := h.describe(ctx, r, in); err != nil {
			return err
		}
		out, err = h.Render.Status(ctx, r.Scope, r.Tenant, r.Viewer, st)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// describe changes what an edit says about the files it keeps; the limit of files
// bounds the loop.
func (h *Statuses) describe(ctx context.Context, r *Call, in statusInput) error {
	for _, change := range in.Media {
		if !slices.Contains(in.MediaIDs, change.ID) {
			return httpx.ErrNotFound
		}
		focus, err := change.focus()
		if err != nil {
			return err
		}
		if _, err := h.StatusDeps.Media.Describe(ctx, r.Scope, r.Viewer, change.ID, change.Description, focus); err != nil {
			return fmt.Errorf("describe file %d: %w", change.ID, err)
		}
	}
	return nil
}

// focus is nil when the app said nothing about it.
func (in describeInput) focus() (*[2]float64, error) {
	if in.Focus == nil || *in.Focus == "" {
		return nil, nil
	}
	point, err := in.Focus.point()
	return &point, err
}

// remove deletes a post and answers with its source. Its files stay for "delete and
// redraft" unless the app wants them gone.
func (h *Statuses) remove(c echo.Context) error {
	var in struct {
		DeleteMedia bool `json:"delete_media"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	var out *entity.Status
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		st, err := own(ctx, c, r)
		if err != nil {
			return err
		}
		if out, err = h.Render.Status(ctx, r.Scope, r.Tenant, r.Viewer, st); err != nil {
			return err
		}
		out.Text = &st.Source
		if !in.DeleteMedia {
			if err := store.KeepMedia(ctx, r.Scope, st.ID, nil); err != nil {
				return err
			}
		}
		return h.Statuses.Delete(ctx, r.Scope, st)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
