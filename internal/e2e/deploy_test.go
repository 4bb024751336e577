package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rookery/internal/config"
)

// deployed reads a file of deploy/ without its comments.
func deployed(t *testing.T, name string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, " \n"); line != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// instruction is one of a Dockerfile, its continued lines joined.
type instruction struct{ word, rest string }

func dockerfile(t *testing.T) (all []instruction) {
	t.Helper()
	text := strings.ReplaceAll(strings.Join(deployed(t, "docker/Dockerfile"), "\n"), "\\\n", " ")
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, instruction{word, strings.Join(strings.Fields(rest), " ")})
	}
	return all
}

// What hadolint and common sense ask of an image.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	last := map[string]string{} // of the last stage
	stages := 0
	for _, i := range dockerfile(t) {
		switch i.word {
		case "FROM":
			stages++
			last = map[string]string{}
			image, _, _ := strings.Cut(i.rest, " ")
			if image != "scratch" && !regexp.MustCompile(`:\d+\.\d+(\.\d+)?(-\w+)?$`).MatchString(image) {
				t.Errorf("FROM %s: pin a version", image)
			}
		case "ADD", "MAINTAINER", "SHELL":
			t.Errorf("%s has no place here", i.word)
		case "RUN":
			if strings.Contains(i.rest, "sudo") || strings.Contains(i.rest, "curl") || strings.Contains(i.rest, "apt-get") {
				t.Errorf("RUN %s: the image is built from the base images and this repository alone", i.rest)
			}
		case "CMD", "ENTRYPOINT":
			var words []string
			if json.Unmarshal([]byte(i.rest), &words) != nil {
				t.Errorf("%s %s: there is no shell to run it", i.word, i.rest)
			}
		case "HEALTHCHECK":
			_, cmd, _ := strings.Cut(i.rest, "CMD ")
			if cmd != `["/rookery", "healthcheck"]` {
				t.Errorf("HEALTHCHECK %s", i.rest)
			}
		case "WORKDIR", "COPY", "LABEL", "ENV", "EXPOSE", "USER":
		default:
			t.Errorf("unknown instruction %s", i.word)
		}
		last[i.word] = i.rest
	}
	if stages != 2 || last["FROM"] != "scratch" {
		t.Errorf("%d stages, the last from %s", stages, last["FROM"])
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(last["USER"]) {
		t.Errorf("USER %q is no number other than root's", last["USER"])
	}
	for _, word := range []string{"HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL", "EXPOSE"} {
		if last[word] == "" {
			t.Errorf("the last stage has no %s", word)
		}
	}
	if last["RUN"] != "" {
		t.Errorf("nothing can run in an empty image: %s", last["RUN"])
	}
}

// The Go of the image can build what go.mod asks for.
func TestGoOfTheImage(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	wants := regexp.MustCompile(`(?m)^go (\d+)\.(\d+)`).FindStringSubmatch(string(mod))
	has := regexp.MustCompile(`golang:(\d+)\.(\d+)\.\d+`).FindStringSubmatch(dockerfile(t)[0].rest)
	if wants == nil || has == nil {
		t.Fatalf("versions of Go: go.mod %v, Dockerfile %v", wants, has)
	}
	minor := func(m []string) int { n, _ := strconv.Atoi(m[2]); return n }
	if wants[1] != has[1] || minor(has) < minor(wants) {
		t.Errorf("go.mod asks for Go %s.%s, the image is built with %s.%s", wants[1], wants[2], has[1], has[2])
	}
}

// compose.yaml, as far as it can be read by lines. `make compose-check` has it read by the
// library with which Docker Compose reads it.
func TestCompose(t *testing.T) {
	t.Parallel()
	lines := deployed(t, "docker/compose.yaml")
	text := strings.Join(lines, "\n")
	example := strings.Join(deployed(t, "docker/env.example"), "\n")
	for _, m := range regexp.MustCompile(`\$\{(\w+)`).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `=$`).MatchString(example) {
			t.Errorf("env.example does not have %s, empty", m[1])
		}
	}
	known := map[string]bool{}
	for _, s := range config.Settings {
		known[s.Env()] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^\s+(ROOKERY_\w+):`).FindAllStringSubmatch(text, -1) {
		if !known[m[1]] && m[1] != "ROOKERY_DB_PASSWORD" {
			t.Errorf("there is no setting %s", m[1])
		}
	}
	// The services have what binds them from the first block or, as Postgres, of their own.
	for _, words := range []string{"cap_drop: [ALL]", `security_opt: ["no-new-privileges:true"]`, "read_only: true"} {
		if n := strings.Count(text, words); n != 2 {
			t.Errorf("%s stands %d times", words, n)
		}
	}
	if n := strings.Count(text, "<<: *rookery"); n != 2 {
		t.Errorf("%d services are Rookery", n)
	}
	for _, m := range regexp.MustCompile(`image: (\S+)`).FindAllStringSubmatch(text, -1) {
		if m[1] != "rookery:local" && !regexp.MustCompile(`:\d+\.\d+$`).MatchString(m[1]) {
			t.Errorf("image %s: pin a version", m[1])
		}
	}
	for _, bad := range []string{"privileged:", "network_mode", "cap_add", "0.0.0.0", `"8080:8080"`} {
		if strings.Contains(text, bad) {
			t.Errorf("compose.yaml has %s", bad)
		}
	}
}

// The unit is one that systemd reads without complaint, and shuts the service in.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze here (package systemd)")
	}
	unit, err := os.ReadFile("../../deploy/systemd/rookery.service")
	if err != nil {
		t.Fatal(err)
	}
	// It looks for the program; that is what a test cannot install.
	text := strings.ReplaceAll(string(unit), "/usr/local/bin/rookery", "/bin/true")
	file := write(t, filepath.Join(t.TempDir(), "rookery.service"), text)
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", file).CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for rookery.service: (\d+\.\d+)`).FindSubmatch(out)
	if m == nil {
		t.Skipf("this systemd-analyze is too old to judge a file: %v\n%s", err, out)
	}
	t.Logf("exposure %s, of 10", m[1])
	if exposure, _ := strconv.ParseFloat(string(m[1]), 64); exposure > 2.0 {
		t.Errorf("exposure %v, want 2.0 at most\n%s", exposure, out)
	}
	seconds := func(key string) int {
		m := regexp.MustCompile(`(?m)^` + key + `=(\d+)$`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s", key)
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	for _, s := range config.Settings {
		if s.Key == "shutdown_grace" {
			if grace, _ := strconv.Atoi(s.Default); seconds("TimeoutStopSec") <= grace {
				t.Errorf("systemd kills after %d s, the product wants %d", seconds("TimeoutStopSec"), grace)
			}
		}
	}
}

// The example of settings beside the unit is one, in both of its forms.
func TestSystemdSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/systemd/rookery.toml")
	if err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	file := write(t, filepath.Join(t.TempDir(), "rookery.toml"), string(text))
	if _, err := config.Load(file, nil, none); err != nil {
		t.Error(err)
	}
	first, own, _ := strings.Cut(string(text), "# Behind a proxy")
	_, own, _ = strings.Cut(own, "\n\n")
	own = regexp.MustCompile(`(?m)^#(\w+ = )`).ReplaceAllString(own, "$1")
	file = write(t, filepath.Join(t.TempDir(), "rookery.toml"), first+own)
	c, err := config.Load(file, nil, none)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.String("tls"), c.String("listen"), c.String("listen_http")); got != "acme:443:80" {
		t.Errorf("with its own certificates: %s", got)
	}
}
