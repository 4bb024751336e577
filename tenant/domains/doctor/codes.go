package doctor

// The codes. They are stable: mails, the API and other people's scripts know them.
const (
	NoRecords          Code = "NO_RECORDS"
	WrongA             Code = "WRONG_A"
	WrongAAAALeftover  Code = "WRONG_AAAA_LEFTOVER"
	MultipleA          Code = "MULTIPLE_A"
	WrongCNAME         Code = "WRONG_CNAME"
	CNAMEAtApex        Code = "CNAME_AT_APEX"
	ZoneDoubled        Code = "ZONE_DOUBLED"
	ProxiedCloudflare  Code = "PROXIED_CLOUDFLARE"
	CAAForbids         Code = "CAA_FORBIDS"
	CAALookupFailed    Code = "CAA_LOOKUP_FAILED"
	DNSSECBogus        Code = "DNSSEC_BOGUS"
	NSServFail         Code = "NS_SERVFAIL"
	ACMEChallengeStale Code = "ACME_CHALLENGE_TXT_STALE"
	Port80Blocked      Code = "PORT80_BLOCKED"
	RateLimited        Code = "RATE_LIMITED"
	WebFingerUnreached Code = "WEBFINGER_UNREACHABLE"
	WebFingerNotJSON   Code = "WEBFINGER_NOT_JSON"
	WebFingerSubject   Code = "WEBFINGER_WRONG_SUBJECT"
	WebFingerActor     Code = "WEBFINGER_WRONG_ACTOR"
	WebFingerQuery     Code = "WEBFINGER_QUERY_DROPPED"
	WWWRedirect        Code = "WWW_REDIRECT"
	ExistingServer     Code = "EXISTING_FEDIVERSE_SERVER"
	ClaimedByOther     Code = "CLAIMED_BY_OTHER_TENANT"
	PublicSuffix       Code = "PUBLIC_SUFFIX"
	// Beyond docs/domains.md's table: the stages that come before those.
	OwnershipMissing   Code = "OWNERSHIP_TXT_MISSING"
	OwnershipOther     Code = "OWNERSHIP_TXT_OTHER"
	OwnershipMisplaced Code = "OWNERSHIP_TXT_MISPLACED"
	NotSpreadYet       Code = "NOT_SPREAD_YET" // the zone is right, resolvers still say the old
	DNSUnreachable     Code = "DNS_UNREACHABLE"
	ProbeFailed        Code = "PROBE_FAILED"      // we could not ask; that says nothing of the name
	AnsweredByOther    Code = "ANSWERED_BY_OTHER" // the records are right, but something else answers
	CertificateRefused Code = "CERTIFICATE_REFUSED"
	AuthorityUnreached Code = "AUTHORITY_UNREACHABLE"
	OrderLost          Code = "ORDER_LOST"
	// What people and other claims do to a name.
	Transferred Code = "TRANSFERRED"
	Contested   Code = "CONTESTED"
	Refused     Code = "REFUSED"
	Rejected    Code = "REJECTED"
	Suspended   Code = "SUSPENDED"
	MixedScript Code = "MIXED_SCRIPT"
	LooksLike   Code = "LOOKS_LIKE"
)
