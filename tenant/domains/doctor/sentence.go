package doctor

import "strings"

// sentences say in one breath what is wrong and which record to change. {name} is the
// domain; the other words in braces come from the finding's detail.
var sentences = map[Code]string{
	NoRecords:          "{name} has no address yet: add a CNAME record from {name} to {want}.",
	WrongA:             "{name} points to {seen}: change its A record to {want_addresses}, or replace it by a CNAME record to {want}.",
	WrongAAAALeftover:  "An AAAA record of {name} leads to {seen}, which is not here: remove it, because browsers and certificate authorities prefer it.",
	MultipleA:          "{name} has several A records ({seen}) and some lead elsewhere: keep only {want_addresses}.",
	WrongCNAME:         "{name} is an alias of {seen}: change its CNAME record to {want}.",
	CNAMEAtApex:        "{name} is a whole domain, where a CNAME record is not allowed: replace it by A records to {want_addresses}, or use a name below it, such as social.{name}.",
	ZoneDoubled:        "The record was created as {seen}: your provider adds {zone} by itself, so enter only the part before it.",
	ProxiedCloudflare:  "{name} goes through Cloudflare's proxy, which does not lead here: switch the record to “DNS only” (grey cloud) and point it to {want}.",
	CAAForbids:         "The CAA record of {from} allows certificates of {issuers} alone: add the record {from} CAA {want}.",
	CAALookupFailed:    "Nobody could be asked for the CAA records of {from}, so no authority may issue a certificate: ask whoever runs its DNS servers.",
	DNSSECBogus:        "The DNSSEC signatures of {zone} do not hold, so half of the world cannot look it up: renew them, or remove the DS record at your registrar.",
	NSServFail:         "The DNS servers of {zone} answer with a failure: ask whoever runs them. We look again by ourselves.",
	ACMEChallengeStale: "An old record at _acme-challenge.{name} is left from another set-up: remove it.",
	Port80Blocked:      "{name} leads here, but nothing gets through on port 80 ({failure}): open it in your firewall or proxy, certificates depend on it.",
	RateLimited:        "The certificate authority asks us to wait until {until}. You need not do anything.",
	WebFingerUnreached: "https://{name}/.well-known/webfinger does not answer{status}: add the redirect to {want} to the website of {name}.",
	WebFingerNotJSON:   "https://{name}/.well-known/webfinger answers with a web page: add the redirect to {want} before your website's own rules.",
	WebFingerSubject:   "https://{name}/.well-known/webfinger answers for {seen}: redirect it to {want} instead.",
	WebFingerActor:     "https://{name}/.well-known/webfinger is answered by somebody else: redirect it to {want}.",
	WebFingerQuery:     "The redirect of https://{name}/.well-known/webfinger loses what stands behind the question mark: add the query to its target.",
	WWWRedirect:        "{name} sends everybody to www.{name}: exempt /.well-known/webfinger from that redirect and send it to {want}.",
	ExistingServer:     "A fediverse server ({software}) answers on {name} already: two cannot share a name. Move it first, or choose another name.",
	ClaimedByOther:     "Another company here holds {name} and uses it. It has been asked to prove it anew; we write to you when that is decided.",
	PublicSuffix:       "{name} is a public suffix, under which others register domains: use a domain of your own.",
	OwnershipMissing:   "Add a TXT record at {record} with the value {want}.",
	OwnershipOther:     "The TXT record at {record} says {seen}: change it to {want}.",
	OwnershipMisplaced: "The TXT record is at {seen}: move it to {record}.",
	NotSpreadYet:       "The records are right. Some name servers still give the old answer ({seen}); that takes some hours at most.",
	DNSUnreachable:     "The DNS servers of {zone} could not be asked. We look again by ourselves.",
	AnsweredByOther:    "The records of {name} are right, but something else answers there ({server}): remove the proxy or firewall in between.",
	CertificateRefused: "The certificate authority refused: {text}",
	AuthorityUnreached: "The certificate authority cannot be reached. We try again by ourselves.",
	OrderLost:          "The order of the certificate was interrupted. We try again by ourselves.",
}

// Sentence is a finding in words. An unknown code is its own sentence.
func Sentence(code Code, name string, detail map[string]string) string {
	text, ok := sentences[code]
	if !ok {
		return string(code)
	}
	return fill(text, name, detail)
}

// fill puts values in place of the words in braces. What is not known leaves no gap that
// reads like an error of ours.
func fill(text, name string, detail map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		word, after, _ := strings.Cut(rest, "}")
		out.WriteString(valueFor(word, name, detail))
		text = after
	}
}

func valueFor(word, name string, detail map[string]string) string {
	value := detail[word]
	switch {
	case word == "name":
		return name
	case word == "status" && value != "":
		return " as it should (status " + value + ")"
	case word == "status" || value != "":
		return value
	}
	return unnamed[word]
}

// unnamed are words for what this platform was not told.
var unnamed = map[string]string{
	"want": "this platform", "want_addresses": "this platform's addresses", "zone": "the domain", "seen": "another place",
	"server": "not this platform", "issuers": "nobody", "failure": "no answer", "until": "later", "text": "it gave no reason.",
	"record": "the domain", "from": "the domain", "software": "unknown",
}
