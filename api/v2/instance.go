package v2

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/social/status"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Instance serves the document about a tenant as a server.
type Instance struct{ server v1.Server }

// NewInstance returns the handlers.
func NewInstance(server v1.Server) *Instance {
	if server.MaxCharacters == 0 {
		server.MaxCharacters = status.DefaultMaxChars
	}
	return &Instance{server: server}
}

const keepInstance = 5 * time.Minute

// Routes is the table.
func (i *Instance) Routes() []httpx.Route {
	return []httpx.Route{
		{Method: http.MethodGet, Path: "/api/v2/instance", Auth: httpx.Public, Act: access.Read, WorksUntil: tenant.ClosedUnpaid, Handler: i.show},
	}
}

func (i *Instance) show(c echo.Context) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	stats, err := i.server.Stats.Instance(ctx, home)
	if err != nil {
		return fmt.Errorf("count instance: %w", err)
	}
	return httpx.CachedJSON(c, keepInstance, i.document(home, stats))
}

func (i *Instance) document(home *tenant.Tenant, stats v1.InstanceStats) *entity.Instance {
	var thumbnail entity.InstanceThumbnail
	if url := i.server.PictureOf(home); url != "" {
		thumbnail = entity.InstanceThumbnail{URL: url, Versions: entity.Object[string]{"@1x": url}}
		if hash := home.ThumbnailBlurhash; hash != "" {
			thumbnail.Blurhash = &hash
		}
	}
	return &entity.Instance{
		Domain:        home.HandleDomain,
		Title:         home.Name,
		Version:       i.server.CompatibleVersion(),
		SourceURL:     i.server.SourceURL,
		Description:   v1.Noticed(home, home.Summary()),
		Usage:         entity.InstanceUsage{Users: entity.InstanceUserUsage{ActiveMonth: stats.ActiveMonth}},
		Thumbnail:     thumbnail,
		Languages:     entity.Array[string]{"en"},
		Configuration: i.server.Configuration(home),
		// Registrations are off: an organisation invites its own people.
		APIVersions: entity.InstanceAPIVersions{Mastodon: v1.APIVersion},
		Contact:     entity.InstanceContact{Email: home.ContactMail, Account: stats.Contact},
		Rules:       stats.Rules,
	}
}
