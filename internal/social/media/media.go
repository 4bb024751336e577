// Package media holds the rules of uploaded files: taking an image in, describing
// it, and the addresses under which files are served.
//
// The API and the console call it. Images are decoded and encoded anew before
// they are stored (package imaging); the bytes live in Postgres. It must not know
// HTTP, and must not fetch anything.
package media

import (
	"context"
	"fmt"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/imaging"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// MaxDescription is how long an alt text may be, in characters (Mastodon 4.6).
const MaxDescription = 10_000

// decodeMemory bounds what all decoding in the process takes at once.
const decodeMemory = 768 << 20

// Service takes files in.
type Service struct {
	db      *pg.DB
	limiter *imaging.Limiter
}

// New returns a Service.
func New(db *pg.DB) *Service { return &Service{db: db, limiter: imaging.NewLimiter(decodeMemory)} }

// Upload is a file as somebody sent it.
type Upload struct {
	Bytes       []byte
	Description string
	FocusX      float64
	FocusY      float64
}

// Add takes an image in for an account. Decoding happens outside the transaction.
// What is no image, or too large, is a fault whose text names the limit.
func (s *Service) Add(ctx context.Context, t *tenant.Tenant, account social.AccountID, up Upload) (*social.Media, error) {
	if err := entitled.ToUpload(t); err != nil {
		return nil, err
	}
	if err := validate(up.Description, up.FocusX, up.FocusY); err != nil {
		return nil, err
	}
	img, err := s.limiter.Process(ctx, up.Bytes, imaging.Limits{})
	if err != nil {
		return nil, fmt.Errorf("process upload: %w", err)
	}
	m := &social.Media{
		ID: social.MediaID(ids.New()), AccountID: account, Kind: social.MediaImage, MIME: img.MIME, Key: newKey(),
		Description: htmlsafe.Clean(up.Description), Blurhash: img.Blurhash, Width: img.Width, Height: img.Height,
		SmallWidth: img.Small.Width, SmallHeight: img.Small.Height, Size: int64(len(img.Bytes)), FocusX: up.FocusX, FocusY: up.FocusY,
	}
	err = s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if err := put(ctx, scope, m.Key, store.Original, img.Rendition); err != nil {
			return err
		}
		if err := put(ctx, scope, m.Key, store.Small, img.Small); err != nil {
			return err
		}
		return store.InsertMedia(ctx, scope, m)
	})
	if err != nil {
		return nil, fmt.Errorf("store upload: %w", err)
	}
	return m, nil
}

// AddAvatar stores a profile picture of 400 × 400 and returns its name.
func (s *Service) AddAvatar(ctx context.Context, t *tenant.Tenant, data []byte) (key string, err error) {
	if err := entitled.ToUpload(t); err != nil {
		return "", err
	}
	r, err := s.limiter.Avatar(ctx, data)
	if err != nil {
		return "", fmt.Errorf("process avatar: %w", err)
	}
	return s.addPicture(ctx, t, r)
}

// AddHeader stores a profile header of 1500 × 500 and returns its name.
func (s *Service) AddHeader(ctx context.Context, t *tenant.Tenant, data []byte) (key string, err error) {
	if err := entitled.ToUpload(t); err != nil {
		return "", err
	}
	r, err := s.limiter.Header(ctx, data)
	if err != nil {
		return "", fmt.Errorf("process header: %w", err)
	}
	return s.addPicture(ctx, t, r)
}

func (s *Service) addPicture(ctx context.Context, t *tenant.Tenant, r *imaging.Rendition) (string, error) {
	key := newKey()
	err := s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return put(ctx, scope, key, store.Original, *r) })
	if err != nil {
		return "", fmt.Errorf("store picture: %w", err)
	}
	return key, nil
}

// Describe changes the alt text and the focal point of an account's own file; nil leaves a value.
func (s *Service) Describe(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.MediaID, description *string, focus *[2]float64) (*social.Media, error) {
	m, err := store.MediaByID(ctx, scope, account, id)
	if err != nil {
		return nil, fmt.Errorf("describe media: %w", err)
	}
	if description != nil {
		m.Description = htmlsafe.Clean(*description)
	}
	if focus != nil {
		m.FocusX, m.FocusY = focus[0], focus[1]
	}
	if err := validate(m.Description, m.FocusX, m.FocusY); err != nil {
		return nil, err
	}
	return m, store.DescribeMedia(ctx, scope, m)
}

func validate(description string, x, y float64) error {
	if htmlsafe.Length(description) > MaxDescription {
		return fault.Newf(fault.Invalid, "Validation failed: Description is too long (maximum is %d characters)", MaxDescription)
	}
	if !(x >= -1 && x <= 1 && y >= -1 && y <= 1) { // also refuses NaN
		return fault.New(fault.Invalid, "Validation failed: Focus must be two numbers between -1 and 1")
	}
	return nil
}

// newKey is a random name of 128 bits: nobody guesses it from a neighbour's.
func newKey() string { return ids.Secret(16) }

func put(ctx context.Context, scope *pg.Scope, key string, r store.Rendition, img imaging.Rendition) error {
	return store.PutFile(ctx, scope, key, r, store.File{MIME: img.MIME, SHA256: img.Sha256[:], Bytes: img.Bytes})
}
