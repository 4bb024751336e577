package e2e_test

import (
	"bytes"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// colleague lets another person act as an account and returns it with their token.
func (s *server) colleague(of *account, email, role string) *account {
	s.t.Helper()
	s.rookery("account", "grant", of.Name, "--tenant", of.Host, "--person-email", email, "--password", password, "--role", role)
	their := *of
	their.Email = email
	their.Token = s.rookery("token", "create", "--tenant", of.Host, "--account", of.Name, "--person-email", email, "--scopes", "read write follow push")
	return &their
}

// drafted is what an app of a drafter saw (peers/drafter.mjs, peers/drafter.py).
type drafted struct {
	Answer struct {
		ID, ScheduledAt, Text string
		Content               *string
	}
	Waiting                  []string
	Posts, Left              int
	Boost, Favourite, Rename string
}

// Two people share an account: what one posts with an app goes out, what the other posts
// waits, and both see it in theirs.
func TestE2EClientsTeam(t *testing.T) {
	t.Parallel()
	s := newSalon(t)
	owner := s.guest("team")
	drafter := s.server.colleague(owner, "jonas@people.test", "drafter")
	found := owner.awaitNotification("mention", strings.TrimPrefix(s.visitor.Handle(), "@")).Status.ID
	t.Run("masto.js", func(t *testing.T) {
		needsNode(t)
		cmd := nodeCommand(t, "drafter.mjs")
		cmd.Args = append(cmd.Args, drafter.Base, drafter.Token, found)
		s.drafts(t, owner, drafter, cmd, "Drafted by masto.js")
	})
	t.Run("Mastodon.py", func(t *testing.T) {
		if err := exec.CommandContext(t.Context(), python, "-c", "import mastodon").Run(); err != nil {
			t.Skip("SKIPPED: Mastodon.py is not installed (package: python3-mastodon)")
		}
		cmd := exec.CommandContext(t.Context(), python, "peers/drafter.py", drafter.Base, drafter.Token, found)
		cmd.Env = pythonEnv(t)
		s.drafts(t, owner, drafter, cmd, "Drafted by Mastodon.py")
	})
	t.Run("toot", func(t *testing.T) { s.in(t).tootDrafts(drafter) })
	s.server.stop()
}

func (s *salon) drafts(t *testing.T, owner, drafter *account, cmd *exec.Cmd, words string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	var got drafted
	result(t, string(out), &got)
	for what, ok := range map[string]bool{
		"gets a scheduled post, and no post": got.Answer.Text == words && got.Answer.Content == nil && strings.HasPrefix(got.Answer.ScheduledAt, "2099-01-01"),
		"lists what waits":                   slices.Contains(got.Waiting, got.Answer.ID),
		"takes it back":                      got.Left == len(got.Waiting)-1,
		"cannot boost":                       got.Boost == "403",
		"cannot favourite":                   got.Favourite == "403",
		"cannot rename the account":          got.Rename == "403",
	} {
		if !ok {
			t.Errorf("not so: a drafter %s; it reports %s", what, out)
		}
	}
	if code, _ := drafter.call(http.MethodGet, "/api/v1/scheduled_statuses/"+got.Answer.ID, nil, nil); code != http.StatusNotFound {
		t.Errorf("what was taken back answers %d", code)
	}
	own := owner.post(map[string]any{"status": "At once, beside " + words})
	if own.ID == "" {
		t.Error("the owner's post waits")
	}
}

// tootDrafts records what toot prints where it expects a post.
func (s *salon) tootDrafts(drafter *account) {
	t := s.t
	if _, err := exec.LookPath("toot"); err != nil {
		t.Skip("SKIPPED: toot is not installed (package: toot)")
	}
	env := pythonEnv(t)
	command := func(arguments ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "toot", arguments...)
		cmd.Env = env
		return cmd
	}
	isPage := func(line string) (string, bool) {
		return line, strings.HasPrefix(line, "http://") && strings.Contains(line, "/oauth/authorize")
	}
	talk(t, command("login", "--disable-https", "--instance", s.host), isPage, "n\n", func(page string) string {
		return newBrowser(t).allow(page, drafter.Email)
	})
	out, err := command("post", "Drafted by toot", "--no-color").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Toot scheduled for: 2099-01-01") {
		t.Errorf("toot prints %s (%v)", out, err)
	}
	var waiting []struct {
		Params struct{ Text string }
	}
	_, body := drafter.call(http.MethodGet, "/api/v1/scheduled_statuses", nil, &waiting)
	if len(waiting) != 1 || waiting[0].Params.Text != "Drafted by toot" {
		t.Errorf("waiting: %s", body)
	}
}
