package doctor

import (
	"net/url"
	"strconv"
	"strings"

	"rookery/tenant/domains/look"
)

const webFingerPath = "/.well-known/webfinger"

func webFinger(f look.Facts) Finding {
	w := f.WebFinger
	// People redirect the path; what we ask for behind it is a name that nobody has.
	detail := []string{"record", withoutQuery(w.URL), "final", w.Final, "want", f.Target.Host, "target", f.Target.Scheme + "://" + f.Target.Host + webFingerPath}
	final, err := url.Parse(w.Final)
	if err != nil {
		final = &url.URL{}
	}
	leadsToHost := f.Target.Host != "" && final.Host == f.Target.Host
	switch {
	case w.Proven:
		return well()
	case w.Software != "" && !leadsToHost:
		return wrong(ExistingServer, append(detail, "software", w.Software, "seen", final.Host)...)
	case w.Failure == look.FailedOther:
		return unknown(WebFingerUnreached, append(detail, "failure", w.Failure)...)
	case final.Host == "www."+f.Target.Name:
		return wrong(WWWRedirect, append(detail, "seen", withoutQuery(w.Final))...)
	case w.Failure == look.FailedForeign:
		return wrong(WebFingerNotJSON, detail...)
	case w.Status == 0:
		// A stranger's outage is no fault of the name's records, but followers meet it too.
		return wrong(WebFingerUnreached, append(detail, "failure", w.Failure)...)
	case !w.HasQuery && final.Path == webFingerPath && w.Final != w.URL:
		return wrong(WebFingerQuery, append(detail, "seen", withoutQuery(w.Final))...)
	case w.Status < 200 || w.Status > 299:
		return wrong(WebFingerUnreached, append(detail, "status", strconv.Itoa(w.Status))...)
	case !w.IsJSON:
		return wrong(WebFingerNotJSON, append(detail, "content_type", w.ContentType)...)
	case w.Subject != "" && !strings.HasSuffix(strings.ToLower(w.Subject), "@"+strings.ToLower(f.Target.Name)):
		return wrong(WebFingerSubject, append(detail, "seen", w.Subject)...)
	}
	return wrong(WebFingerActor, append(detail, "seen", final.Host)...)
}

func withoutQuery(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}
