package e2e_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// salon is one tenant for people with foreign apps, and a visitor from another
// tenant who gives them something to read.
type salon struct {
	t       *testing.T
	server  *server
	host    string
	visitor *account
}

func newSalon(t *testing.T) *salon {
	t.Helper()
	needsTime(t)
	srv := startServer(t, nil)
	s := &salon{t: t, server: srv, host: "acme.localhost:" + srv.port()}
	srv.tenant("http", s.host)
	globex := "globex.localhost:" + srv.port()
	srv.tenant("http", globex)
	s.visitor = srv.account(local(t), "http", globex, "visitor")
	return s
}

// in is the salon for a part of the test.
func (s *salon) in(t *testing.T) *salon {
	part, visitor := *s, *s.visitor
	part.t, visitor.t, part.visitor = t, t, &visitor
	return &part
}

// guest makes an account that the visitor follows and has spoken to.
func (s *salon) guest(name string) *account {
	s.t.Helper()
	guest := s.server.account(local(s.t), "http", s.host, name)
	guest.t = s.t
	found := s.visitor.resolve(guest.Handle())
	s.visitor.must(http.MethodPost, "/api/v1/accounts/"+found.ID+"/follow", nil, nil)
	s.visitor.post(map[string]any{"status": guest.Handle() + " good evening"})
	acct := strings.TrimPrefix(s.visitor.Handle(), "@")
	guest.awaitNotification("follow", acct)
	guest.awaitNotification("mention", acct)
	return guest
}

// arrives waits until the visitor sees the guest's post, with its picture.
func (s *salon) arrives(words string) {
	s.t.Helper()
	post := s.visitor.awaitHome(words, func(p statusEntity) bool { return strings.Contains(p.Content, words) })
	if len(post.MediaAttachments) != 1 || post.MediaAttachments[0].Description != "A picture of nothing" {
		s.t.Errorf("the post %q arrived with the media %+v", words, post.MediaAttachments)
	}
}

// picture writes a PNG that no other test has written.
func picture(t *testing.T) string {
	t.Helper()
	drawing := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		for y := range 48 {
			drawing.Set(x, y, color.RGBA{R: uint8(4 * x), G: uint8(5 * y), B: 90, A: 255})
		}
	}
	path := filepath.Join(t.TempDir(), "picture.png")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, drawing); err != nil {
		t.Fatal(err)
	}
	return path
}

// talk runs a client that prints the page to open and then wants a code, each on
// a line of its own, and returns the rest of what it prints.
func talk(t *testing.T, cmd *exec.Cmd, isPage func(line string) (string, bool), firstAnswer string, code func(page string) string) string {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	child, printed := talking(t, filepath.Base(cmd.Path), cmd)
	if _, err := io.WriteString(stdin, firstAnswer); err != nil {
		t.Fatal(err)
	}
	var rest strings.Builder
	isAsked := false
	for printed.Scan() {
		line := printed.Text()
		if page, ok := isPage(line); ok && !isAsked {
			isAsked = true
			if _, err := io.WriteString(stdin, code(page)+"\n"); err != nil {
				t.Fatalf("tell %s its code: %v", child.name, err)
			}
			continue
		}
		rest.WriteString(line + "\n")
	}
	if err := child.wait(time.Minute); err != nil {
		t.Fatalf("%s: %v\n%s", child.name, err, rest.String())
	}
	if !isAsked {
		t.Fatalf("%s never asked for a code:\n%s", child.name, rest.String())
	}
	return rest.String()
}

// authorizeLine is how our own scripts say which page to open.
func authorizeLine(line string) (string, bool) { return strings.CutPrefix(line, "AUTHORIZE ") }

// result reads what one of our scripts printed in the end.
func result(t *testing.T, printed string, into any) {
	t.Helper()
	for line := range strings.Lines(printed) {
		if text, ok := strings.CutPrefix(line, "RESULT "); ok {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("read %s: %v", text, err)
			}
			return
		}
	}
	t.Fatalf("no result in:\n%s", printed)
}

func TestE2EClients(t *testing.T) {
	t.Parallel()
	s := newSalon(t)
	t.Run("toot", func(t *testing.T) { s.in(t).toot() })
	t.Run("Mastodon.py", func(t *testing.T) { s.in(t).mastodonPy() })
	t.Run("masto.js", func(t *testing.T) { s.in(t).mastoJS() })
	s.server.stop()
}

// python is the system's, which has apt's modules; the one in PATH may be another.
const python = "/usr/bin/python3"

func pythonEnv(t *testing.T) []string {
	t.Helper()
	shim, err := filepath.Abs("peers/python")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "BROWSER=/bin/true",
		"PYTHONPATH=" + shim, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore", "LC_ALL=C.UTF-8",
	}
}

