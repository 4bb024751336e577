package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// The person behind every account of these tests.
const password = "correct horse battery staple"

// account is one of ours, seen through the client API with a token.
type account struct {
	t      *testing.T
	client *http.Client
	Base   string // https://acme.localhost:1234
	Host   string // acme.localhost:1234
	Name   string
	Email  string
	Token  string
	ID     string
	URI    string
}

// Handle is how others write it, with the @ in front.
func (a *account) Handle() string { return "@" + a.Name + "@" + a.Host }

// tenant makes an organisation. The scheme is what the world sees.
func (s *server) tenant(scheme, host string) {
	s.t.Helper()
	s.rookery("tenant", "create", "--domain", host, "--name", "Tenant "+host, "--scheme", scheme)
}

// account makes an account with a person who owns it and a token, by the
// operator's commands. The client is how the test reaches its host.
func (s *server) account(client *http.Client, scheme, host, name string) *account {
	s.t.Helper()
	a := &account{t: s.t, client: client, Base: scheme + "://" + host, Host: host, Name: name, Email: name + "@people.test"}
	made := s.rookery("account", "create", "--tenant", host, "--username", name, "--display-name", "The "+name,
		"--person-email", a.Email, "--password", password, "--json")
	var row struct{ ID, URI string }
	if err := json.Unmarshal([]byte(made), &row); err != nil || row.ID == "" || row.URI == "" {
		s.t.Fatalf("account create --json printed %s: %v", made, err)
	}
	a.ID, a.URI = row.ID, row.URI
	a.Token = s.rookery("token", "create", "--tenant", host, "--account", name, "--scopes", "read write follow push")
	if a.Token == "" || strings.ContainsAny(a.Token, " \n") {
		s.t.Fatalf("token create printed %q, want the token alone", a.Token)
	}
	return a
}

// local reaches *.localhost over plain http.
func local(t *testing.T) *http.Client {
	return &http.Client{Transport: testkit.Localhost(t), Timeout: 20 * time.Second}
}

// call makes one request of the API, with a JSON body unless that is nil, and reads
// the answer into out unless that is nil. It returns the status and the raw body.
func (a *account) call(method, path string, body, out any) (int, string) {
	a.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.Base+path, reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+a.Token)
	answer, err := a.client.Do(request)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	if out != nil && answer.StatusCode < 300 {
		if err := json.Unmarshal(text, out); err != nil {
			a.t.Fatalf("%s %s answers what is not the expected JSON: %v\n%s", method, path, err, text)
		}
	}
	return answer.StatusCode, string(text)
}

// must is call for what has to succeed.
func (a *account) must(method, path string, body, out any) {
	a.t.Helper()
	if status, text := a.call(method, path, body, out); status != http.StatusOK {
		a.t.Fatalf("%s %s %v = %d %s", method, path, body, status, text)
	}
}

// Entities, as far as these tests look at them.
type (
	statusEntity struct {
		ID, URI, Content, Visibility string
		Account                      accountEntity
		InReplyToID                  *string `json:"in_reply_to_id"`
		Reblog                       *statusEntity
		FavouritesCount              int     `json:"favourites_count"`
		ReblogsCount                 int     `json:"reblogs_count"`
		EditedAt                     *string `json:"edited_at"`
		MediaAttachments             []struct {
			ID, URL, Description string
		} `json:"media_attachments"`
	}
	accountEntity struct {
		ID, Acct, URL, URI, Username string
		DisplayName                  string `json:"display_name"`
	}
	notificationEntity struct {
		ID, Type string
		Account  accountEntity
		Status   *statusEntity
	}
	relationshipEntity struct {
		ID         string
		Following  bool
		Requested  bool
		FollowedBy bool `json:"followed_by"`
	}
)

// post publishes a status.
func (a *account) post(fields map[string]any) statusEntity {
	a.t.Helper()
	var made statusEntity
	a.must(http.MethodPost, "/api/v1/statuses", fields, &made)
	return made
}

// home is the newest page of the home timeline.
func (a *account) home() []statusEntity {
	a.t.Helper()
	var page []statusEntity
	a.must(http.MethodGet, "/api/v1/timelines/home?limit=40", nil, &page)
	return page
}

// notifications are all there are, over all pages.
func (a *account) notifications() []notificationEntity {
	a.t.Helper()
	var all []notificationEntity
	for maxID := ""; ; {
		var page []notificationEntity
		a.must(http.MethodGet, "/api/v1/notifications?limit=80&max_id="+maxID, nil, &page)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		maxID = page[len(page)-1].ID
	}
}

// awaitNotification waits for a notification of a kind from somebody.
func (a *account) awaitNotification(kind, acct string) notificationEntity {
	a.t.Helper()
	var found notificationEntity
	testkit.Eventually(a.t, 2*time.Minute, fmt.Sprintf("%s has a notification %q from %s", a.Name, kind, acct), func() bool {
		for _, n := range a.notifications() {
			if n.Type == kind && n.Account.Acct == acct {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// awaitHome waits for a status in the home timeline.
func (a *account) awaitHome(what string, ok func(statusEntity) bool) statusEntity {
	a.t.Helper()
	var found statusEntity
	testkit.Eventually(a.t, 2*time.Minute, "home of "+a.Name+" shows "+what, func() bool {
		for _, s := range a.home() {
			if ok(s) {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// resolve finds an account elsewhere by its handle.
func (a *account) resolve(handle string) accountEntity {
	a.t.Helper()
	var found struct{ Accounts []accountEntity }
	a.must(http.MethodGet, "/api/v2/search?resolve=true&type=accounts&q="+url.QueryEscape(handle), nil, &found)
	if len(found.Accounts) != 1 {
		a.t.Fatalf("search for %s finds %+v, want one account", handle, found.Accounts)
	}
	return found.Accounts[0]
}

// relationship is how the account stands to another one.
func (a *account) relationship(id string) relationshipEntity {
	a.t.Helper()
	var list []relationshipEntity
	a.must(http.MethodGet, "/api/v1/accounts/relationships?id[]="+id, nil, &list)
	if len(list) != 1 {
		a.t.Fatalf("relationships of %s: %+v", id, list)
	}
	return list[0]
}
