package httpx

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Limiter counts. Take uses one of a key's requests in a class and says how many
// there are, how many are left, when the count starts again, and whether this
// one is within.
type Limiter interface {
	Take(key, class string) (limit, remaining int, reset time.Time, ok bool)
}

// The classes that every request counts in; routes add their own by Route.Limit.
const (
	LimitUser  = "user"  // all apps of one account together
	LimitToken = "token" // one token
	LimitIP    = "ip"    // one address without a token; IPv6 by /64
)

const resetLayout = "2006-01-02T15:04:05.000000Z"

// take counts the request in every class it falls into and shows the app the one
// that is closest to its end.
func take(c echo.Context, route Route, limiter Limiter, home *tenant.Tenant, viewer *access.Viewer) error {
	tightest := quota{remaining: -1}
	for _, k := range keys(c, route, home, viewer) {
		var q quota
		q.most, q.remaining, q.reset, q.ok = limiter.Take(k.key, k.class)
		if !q.ok || tightest.remaining < 0 || q.remaining < tightest.remaining {
			tightest = q
		}
		if !q.ok {
			break
		}
	}
	header := c.Response().Header()
	header.Set("X-RateLimit-Limit", strconv.Itoa(tightest.most))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(tightest.remaining, 0)))
	header.Set("X-RateLimit-Reset", tightest.reset.UTC().Format(resetLayout))
	if tightest.ok {
		return nil
	}
	wait := max(int(time.Until(tightest.reset).Seconds()+1), 1)
	header.Set(echo.HeaderRetryAfter, strconv.Itoa(wait))
	return ErrTooMany
}

type quota struct {
	most, remaining int
	reset           time.Time
	ok              bool
}

type limitKey struct{ key, class string }

func keys(c echo.Context, route Route, home *tenant.Tenant, viewer *access.Viewer) []limitKey {
	var out []limitKey
	owner := "ip:" + addressBlock(c.RealIP())
	if viewer == nil {
		out = append(out, limitKey{owner, LimitIP})
	} else {
		token := "token:" + ids.Format(viewer.TokenID)
		out, owner = append(out, limitKey{token, LimitToken}), token
		if viewer.Account != 0 {
			owner = "account:" + home.ID.String() + ":" + ids.Format(int64(viewer.Account))
			out = append(out, limitKey{owner, LimitUser})
		}
	}
	if route.Limit != "" {
		out = append(out, limitKey{owner, route.Limit})
	}
	return out
}

// addressBlock is what one subscriber holds.
func addressBlock(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	return limit.AddressKey(addr)
}
