package v1

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Credentials serves the profile of the account that asks.
type Credentials struct{ Deps }

// NewCredentials returns the handlers.
func NewCredentials(d Deps) *Credentials { return &Credentials{d} }

// pictureLimit lets two pictures of 8 MB in.
const pictureLimit = 17 << 20

// Routes is the table.
func (h *Credentials) Routes() []httpx.Route {
	write := []string{"write:accounts"}
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: "/api/v1/accounts/verify_credentials", Auth: httpx.User,
			Scopes: []string{"profile", "read:accounts"}, Act: access.Read, WorksUntil: tenant.Unpaid, Handler: h.verify,
		},
		{
			Method: "PATCH|PUT", Path: "/api/v1/accounts/update_credentials", Auth: httpx.User, Scopes: write,
			Act: access.Manage, BodyLimit: pictureLimit, Handler: h.update,
		},
		{
			Method: http.MethodDelete, Path: "/api/v1/profile/avatar", Auth: httpx.User, Scopes: write, Act: access.Manage,
			Handler: func(c echo.Context) error {
				return h.save(c, account.Changes{AvatarKey: new(string), AvatarAlt: new(string)}, nil)
			},
		},
		{
			Method: http.MethodDelete, Path: "/api/v1/profile/header", Auth: httpx.User, Scopes: write, Act: access.Manage,
			Handler: func(c echo.Context) error {
				return h.save(c, account.Changes{HeaderKey: new(string), HeaderAlt: new(string)}, nil)
			},
		},
	}
}

func (h *Credentials) verify(c echo.Context) error {
	var out *entity.CredentialAccount
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		own, requests, err := store.OwnAccount(ctx, r.Scope, r.Viewer)
		if err != nil {
			return err
		}
		out = h.Render.Credential(r.Tenant, own, requests, httpx.Viewer(c).Role)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

type credentialsInput struct {
	DisplayName       *string               `json:"display_name"`
	Note              *string               `json:"note"`
	Avatar            *multipart.FileHeader `json:"avatar"`
	AvatarDescription *string               `json:"avatar_description"`
	Header            *multipart.FileHeader `json:"header"`
	HeaderDescription *string               `json:"header_description"`
	Locked            *bool                 `json:"locked"`
	Bot               *bool                 `json:"bot"`
	Discoverable      *bool                 `json:"discoverable"`
	Indexable         *bool                 `json:"indexable"`
	HideCollections   *bool                 `json:"hide_collections"`
	Fields            *[]fieldInput         `json:"fields_attributes"`
	Source            struct {
		Privacy   *social.Visibility `json:"privacy"`
		Sensitive *bool              `json:"sensitive"`
		Language  *string            `json:"language"`
	} `json:"source"`
}

type fieldInput struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxLanguage is longer than any tag that apps offer ("zh-Hant-TW").
const maxLanguage = 16

// Validate implements httpx.Validator.
func (in *credentialsInput) Validate() error {
	if lang := in.Source.Language; lang != nil {
		if len(*lang) > maxLanguage || strings.Trim(*lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return fault.New(fault.Invalid, "Validation failed: Default language is not a language code")
		}
	}
	return nil
}

func (in *credentialsInput) changes() account.Changes {
	ch := account.Changes{
		DisplayName: in.DisplayName, Note: in.Note, Locked: in.Locked, Discoverable: in.Discoverable, Indexable: in.Indexable,
		HideCollections: in.HideCollections, AvatarAlt: in.AvatarDescription, HeaderAlt: in.HeaderDescription,
		DefaultVisibility: in.Source.Privacy, DefaultSensitive: in.Source.Sensitive, DefaultLanguage: in.Source.Language,
	}
	if in.Fields != nil {
		fields := make([]social.Field, len(*in.Fields))
		for i, f := range *in.Fields {
			fields[i] = social.Field{Name: f.Name, Source: f.Value}
		}
		ch.Fields = &fields
	}
	return ch
}

func (h *Credentials) update(c echo.Context) error {
	var in credentialsInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	changes := in.changes()
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	var err error
	if changes.AvatarKey, err = storePicture(ctx, home, in.Avatar, h.Media.AddAvatar); err != nil {
		return err
	}
	if changes.HeaderKey, err = storePicture(ctx, home, in.Header, h.Media.AddHeader); err != nil {
		return err
	}
	return h.save(c, changes, in.Bot)
}

// storePicture keeps an uploaded picture and returns its name; nil for none.
func storePicture(ctx context.Context, t *tenant.Tenant, file *multipart.FileHeader, add func(context.Context, *tenant.Tenant, []byte) (string, error)) (*string, error) {
	if file == nil {
		return nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	key, err := add(ctx, t, data)
	return &key, err
}

func readFile(file *multipart.FileHeader) ([]byte, error) {
	f, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("open upload: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return data, nil
}

func (h *Credentials) save(c echo.Context, changes account.Changes, bot *bool) error {
	var out *entity.CredentialAccount
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		ch := changes
		if bot != nil {
			own, err := store.AccountByID(ctx, r.Scope, r.Viewer)
			if err != nil {
				return err
			}
			ch.ActorType = account.AsBot(own.ActorType, *bot)
		}
		own, err := h.Accounts.Update(ctx, r.Scope, r.Tenant, r.Viewer, ch)
		if err != nil {
			return err
		}
		if ch.Locked != nil && !*ch.Locked {
			if err := h.Relate.AcceptAll(ctx, r.Scope, r.Viewer); err != nil {
				return err
			}
		}
		requests, err := store.CountFollowRequests(ctx, r.Scope, r.Viewer)
		if err != nil {
			return err
		}
		out = h.Render.Credential(r.Tenant, own, requests, httpx.Viewer(c).Role)
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
