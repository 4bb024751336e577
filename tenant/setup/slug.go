package setup

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	longestSlug = 30
	suggested   = 3
)

// spelled are letters that have no form without their mark, as most people write them.
var spelled = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "å", "aa", "ł", "l", "đ", "d", "þ", "th", "ð", "d", "&", " and ")

// SlugOf is a name below the platform's that a company could have, or "".
func SlugOf(name string) string {
	var out strings.Builder
	for _, r := range norm.NFKD.String(spelled.Replace(norm.NFC.String(strings.ToLower(name)))) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		case !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
	}
	return cut(out.String(), longestSlug)
}

func cut(slug string, most int) string {
	slug = strings.Trim(slug, "-")
	return strings.TrimRight(slug[:min(len(slug), most)], "-")
}

// Suggest returns free names that are like the one somebody wanted, or like the company's
// own; three at most.
func (s *Service) Suggest(ctx context.Context, name, wanted string) ([]string, error) {
	var slugs, hosts []string
	add := func(slug string) {
		if host, err := s.Names.TrialName(slug, s.Host); err == nil {
			slugs, hosts = append(slugs, slug), append(hosts, host)
		}
	}
	for _, base := range []string{SlugOf(wanted), SlugOf(name)} {
		if base == "" {
			continue
		}
		add(base)
		for _, end := range []string{"team", "hq", "social"} {
			add(cut(base, longestSlug-1-len(end)) + "-" + end)
		}
		for n := 2; n <= 9; n++ {
			add(cut(base, longestSlug-2) + "-" + strconv.Itoa(n))
		}
	}
	free, err := s.Tenants.FreeTrials(ctx, hosts)
	if err != nil {
		return nil, err
	}
	var out []string
	for i, host := range hosts {
		if len(out) < suggested && slices.Contains(free, host) && !slices.Contains(out, slugs[i]) {
			out = append(out, slugs[i])
		}
	}
	return out, nil
}
