package httpx

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
)

const noStore = "private, no-store"

// CachePublic lets everybody's caches keep this answer for a while. Only for answers
// that are the same for every viewer.
func CachePublic(c echo.Context, keep time.Duration) {
	c.Response().Header().Set(echo.HeaderCacheControl, fmt.Sprintf("public, max-age=%d", int(keep.Seconds())))
}

// CachedJSON answers with a document that is the same for everybody: with
// CachePublic, an ETag, and 304 for an app that has it already (RFC 9110, section 13).
func CachedJSON(c echo.Context, keep time.Duration, body any) error {
	var document bytes.Buffer
	if err := entity.Write(&document, body); err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	raw := document.Bytes()
	sum := sha256.Sum256(raw)
	// Weak, because a proxy may compress the answer.
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	CachePublic(c, keep)
	c.Response().Header().Set("ETag", tag)
	if hasTag(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Stream(http.StatusOK, echo.MIMEApplicationJSON, bytes.NewReader(raw))
}

// hasTag compares weakly, as If-None-Match demands.
func hasTag(list, tag string) bool {
	bare := strings.TrimPrefix(tag, "W/")
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == bare {
			return true
		}
	}
	return false
}

// maxIdempotencyKey is longer than what any app sends (UUIDs and hashes).
const maxIdempotencyKey = 255

// IdempotencyKey is the key under which an app repeats a request that must count
// once; empty when it sent none or one too long to keep.
func IdempotencyKey(c echo.Context) string {
	key := cleanText(strings.TrimSpace(c.Request().Header.Get("Idempotency-Key")))
	if len(key) > maxIdempotencyKey {
		return ""
	}
	return key
}
