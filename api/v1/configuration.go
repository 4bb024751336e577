package v1

import (
	"time"

	"rookery/api/entity"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/tenant"
)

// APIVersion is api_versions.mastodon, by which the official apps switch
// features on. 2 is grouped notifications and 3 PKCE, which are served. 4 would
// be web push by the standard and 7 writing quotes, which are not.
const APIVersion = 3

// compatible is the Mastodon version that apps believe to talk to. They read the
// number before the first space (Tusky, Elk, masto.js) to decide what to offer:
// 4.0 stands for v2 filters and the v2 instance document, 4.3 for grouped
// notifications. 4.4 and 4.5 would promise featured tags by tag and quotes.
const compatible = "4.3.0"

// CompatibleVersion is the version in instance documents:
// "4.3.0 (compatible; Rookery 0.1.0)", the form that Pleroma, Akkoma and
// GoToSocial have made apps used to.
func (s Server) CompatibleVersion() string {
	return compatible + " (compatible; Rookery " + s.Version + ")"
}

// The limits of uploads, as package imaging enforces them: Mastodon's numbers,
// so that apps that shrink before uploading shrink to the right size.
const (
	maxUpload = 16 << 20
	maxPixels = 7680 * 4320
)

// Configuration holds the limits that apps build their forms from.
func (s Server) Configuration(home *tenant.Tenant) entity.InstanceConfiguration {
	anybody := entity.TimelineAccess{Local: "public", Remote: "authenticated"}
	urls := entity.ConfigurationURLs{Streaming: streamingURL(home), About: s.page(home, s.AboutPath)}
	if home.HasPrivacy {
		urls.PrivacyPolicy = s.page(home, s.PrivacyPath)
	}
	if home.HasTerms {
		urls.TermsOfService = s.page(home, s.TermsPath)
	}
	return entity.InstanceConfiguration{
		URLs:  urls,
		VAPID: entity.ConfigurationVAPID{PublicKey: s.VAPIDKey},
		Accounts: entity.ConfigurationAccounts{
			MaxPinnedStatuses:          status.MaxPins,
			MaxDisplayNameLength:       account.MaxDisplayName,
			MaxNoteLength:              account.MaxNote,
			MaxAvatarDescriptionLength: account.MaxAlt,
			MaxHeaderDescriptionLength: account.MaxAlt,
			MaxProfileFields:           account.MaxFields,
			ProfileFieldNameLimit:      account.MaxFieldText,
			ProfileFieldValueLimit:     account.MaxFieldText,
		},
		Statuses: entity.ConfigurationStatuses{
			MaxCharacters:            s.MaxCharacters,
			MaxMediaAttachments:      status.MaxMedia,
			CharactersReservedPerURL: 23,
		},
		MediaAttachments: entity.ConfigurationMedia{
			DescriptionLimit:   media.MaxDescription,
			SupportedMIMETypes: entity.Array[string]{"image/jpeg", "image/png", "image/gif", "image/webp"},
			ImageSizeLimit:     maxUpload,
			ImageMatrixLimit:   maxPixels,
			// No video type is supported. The numbers are the ones of any upload,
			// because apps divide by them.
			VideoSizeLimit:      maxUpload,
			VideoFrameRateLimit: 120,
			VideoMatrixLimit:    maxPixels,
		},
		// Polls cannot be written yet, but apps need the block and sensible
		// numbers in it: Mastodon's.
		Polls: entity.ConfigurationPolls{
			MaxOptions:             4,
			MaxCharactersPerOption: 50,
			MinExpiration:          int((5 * time.Minute).Seconds()),
			MaxExpiration:          int((30 * 24 * time.Hour).Seconds()),
		},
		TimelinesAccess: entity.ConfigurationTimelines{LiveFeeds: anybody, HashtagFeeds: anybody, TrendingLinkFeeds: anybody},
	}
}

func (s Server) page(home *tenant.Tenant, path string) *string {
	if path == "" {
		return nil
	}
	url := home.URL(path)
	return &url
}

// streamingURL is where WebSockets are opened: the tenant's own host, whatever
// domain its handles have.
func streamingURL(home *tenant.Tenant) string {
	if home.Scheme == "http" {
		return "ws://" + home.Host
	}
	return "wss://" + home.Host
}
