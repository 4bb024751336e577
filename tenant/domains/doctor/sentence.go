package doctor

import "strings"

// sentences say in one breath what is wrong and which record to change. {name} is the
// domain; the other words in braces come from the finding's detail.
var sentences = map[Code]string{
	NoRecords:          "{name} has no address yet: add a CNAME record from {record} to {want}.",
	WrongA:             "{name} points to {seen}: change the A record of {record} to {want_addresses}, or replace it by a CNAME record to {want}.",
	WrongAAAALeftover:  "An AAAA record of {record} leads to {seen}, which is not here: remove it, because browsers and certificate authorities prefer it.",
	MultipleA:          "{record} has several A records ({seen}) and some lead elsewhere: remove {foreign} and keep {want_addresses}.",
	WrongCNAME:         "{record} is an alias of {seen}: change its CNAME record to {want}.",
	CNAMEAtApex:        "{record} is a whole domain, where a CNAME record (to {seen}) is not allowed: replace it by A records to {want_addresses}, or use a name below it, such as social.{record}.",
	ZoneDoubled:        "The record was created as {seen}: your provider adds {zone} by itself, so enter only the part before it, for {record} to come out.",
	ProxiedCloudflare:  "{record} goes through Cloudflare's proxy ({seen}), which does not lead here: switch the record to “DNS only” (grey cloud) and point it to {want}.",
	CAAForbids:         "The CAA record of {from} ({seen}) allows certificates of {issuers} alone: add the record {from} CAA {want}.",
	CAALookupFailed:    "Nobody could be asked for the CAA records of {from}, so no authority may issue a certificate: ask whoever runs its DNS servers.",
	DNSSECBogus:        "The DNSSEC signatures of {zone} do not hold, so half of the world cannot look it up: renew them, or remove the DS record of {zone} at your registrar.",
	NSServFail:         "The DNS servers of {zone} answer with a failure: ask whoever runs them. We look again by ourselves.",
	ACMEChallengeStale: "An old record at {record} ({seen}) is left from another set-up: you can remove it.",
	Port80Blocked:      "{name} leads here ({seen}), but nothing gets through on port 80 ({failure}): open it in your firewall or proxy, certificates depend on it.",
	RateLimited:        "The certificate authority asks us to wait until {until}. You need not do anything.",
	WebFingerUnreached: "{record} does not answer as it should ({why}): redirect it, with what follows the question mark, to {target}.",
	WebFingerNotJSON:   "{record} answers with a web page: redirect it to {target}, before your website's own rules.",
	WebFingerSubject:   "{record} answers for {seen}: redirect it to {target} instead.",
	WebFingerActor:     "{record} is answered by somebody else ({seen}): redirect it to {target}.",
	WebFingerQuery:     "The redirect of {record} leads to {seen} and loses what stands behind the question mark: add the query to its target, {target}.",
	WWWRedirect:        "{name} sends everybody to {seen}: exempt {record} from that redirect and send it to {target}.",
	ExistingServer:     "A fediverse server ({software}) answers on {name} already ({seen}): two cannot share a name. Move it first, or choose another name.",
	ClaimedByOther:     "Another company here holds {name} and uses it. It has been asked to prove it anew until {until}; keep the TXT record, we write to you when that is decided.",
	PublicSuffix:       "{name} is a public suffix, under which others register their domains. Use a domain of your own, such as social.example.com.",
	OwnershipMissing:   "Add a TXT record at {record} with the value {want}.",
	OwnershipOther:     "The TXT record at {record} says {seen}: change it to {want}.",
	OwnershipMisplaced: "The TXT record is at {seen}: move it to {record}, with the value {want}.",
	NotSpreadYet:       "The records of {record} are right. Some name servers still give the old answer ({seen}); that takes some hours at most.",
	DNSUnreachable:     "The DNS servers of {zone} could not be asked. We look again by ourselves.",
	ProbeFailed:        "The records of {record} are right, but we could not look at {name} just now. We look again by ourselves.",
	AnsweredByOther:    "The records of {record} are right ({seen}), but something else answers there ({server}): remove the proxy or firewall in between.",
	CertificateRefused: "The certificate authority refused: {text}",
	AuthorityUnreached: "The certificate authority cannot be reached. We try again by ourselves.",
	OrderLost:          "The order of the certificate was interrupted. We try again by ourselves.",
	Transferred:        "{name} was given to another company here, which proved that it owns it.",
	Contested:          "Another company here proved control of {name}. Prove it anew to keep it.",
	Refused:            "The present holder of {name} proved it anew, so this claim has ended. Ask whoever runs the domain.",
	Rejected:           "{name} can't be used here: it could be taken for another name.",
	Suspended:          "{name} is suspended. Write to us to have it back.",
	MixedScript:        "{name} mixes letters of several alphabets. We review it by hand, usually within one working day.",
	LooksLike:          "{name} could be taken for another name. We review it by hand, usually within one working day.",
}

// atApex are the sentences for a whole domain, where no CNAME can be.
var atApex = map[Code]string{
	NoRecords:         "{name} has no address yet: add A records from {record} to {want_addresses}.",
	WrongA:            "{name} points to {seen}: change the A record of {record} to {want_addresses}.",
	ProxiedCloudflare: "{record} goes through Cloudflare's proxy ({seen}), which does not lead here: switch the record to “DNS only” (grey cloud) and point it to {want_addresses}.",
}

// leadsHere are the sentences for a name whose records are right.
var leadsHere = map[Code]string{
	WWWRedirect: "The records of {record} are right, but something in between sends everybody to {seen}: remove that redirect.",
}

// Sentence is a finding in words. An unknown code is its own sentence.
func Sentence(code Code, name string, detail map[string]string) string {
	text, ok := sentences[code]
	if special, found := atApex[code]; found && detail["at_apex"] != "" {
		text = special
	}
	if special, found := leadsHere[code]; found && detail["leads_here"] != "" {
		text = special
	}
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
	case word == "why" && detail["status"] != "":
		return "status " + detail["status"]
	case word == "why", word == "failure" && value != "":
		return wordsOf(detail["failure"])
	case word == "record" && value == "":
		return name
	case value != "":
		return value
	}
	return unnamed[word]
}

func wordsOf(failure string) string {
	if words, ok := failures[failure]; ok {
		return words
	}
	return unnamed["failure"]
}

// failures are the words for look's.
var failures = map[string]string{
	"no_address": "the name has no address", "refused": "the connection is refused", "timeout": "no answer in time", "tls": "no valid certificate",
	"redirect": "it redirects in a circle, too often, or to plain http", "blocked": "it leads into a private network",
	"foreign": "an answer that makes no sense", "other": "it could not be asked",
}

// unnamed are words for what this platform was not told.
var unnamed = map[string]string{
	"want": "this platform", "want_addresses": "this platform's addresses", "zone": "the domain", "seen": "another place",
	"server": "not this platform", "issuers": "nobody", "failure": "no answer", "until": "the end of the notice", "text": "it gave no reason.",
	"from": "the domain", "software": "unknown", "foreign": "the others", "target": "this platform",
}
