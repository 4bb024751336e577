package entity

// Marker is how far a person has read a timeline.
type Marker struct {
	LastReadID ID   `json:"last_read_id"`
	Version    int  `json:"version"`
	UpdatedAt  Time `json:"updated_at"`
}

// List is a timeline of chosen accounts.
type List struct {
	ID            ID     `json:"id"`
	Title         string `json:"title"`
	RepliesPolicy string `json:"replies_policy"`
	Exclusive     bool   `json:"exclusive"`
}

// FilterV1 hides statuses with one phrase.
type FilterV1 struct {
	ID           ID            `json:"id"`
	Phrase       string        `json:"phrase"`
	Context      Array[string] `json:"context"`
	WholeWord    bool          `json:"whole_word"`
	ExpiresAt    *Time         `json:"expires_at"`
	Irreversible bool          `json:"irreversible"`
}

// Filter hides or marks statuses (v2).
type Filter struct {
	ID           ID                   `json:"id"`
	Title        string               `json:"title"`
	Context      Array[string]        `json:"context"`
	ExpiresAt    *Time                `json:"expires_at"`
	FilterAction string               `json:"filter_action"` // warn, hide, blur
	Keywords     Array[FilterKeyword] `json:"keywords"`
	Statuses     Array[FilterStatus]  `json:"statuses"`
}

// FilterKeyword is a word that a filter looks for.
type FilterKeyword struct {
	ID        ID     `json:"id"`
	Keyword   string `json:"keyword"`
	WholeWord bool   `json:"whole_word"`
}

// FilterStatus is a single status that a filter hides.
type FilterStatus struct {
	ID       ID `json:"id"`
	StatusID ID `json:"status_id"`
}

// FilterResult says why a status was filtered. The matches are null, not [],
// when there are none: that is how Mastodon tells which half applied.
type FilterResult struct {
	Filter         Filter         `json:"filter"`
	KeywordMatches *Array[string] `json:"keyword_matches"`
	StatusMatches  *Array[ID]     `json:"status_matches"`
}

// Conversation is a thread of direct messages.
type Conversation struct {
	ID         ID              `json:"id"`
	Unread     bool            `json:"unread"`
	Accounts   Array[*Account] `json:"accounts"`
	LastStatus *Status         `json:"last_status"`
}

// SearchResults is what a search found.
type SearchResults struct {
	Accounts Array[*Account] `json:"accounts"`
	Statuses Array[*Status]  `json:"statuses"`
	Hashtags Array[Tag]      `json:"hashtags"`
}

// Report is a complaint to the moderators.
type Report struct {
	ID            ID        `json:"id"`
	ActionTaken   bool      `json:"action_taken"`
	ActionTakenAt *Time     `json:"action_taken_at"`
	Category      string    `json:"category"`
	Comment       string    `json:"comment"`
	Forwarded     bool      `json:"forwarded"`
	CreatedAt     Time      `json:"created_at"`
	StatusIDs     Array[ID] `json:"status_ids"`
	RuleIDs       Array[ID] `json:"rule_ids"`
	TargetAccount *Account  `json:"target_account"`
}
