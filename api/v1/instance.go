package v1

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// Stats counts what a tenant holds.
type Stats interface {
	Instance(ctx context.Context, t *tenant.Tenant) (InstanceStats, error)
	// Brand is what a tenant says about itself at length.
	Brand(ctx context.Context, t *tenant.Tenant) (*store.Brand, error)
}

// InstanceStats are the numbers of an instance document.
type InstanceStats struct {
	Users       int // local accounts
	ActiveMonth int // accounts that wrote within four weeks
	Statuses    int // local posts
	Domains     int // other servers known
	Contact     *entity.Account
	Rules       entity.Array[entity.Rule]
}

// Server is what is the same for all tenants of this installation.
type Server struct {
	Stats         Stats
	Version       string // of Rookery: "0.1.0"
	SourceURL     string
	VAPIDKey      string // public key of web push; empty without push
	MaxCharacters int    // of a post; 0 is the default
	AboutPath     string // page about a tenant on its own host; empty when there is none
	// Pages of a tenant on its own host; announced where it has written them.
	PrivacyPath string
	TermsPath   string
	// Picture is where the picture that stands for a tenant is, or ""; nil: nowhere.
	Picture func(*tenant.Tenant) string
}

// Instance serves the documents about a tenant as a server.
type Instance struct{ server Server }

// NewInstance returns the handlers.
func NewInstance(server Server) *Instance {
	if server.MaxCharacters == 0 {
		server.MaxCharacters = status.DefaultMaxChars
	}
	return &Instance{server: server}
}

// keepInstance is how long caches may keep a document about the server.
const keepInstance = 5 * time.Minute

// Routes is the table.
func (i *Instance) Routes() []httpx.Route {
	open := func(path string, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{Method: http.MethodGet, Path: path, Auth: httpx.Public, Act: access.Read, Handler: handler}
	}
	return []httpx.Route{
		{Method: http.MethodGet, Path: "/api/v1/instance", Auth: httpx.Public, Act: access.Read, WorksUntil: tenant.ClosedUnpaid, Handler: i.show},
		open("/api/v1/instance/extended_description", i.extendedDescription),
		open("/api/v1/instance/languages", i.languages),
		open("/api/v1/instance/privacy_policy", i.privacyPolicy),
		open("/api/v1/instance/terms_of_service", i.termsOfService),
		open("/api/v1/instance/terms_of_service/:date", i.termsOfService),
		open("/api/v1/instance/rules", i.rules),
		// Whom an organisation talks to is its own business; Mastodon can hide it, too.
		open("/api/v1/instance/peers", emptyList),
		// Weekly numbers of log-ins and sign-ups: not published.
		open("/api/v1/instance/activity", emptyList),
		// Nothing is translated: no source language has a target.
		open("/api/v1/instance/translation_languages", func(c echo.Context) error {
			return c.JSON(http.StatusOK, entity.Object[[]string]{})
		}),
	}
}

func (i *Instance) show(c echo.Context) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	stats, err := i.server.Stats.Instance(ctx, home)
	if err != nil {
		return fmt.Errorf("count instance: %w", err)
	}
	return httpx.CachedJSON(c, keepInstance, i.server.document(home, stats))
}

func (s Server) document(home *tenant.Tenant, stats InstanceStats) *entity.InstanceV1 {
	configuration := s.Configuration(home)
	var thumbnail *string
	if url := s.PictureOf(home); url != "" {
		thumbnail = &url
	}
	return &entity.InstanceV1{
		URI:              home.HandleDomain,
		Title:            home.Name,
		ShortDescription: Noticed(home, home.Summary()),
		Description:      Noticed(home, firstText(home.Description, home.ShortDescription)),
		Email:            home.ContactMail,
		Version:          s.CompatibleVersion(),
		URLs:             entity.InstanceV1URLs{StreamingAPI: configuration.URLs.Streaming},
		Stats:            entity.InstanceV1Stats{UserCount: stats.Users, StatusCount: stats.Statuses, DomainCount: stats.Domains},
		Thumbnail:        thumbnail,
		Languages:        entity.Array[string]{"en"},
		ContactAccount:   stats.Contact,
		Rules:            stats.Rules,
		Configuration: entity.InstanceV1Configuration{
			Accounts:         configuration.Accounts,
			Statuses:         configuration.Statuses,
			MediaAttachments: configuration.MediaAttachments,
			Polls:            configuration.Polls,
		},
	}
}

// Noticed is a description of a tenant, as HTML, after the notice that not everything works
// there. It is where apps look when they show a server to people, members and strangers; an
// announcement is shown to members alone, wants to be dismissed by each of them, and is out of
// reach once reading is off. The document says it from the request on that finds the standing:
// another text is another ETag.
func Noticed(home *tenant.Tenant, description string) string {
	return html.EscapeString(strings.TrimSpace(entitled.Notice(home) + " " + description))
}

func (i *Instance) languages(c echo.Context) error {
	return httpx.CachedJSON(c, keepInstance, languages)
}
