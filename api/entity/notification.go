package entity

// Notification tells a person what somebody did (v1).
type Notification struct {
	ID        ID       `json:"id"`
	Type      string   `json:"type"`
	CreatedAt Time     `json:"created_at"`
	GroupKey  string   `json:"group_key"`
	Account   *Account `json:"account"` // always set
	Status    *Status  `json:"status"`
	Report    *Report  `json:"report,omitempty"` // of the type admin.report alone
}

// GroupedNotificationsResults is a page of grouped notifications (v2).
type GroupedNotificationsResults struct {
	Accounts Array[*Account] `json:"accounts"`
	// PartialAccounts is sent for expand_accounts=partial_avatars alone: its
	// presence tells the app that Accounts is not complete.
	PartialAccounts    Array[PartialAccount]    `json:"partial_accounts,omitempty"`
	Statuses           Array[*Status]           `json:"statuses"`
	NotificationGroups Array[NotificationGroup] `json:"notification_groups"`
}

// NotificationGroup is several notifications shown as one.
type NotificationGroup struct {
	GroupKey                 string    `json:"group_key"`
	NotificationsCount       int       `json:"notifications_count"`
	Type                     string    `json:"type"`
	MostRecentNotificationID ID        `json:"most_recent_notification_id"`
	PageMinID                *ID       `json:"page_min_id"`
	PageMaxID                *ID       `json:"page_max_id"`
	LatestPageNotificationAt *Time     `json:"latest_page_notification_at"`
	SampleAccountIDs         Array[ID] `json:"sample_account_ids"`
	StatusID                 *ID       `json:"status_id"`
	Report                   *Report   `json:"report,omitempty"` // of the type admin.report alone
}

// PartialAccount is just enough of an account to show its picture.
type PartialAccount struct {
	ID           ID     `json:"id"`
	Acct         string `json:"acct"`
	URL          string `json:"url"`
	Avatar       string `json:"avatar"`
	AvatarStatic string `json:"avatar_static"`
	Locked       bool   `json:"locked"`
	Bot          bool   `json:"bot"`
}

// UnreadCount is how many notifications came after the marker.
type UnreadCount struct {
	Count int `json:"count"`
}

// NotificationPolicy says what happens to notifications of strangers (v2).
type NotificationPolicy struct {
	ForNotFollowing    Verdict       `json:"for_not_following"`
	ForNotFollowers    Verdict       `json:"for_not_followers"`
	ForNewAccounts     Verdict       `json:"for_new_accounts"`
	ForPrivateMentions Verdict       `json:"for_private_mentions"`
	ForLimitedAccounts Verdict       `json:"for_limited_accounts"`
	Summary            PolicySummary `json:"summary"`
}

// Verdict is accept, filter or drop. The zero value is written "accept".
type Verdict string

// MarshalText writes the verdict.
func (v Verdict) MarshalText() ([]byte, error) {
	if v == "" {
		return []byte("accept"), nil
	}
	return []byte(v), nil
}

// PolicySummary counts what was filtered.
type PolicySummary struct {
	PendingRequestsCount      int `json:"pending_requests_count"`
	PendingNotificationsCount int `json:"pending_notifications_count"`
}

// WebPushSubscription is where and for what a token's app is woken.
type WebPushSubscription struct {
	ID        ID           `json:"id"`
	Endpoint  string       `json:"endpoint"`
	Standard  bool         `json:"standard"` // RFC 8291 encryption rather than the draft
	ServerKey string       `json:"server_key"`
	Alerts    Object[bool] `json:"alerts"`
	Policy    string       `json:"policy"`
}