// toot logs in with a code to be copied, and posts, reads and answers.
func (s *salon) toot() {
	t := s.t
	if _, err := exec.LookPath("toot"); err != nil {
		t.Skip("SKIPPED: toot is not installed (package: toot)")
	}
	guest := s.guest("tooter")
	env := pythonEnv(t)
	command := func(arguments ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), "toot", arguments...)
		cmd.Env = env
		return cmd
	}
	isPage := func(line string) (string, bool) {
		return line, strings.HasPrefix(line, "http://") && strings.Contains(line, "/oauth/authorize")
	}
	said := talk(t, command("login", "--disable-https", "--instance", s.host), isPage, "n\n", func(page string) string {
		return newBrowser(t).allow(page, guest.Email)
	})
	if !strings.Contains(said, "Successfully logged in") {
		t.Fatalf("toot login says:\n%s", said)
	}
	run := func(want string, arguments ...string) {
		t.Helper()
		out, err := command(append(arguments, "--no-color")...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("toot %s: %v, want %q in\n%s", strings.Join(arguments, " "), err, want, out)
		}
	}
	run("@tooter", "whoami")
	run("Tenant acme", "instance", "--disable-https", s.host)
	run("@visitor", "notifications")
	run("Toot posted", "post", "Posted by toot", "--media", picture(t), "--description", "A picture of nothing")
	s.arrives("Posted by toot")
	run("Posted by toot", "timeline", "--once")
	run("visitor", "search", s.visitor.Handle(), "--resolve")
	run("now following", "follow", strings.TrimPrefix(s.visitor.Handle(), "@"))
	testkit.Eventually(t, 2*time.Minute, "toot lists whom it follows", func() bool {
		out, err := command("following", "tooter", "--no-color").CombinedOutput()
		return err == nil && strings.Contains(string(out), "@visitor")
	})
}

// mastodonPy is the library behind most bots.
func (s *salon) mastodonPy() {
	t := s.t
	if err := exec.CommandContext(t.Context(), python, "-c", "import mastodon").Run(); err != nil {
		t.Skip("SKIPPED: Mastodon.py is not installed (package: python3-mastodon)")
	}
	guest := s.guest("snake")
	visitor := strings.TrimPrefix(s.visitor.Handle(), "@")
	cmd := exec.CommandContext(t.Context(), python, "peers/mastodonpy.py", "http://"+s.host, picture(t), visitor)
	cmd.Env = pythonEnv(t)
	var got struct {
		Me, Title, Media, Post, Again, Streamed, Edited, EditedAt, Reply              string
		Notifications, PostedMedia, Descendants, FavouritedBy, Bookmarks, Home, Older []string
		Found, Left, Blocked                                                          []string
		FollowedBy, Following                                                         bool
	}
	result(t, talk(t, cmd, authorizeLine, "", func(page string) string { return newBrowser(t).allow(page, guest.Email) }), &got)
	for what, ok := range map[string]bool{
		"is who signed in":             got.Me == "snake",
		"reads the instance":           strings.HasPrefix(got.Title, "Tenant acme"),
		"has a follower and a mention": slices.Contains(got.Notifications, "follow") && slices.Contains(got.Notifications, "mention"),
		"sees that it is followed":     got.FollowedBy,
		"follows back":                 got.Following,
		"attaches what it uploaded":    slices.Equal(got.PostedMedia, []string{got.Media}),
		"posts once for a key":         got.Again == got.Post,
		"hears its own post":           got.Streamed == got.Post,
		"edits":                        strings.Contains(got.Edited, "Edited by Mastodon.py") && got.EditedAt != "None",
		"answers itself":               slices.Equal(got.Descendants, []string{got.Reply}),
		"favourites":                   slices.Equal(got.FavouritedBy, []string{"snake"}),
		"bookmarks":                    slices.Equal(got.Bookmarks, []string{got.Post}),
		"reads home, newest first":     len(got.Home) >= 2 && got.Home[0] == got.Reply && got.Home[1] == got.Post,
		"pages back":                   !slices.Contains(got.Older, got.Post),
		"finds by handle":              slices.Equal(got.Found, []string{visitor}),
		"blocks a domain":              slices.Equal(got.Blocked, []string{"two.example"}),
		"deletes":                      slices.Contains(got.Left, got.Post) && !slices.Contains(got.Left, got.Reply),
	} {
		if !ok {
			t.Errorf("Mastodon.py does not do this: %s; it reports %+v", what, got)
		}
	}
	s.arrives("Edited by Mastodon.py")
}

// mastoJS is the library behind Elk.
func (s *salon) mastoJS() {
	t := s.t
	needsNode(t)
	guest := s.guest("mastojs")
	visitor := strings.TrimPrefix(s.visitor.Handle(), "@")
	cmd := nodeCommand(t, "masto.mjs")
	cmd.Args = append(cmd.Args, "http://"+s.host, picture(t), visitor)
	var got struct {
		Me, Title, Streamed, Media, Post, DisplayName, Marker        string
		Notifications, Early, PostedMedia, Tags, Home, Pages, Tagged []string
		Blocked                                                      []string
	}
	result(t, talk(t, cmd, authorizeLine, "", func(page string) string { return newBrowser(t).allow(page, guest.Email) }), &got)
	for what, ok := range map[string]bool{
		"is who signed in":             got.Me == "mastojs",
		"reads the instance":           strings.HasPrefix(got.Title, "Tenant acme"),
		"has a follower and a mention": slices.Contains(got.Notifications, "follow") && slices.Contains(got.Notifications, "mention"),
		"hears its own post":           slices.Contains(got.Early, got.Streamed),
		"attaches what it uploaded":    slices.Equal(got.PostedMedia, []string{got.Media}),
		"finds its tag":                slices.Equal(got.Tags, []string{"e2e"}) && slices.Equal(got.Tagged, []string{got.Post}),
		"reads home":                   len(got.Home) > 1 && got.Home[0] == got.Post,
		"follows the links to pages":   len(got.Pages) >= 2 && got.Pages[0] == got.Post && got.Pages[1] == got.Home[1],
		"renames itself":               got.DisplayName == "Renamed by masto.js",
		"blocks a domain":              slices.Equal(got.Blocked, []string{"two.example"}),
		"keeps its marker":             got.Marker == got.Post,
	} {
		if !ok {
			t.Errorf("masto.js does not do this: %s; it reports %+v", what, got)
		}
	}
	s.arrives(fmt.Sprintf("Posted by %s", "masto.js"))
}
