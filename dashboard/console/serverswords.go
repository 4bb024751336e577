package console

import "rookery/internal/social/moderate"

// The words of the room of servers that do not stand in its templates.

// SeverityChoice is how much of a server a company does without.
type SeverityChoice struct{ Value, Name, Text string }

var severityChoices = []SeverityChoice{
	{string(moderate.Suspend), "Block", "Nothing comes in and nothing goes out. Its accounts and posts are hidden, follows end."},
	{string(moderate.Silence), "Limit", "Only those who follow its accounts see their posts. Public lists do not show them, and strangers from there notify nobody."},
	{string(moderate.Noop), "Only what is ticked below", "Posts are shown as those of other servers."},
}

var serverAudiences = []Choice{{moderate.ToNobody, "Nobody"}, {moderate.ToUsers, "Who is signed in"}, {moderate.ToAll, "Everybody"}}
