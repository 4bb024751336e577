package domains

import (
	"slices"
	"strings"

	"rookery/internal/fault"
)

// Names below the platform's own that people could take for the platform itself, or that
// mail and browsers give a meaning (RFC 2142, RFC 8615 and custom).
var reservedSlugs = strings.Fields(`
	about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover billing blog cdn chat
	console contact dashboard dev dns docs domain edge email feedback ftp git help hostmaster imap info legal localhost login
	mail media mx news noc noreply ns ns1 ns2 oauth official owner pay payment payments platform pop pop3 postmaster press
	privacy public rookery root sales secure security service shop signin signup sms smtp ssl staff staging static status
	store support sysadmin system team terms test tls trust users web webmail webmaster wpad www www1 www2`)

var errSlug = fault.New(fault.Invalid, "A name for a trial has 3 to 30 letters, digits and hyphens, begins and ends with a letter or digit, and is no reserved word.")

// TrialName is where a trial is served: one label below the platform's host, since the
// platform's wildcard certificate covers no more. The port of development stays.
func TrialName(slug, platform string) (string, error) {
	slug = strings.ToLower(strings.TrimSpace(slug))
	ok := len(slug) >= 3 && len(slug) <= 30 && !strings.HasPrefix(slug, "xn--") && !strings.HasPrefix(slug, "t-") &&
		slug[0] != '-' && slug[len(slug)-1] != '-' && !slices.Contains(reservedSlugs, slug) &&
		strings.IndexFunc(slug, func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') }) < 0
	if !ok {
		return "", errSlug
	}
	return slug + "." + platform, nil
}

var errLikeSlug = fault.New(fault.Invalid, "This name could be taken for somebody else’s. Choose another one, or write to whoever runs this server.")

// TrialName is the function of that name for people who serve themselves: a name that looks
// like a protected one is not theirs to take without a look by staff.
func (s *Service) TrialName(slug, platform string) (string, error) {
	host, err := TrialName(slug, platform)
	if err != nil {
		return "", err
	}
	label, _, _ := strings.Cut(host, ".")
	for _, protected := range s.Protected {
		known, _, _ := strings.Cut(protected, ".")
		if skeletonOf(known) == skeletonOf(label) {
			return "", errLikeSlug
		}
	}
	return host, nil
}
