package console

import (
	"slices"
	"strings"

	"rookery/internal/audit"
)

// auditKinds are the groups of actions one may filter by.
var auditKinds = []Choice{
	{"account.", "Accounts"}, {"billing.", "Plan and billing"}, {"brand.", "Branding"}, {"conversation.", "Conversations"}, {"export.", "Archives"}, {"domain.", "Domains"}, {"invitation.", "Invitations"}, {"member.", "People"},
	{"operator.", "Who acts as which account"}, {"status.", "Posts"}, {"retention.", "How long things are kept"}, {"rule.", "Rules"}, {"reply.", "Saved replies"}, {"security.", "Sign-in rules"}, {"server.", "Servers"}, {"setup.", "Set-up"}, {"sso.", "Single sign-on"}, {"staff.", "What the platform’s staff did"}, {"tenant.", "The company"},
}

// auditKinds are those of this platform: where nothing is charged, nothing of it can be asked for.
func (h *Handlers) auditKinds() []Choice {
	if h.Billing != nil {
		return auditKinds
	}
	return slices.DeleteFunc(slices.Clone(auditKinds), func(k Choice) bool { return k.Value == "billing." })
}

// auditSentences are what each action says, after the name of whoever did it; those that
// begin with a capital or a name are whole. {key} stands for a detail.
var auditSentences = map[string]string{
	"account.create": "made the account {account}", "account.profile": "changed the profile of {account}", "account.picture": "changed a picture of {account}", "account.delete": "deleted the account {account}",
	"account.rename": "changed the handle {from} to {to}", "account.keys": "made new keys for {account}", "account.export": "downloaded {file} of {account}",
	"billing.checkout": "went to pay for the plan {plan}", "billing.change": "chose the plan {to} in place of {from}", "billing.change_later": "chose the plan {to} in place of {from}, from {at} on",
	"billing.keep": "kept the plan {from} in place of {to}", "billing.cancel": "cancelled the plan {plan}, which ends on {at}", "billing.resume": "let the plan {plan} go on", "billing.quantity": "paid for {to} more accounts in place of {from}",
	"billing.goodbye": "chose that other servers are told when the company ends unpaid", "billing.quiet_end": "chose that other servers are sent nothing when the company ends unpaid",
	"billing.left":  "The plan was ended, because the company was deleted",
	"billing.fraud": "A bank reported a payment as fraud, so nothing new can be published", "billing.fraud_refund": "A payment that was reported as fraud was given back, and the plan was ended", "billing.fraud_end": "The plan was ended, because a bank reported its payment as fraud",
	"billing.end": "The plan {plan} was ended, because the bank gave a contested payment back",
	"brand.texts": "changed a text of the company", "brand.words": "changed what the company says about itself", "brand.picture": "changed a picture of the company", "brand.picture_removed": "removed a picture of the company",
	"conversation.assign": "gave a conversation to somebody", "conversation.state": "changed the state of a conversation", "conversation.note": "wrote a note about a conversation",
	"domain.claim": "added the name {name}", "domain.instructions": "mailed what to do for {name} to {to}", "domain.link": "made a link to what {name} needs", "domain.link_end": "ended the links to what {name} needs",
	"domain.needs_review": "{name} waits for a review", "domain.pending_ownership": "{name} waits for its proof", "domain.expired": "We stopped looking for {name}", "domain.verified": "{name} was proven",
	"domain.pending_routing": "{name} does not lead to us yet", "domain.issuing": "A certificate of {name} was ordered", "domain.issue_failed": "The certificate of {name} was not issued", "domain.live": "{name} works",
	"domain.degraded": "{name} no longer leads to us", "domain.parked": "{name} was parked", "domain.suspended": "{name} was suspended", "domain.disputed": "Another company proved {name}", "domain.releasing": "{name} is being removed", "domain.released": "{name} was removed",
	"export.begin": "asked for an archive of everything", "export.download": "downloaded an archive of everything", "export.remove": "stopped or removed an archive",
	"retention.change":  "changed how long a class of data is kept from {from} to {to}",
	"invitation.create": "invited {mail} as {role}", "invitation.resend": "sent the invitation of {mail} again", "invitation.revoke": "took the invitation of {mail} back", "invitation.accept": "joined with the invitation of {mail} as {role}",
	"member.change": "changed the place of {who} from {from} to {to}", "member.send_away": "sent {who} away", "member.leave": "left the company",
	"operator.grant": "let {who} act as {account}: {to}", "operator.change": "changed what {who} may do as {account} from {from} to {to}", "operator.withdraw": "took {account} from {who}",
	"status.draft": "kept a draft", "status.schedule": "scheduled a post", "status.submit": "asked for approval of a post", "status.approve": "approved a post", "status.decline": "declined a post", "status.publish": "published a post", "status.rewrite": "changed a post that waits", "status.discard": "threw a post away",
	"rule.add": "added a rule", "rule.change": "changed a rule", "rule.move": "moved a rule", "rule.remove": "removed a rule",
	"reply.add": "added a saved reply", "reply.change": "changed a saved reply", "reply.delete": "deleted a saved reply",
	"server.block": "made a rule about the server {domain}", "server.change": "changed the rule about the server {domain}", "server.unblock": "removed the rule about the server {domain}", "server.import": "imported {rules} rules about servers",
	"server.allow": "allowed the server {domain}", "server.disallow": "took the server {domain} off the list", "server.mode": "changed which servers the company talks to", "server.show": "changed who sees the rules about servers",
	"security.require_second_factor": "changed whether everybody needs a second factor",
	"setup.domain":                   "left the domain behind in the set-up", "setup.people": "left people and accounts behind in the set-up", "setup.end": "ended the set-up",
	"sso.change": "changed single sign-on", "sso.off": "turned single sign-on off", "sso.join": "joined by single sign-on", "sso.link": "joined a login with single sign-on", "sso.break_glass": "signed in past single sign-on",
	"staff.decide": "decided how the company stands, because: {reason}", "staff.decision_end": "took back the decision how the company stands", "staff.read_customer": "asked the payment provider again what was bought", "staff.replay": "looked at an event of the payment provider again", "staff.settle": "settled a matter of payment",
	"tenant.create": "made the company", "tenant.delete": "began to delete the company", "tenant.undelete": "kept the company", "tenant.suspend": "suspended the company", "tenant.go_live": "went live on {host}",
}

// isWholeSentence: what happened by itself does not begin with who did it.
func isWholeSentence(action string) bool {
	words := auditSentences[action]
	return words != "" && (words[0] == '{' || words[0] >= 'A' && words[0] <= 'Z')
}

// auditSentence is what happened, in words. An action without words of its own is shown as
// it is recorded.
func auditSentence(e audit.Entry) string {
	words, ok := auditSentences[e.Action]
	if !ok {
		return e.Action
	}
	for key, value := range e.Detail {
		words = strings.ReplaceAll(words, "{"+key+"}", value)
	}
	for {
		start := strings.IndexByte(words, '{')
		end := strings.IndexByte(words, '}')
		if start < 0 || end < start {
			return words
		}
		words = words[:start] + "…" + words[end+1:]
	}
}

func auditWho(a audit.Actor) string {
	switch a.Kind {
	case audit.Person:
		if a.Name != "" {
			return a.Name
		}
		return "somebody"
	case audit.Operator, audit.Staff:
		return "whoever runs this server"
	case audit.API:
		return "an app"
	case audit.System:
		return "Rookery"
	}
	return string(a.Kind)
}
