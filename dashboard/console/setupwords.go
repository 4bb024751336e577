package console

// The words of the set-up that do not stand in its templates.

const (
	errFoundOften    = "You have tried many names within an hour. Wait a little, then go on."
	errRowHandle     = "Type a handle too, or leave both empty."
	errRowRole       = "Choose one of the places in the list."
	errRowName       = "A display name has at most 30 characters."
	errRowHandleSame = "Two accounts cannot have the same handle."
)

// stepWords are the screens in their order.
var stepWords = [...]string{companyStep: "Company", domainStep: "Domain", peopleStep: "People and accounts"}

// setupItems are what makes a company ready, with where each is done.
var setupItems = []struct {
	item       setupItem
	done, todo string
	why        string // while it is to be done
}{
	{itemDomain, "Your own domain works", "Connect your own domain", "Until then nobody elsewhere can follow your accounts."},
	{itemAccount, "There is an account", "Make an account", "It is what people follow."},
	{itemPicture, "An account has a picture", "Give an account a picture", "Accounts without one look abandoned."},
	{itemPeople, "You are not alone", "Invite somebody", "One person on holiday should not silence a company."},
	{itemWords, "Rules or an about text are written", "Write your rules or an about text", "Servers elsewhere and their people read them before they follow."},
	{itemFactor, "Your login has a second factor", "Add a second factor to your login", "Whoever guesses your password could speak for the company."},
}
