package console

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/plan"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Pictures of a post or an answer that is being written: forms hold their ids, and what each
// shows. They belong to nothing until the words are sent.

const mostAlt = 1500

// readPictures reads which pictures a form holds, and what each shows. Those with drop_ID are
// taken out.
func readPictures(in url.Values) (list []social.MediaID, alts map[social.MediaID]string) {
	alts = make(map[social.MediaID]string)
	for _, text := range in["media_ids"] {
		id, ok := ids.Parse(text)
		if !ok || in.Get("drop_"+text) != "" {
			continue
		}
		list = append(list, social.MediaID(id))
		alts[social.MediaID(id)] = in.Get("alt_" + text)
	}
	return list, alts
}

// addPicture stores a picture through the rules of uploads, for an account that the visitor
// writes as. have is how many the form holds already.
func (h *Handlers) addPicture(c echo.Context, v *visitor, account social.AccountID, upload media.Upload, have int) (*social.Media, error) {
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		vs, err := h.voices(ctx, scope, v)
		if err != nil {
			return err
		}
		voice := vs.of(account)
		if voice == nil {
			return web.ErrNotFound
		}
		return access.Allow(voice.Role, access.Draft)
	})
	if err != nil {
		return nil, err
	}
	if have >= status.MaxMedia {
		return nil, fault.Newf(fault.Invalid, "Cannot attach more than %d files", status.MaxMedia)
	}
	if !h.Limiter.Take(limit.Media, "person:"+ids.Format(int64(v.person.ID))).OK {
		return nil, fault.New(fault.TooMany, "You have added very many pictures within half an hour. Wait a little, then go on.")
	}
	return h.Files.Add(c.Request().Context(), v.tenant, account, upload)
}

// describe writes the descriptions of pictures, as they stand in the form, of what was made
// with it. It comes after the making: who may not make it may not describe it either.
func (h *Handlers) describe(ctx context.Context, scope *pg.Scope, c echo.Context, v *visitor, account social.AccountID, made *plan.Made, list []social.MediaID, alts map[social.MediaID]string) error {
	if made.Status != nil {
		posted, err := store.MediaOfStatuses(ctx, scope, []social.StatusID{made.Status.ID})
		if err != nil {
			return err
		}
		return describeEach(ctx, scope, posted[made.Status.ID], alts, func(*social.Media) error { return nil })
	}
	found, err := store.LooseMediaByIDs(ctx, scope, account, list)
	if err != nil {
		return err
	}
	return describeEach(ctx, scope, slices.Collect(maps.Values(found)), alts, func(m *social.Media) error {
		return plan.Redescribe(ctx, scope, v.tenant, v.acting(c), m.ID)
	})
}

// describeEach describes those of four files at most whose descriptions are others.
func describeEach(ctx context.Context, scope *pg.Scope, files []*social.Media, alts map[social.MediaID]string, before func(*social.Media) error) error {
	for _, m := range files {
		typed, isThere := alts[m.ID]
		alt := htmlsafe.Clean(typed)
		if !isThere || alt == m.Description {
			continue
		}
		if len([]rune(alt)) > mostAlt {
			return fault.Newf(fault.Invalid, "A description has at most %d characters.", mostAlt)
		}
		if err := before(m); err != nil {
			return err
		}
		m.Description = alt
		if err := store.DescribeMedia(ctx, scope, m); err != nil {
			return err
		}
	}
	return nil
}
