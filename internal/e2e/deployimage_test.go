package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"rookery/internal/devpg"
	"rookery/internal/testkit"
)

// The image without an engine: its files are made by the steps of the Dockerfile, from
// what .dockerignore lets through, and started as compose.yaml does it: an empty read-only
// root, a user without rights, no capabilities, a Postgres that db-init.sh has prepared.
func TestE2EImage(t *testing.T) {
	t.Parallel()
	needsTime(t)
	if !full() {
		t.Skip("builds the product anew: make e2e-image")
	}
	if os.Getuid() != 0 || exec.Command("unshare", "--mount", "true").Run() != nil || exec.Command("setpriv", "--version").Run() != nil {
		t.Skip("needs to be root with unshare and setpriv, to change the root folder")
	}
	im := &container{t: t, root: buildImage(t), listen: testkit.FreeAddress(t)}
	im.database()
	im.mustRun("migrate", "up")
	im.mustRun("migrate", "up") // the second start of a container
	serve := spawn(t, "rookery serve", im.command("serve"))
	testkit.Eventually(t, time.Minute, "the container is healthy", func() bool {
		if serve.isGone() {
			t.Fatalf("it ended at once: %v", serve.err)
		}
		return im.command("healthcheck").Run() == nil
	})
	for line, want := range map[string]string{"Uid": "65532", "Gid": "65532", "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "NoNewPrivs": "1"} {
		if got := status(t, serve, line); got != want {
			t.Errorf("%s of the process is %s, want %s", line, got, want)
		}
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", serve.cmd.Process.Pid))
	if err != nil || !strings.Contains(string(mounts), " / ro,") {
		t.Errorf("its root is not read-only (%v):\n%s", err, mounts)
	}

	// A tenant is made, and has a picture that is too large to be kept in memory: /tmp works.
	_, port, _ := net.SplitHostPort(im.listen)
	host := "acme.localhost:" + port
	im.mustRun("tenant", "create", "--domain", host, "--name", "Acme", "--scheme", "http")
	im.mustRun("account", "create", "--tenant", host, "--username", "support", "--person-email", "a@people.test", "--password", password)
	token := strings.TrimSpace(im.mustRun("token", "create", "--tenant", host, "--account", "support", "--scopes", "read write"))
	kind, body := form(t, noise(t))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+host+"/api/v2/media", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := local(t).Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("an upload in the container: %v, %v", answer, err)
	}
	// Authorities are there, and time zones.
	var findings []struct{ Check, Fact string }
	if err := json.Unmarshal([]byte(im.mustRun("doctor", "--json")), &findings); err != nil || len(findings) < 4 {
		t.Errorf("doctor in the container: %v %v", findings, err)
	}
}

// container is a container's file system with what runs in it.
type container struct {
	t      *testing.T
	root   string
	listen string
	url    string
}

// buildImage makes the last stage of the Dockerfile. Of its COPYs from the build stage, those
// of base images come from this machine.
func buildImage(t *testing.T) string {
	t.Helper()
	context, out, root := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "root")
	sendContext(t, context)
	build := ""
	sources := map[string]string{
		"/usr/local/go/lib/time/zoneinfo.zip": filepath.Join(runtime.GOROOT(), "lib/time/zoneinfo.zip"), //nolint:staticcheck // the Go that tests
		"/etc/ssl/certs/ca-certificates.crt":  "/etc/ssl/certs/ca-certificates.crt",
	}
	for _, i := range dockerfile(t) {
		switch {
		case i.word == "RUN" && strings.Contains(i.rest, "go build"):
			build = i.rest
			cmd := exec.Command("sh", "-c", strings.ReplaceAll(i.rest, "/out/", out+"/"))
			cmd.Dir = context
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", i.rest, err, text)
			}
		case i.word == "RUN" && strings.Contains(i.rest, "mkdir"):
			if text, err := exec.Command("sh", "-c", strings.ReplaceAll(i.rest, "/out/", out+"/")).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", i.rest, err, text)
			}
		case i.word == "COPY" && strings.HasPrefix(i.rest, "--from=build"):
			words := strings.Fields(i.rest)[1:]
			if strings.HasPrefix(words[0], "--chown") {
				words = words[1:]
			}
			for _, from := range words[:len(words)-1] {
				to := filepath.Join(root, words[len(words)-1])
				if strings.HasSuffix(words[len(words)-1], "/") {
					to = filepath.Join(to, filepath.Base(from))
				}
				source := sources[from]
				if source == "" {
					source = strings.Replace(strings.Replace(from, "/src/", context+"/", 1), "/out/", out+"/", 1)
				}
				_ = os.MkdirAll(filepath.Dir(to), 0o755)
				if text, err := exec.Command("cp", "-rpL", source, to).CombinedOutput(); err != nil {
					t.Fatalf("COPY %s: %v %s", from, err, text)
				}
			}
		}
	}
	if !strings.Contains(build, "CGO_ENABLED=0") {
		t.Errorf("the binary may need a C library, which is not there: %s", build)
	}
	// What engines add to every container.
	for _, dir := range []string{"proc", "dev", "etc"} {
		_ = os.MkdirAll(filepath.Join(root, dir), 0o755)
	}
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// sendContext copies what .dockerignore lets through: what is named there with a !, without
// what is named with a **/ before it.
func sendContext(t *testing.T, to string) {
	t.Helper()
	text, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var wanted, unwanted []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "!"); ok {
			wanted = append(wanted, name)
		} else if name, ok := strings.CutPrefix(line, "**/"); ok {
			unwanted = append(unwanted, name)
		} else if line != "*" && line != "" && !strings.HasPrefix(line, "#") {
			t.Fatalf(".dockerignore: what does %q mean to this test?", line)
		}
	}
	for _, name := range wanted {
		err := filepath.WalkDir(filepath.Join("../..", name), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			for _, pattern := range unwanted {
				if match, _ := filepath.Match(pattern, d.Name()); match && d.IsDir() {
					return filepath.SkipDir
				} else if match {
					return nil
				}
			}
			target := filepath.Join(to, strings.TrimPrefix(path, "../../"))
			if d.IsDir() {
				return os.MkdirAll(target, 0o755)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(target, content, 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// database starts a new Postgres and has the script of compose.yaml prepare it.
func (im *container) database() {
	im.t.Helper()
	_, port, _ := net.SplitHostPort(testkit.FreeAddress(im.t))
	var number int
	_, _ = fmt.Sscan(port, &number)
	server, err := devpg.Start(im.t.Context(), devpg.Options{DataDir: filepath.Join(im.t.TempDir(), "pg"), FsyncOff: true, Port: number})
	if err != nil {
		im.t.Fatal(err)
	}
	im.t.Cleanup(func() { _ = server.Stop() })
	const secret = "an0ther5ecret"
	psql, err := exec.LookPath("psql")
	if err != nil {
		im.t.Skip("no psql here (package postgresql-client)")
	}
	// In the image psql finds the socket by itself.
	super := server.URL("postgres", devpg.Superuser)
	bin := im.t.TempDir()
	write(im.t, filepath.Join(bin, "psql"), "#!/bin/sh\nfor a; do shift; case \"$a\" in postgres|--username|--dbname) ;; *) set -- \"$@\" \"$a\" ;; esac; done\nexec "+psql+" \"$@\" '"+super+"'\n")
	_ = os.Chmod(filepath.Join(bin, "psql"), 0o755)
	cmd := exec.Command("sh", "../../deploy/docker/db-init.sh")
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "ROOKERY_DB_PASSWORD=" + secret}
	if text, err := cmd.CombinedOutput(); err != nil {
		im.t.Fatalf("db-init.sh: %v\n%s", err, text)
	}
	im.url = fmt.Sprintf("postgres://rookery:%s@127.0.0.1:%d/rookery?sslmode=disable", secret, number)
}

// command runs the image's program in a root of its own. The capabilities that lead there
// are gone once it is another user's.
func (im *container) command(args ...string) *exec.Cmd {
	script := `set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -t tmpfs -o size=512m,mode=1777 tmpfs "$0/tmp"
mount -t proc proc "$0/proc"
mount -o remount,ro,bind "$0"
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid \
	chroot --userspec=65532:65532 --groups= "$0" /rookery "$@"`
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, im.root}, args...)...)
	_, port, _ := net.SplitHostPort(im.listen)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "ROOKERY_DATABASE_URL=" + im.url, "ROOKERY_MASTER_KEY=" + masterKey,
		"ROOKERY_PLATFORM_HOST=rookery.localhost:" + port, "ROOKERY_MEDIA_HOST=media.localhost:" + port,
		"ROOKERY_PUBLIC_SCHEME=http", "ROOKERY_LISTEN=" + im.listen, "ROOKERY_ADMIN_LISTEN=off",
	}
	for _, i := range dockerfile(im.t) {
		if i.word == "ENV" {
			for _, pair := range strings.Fields(i.rest) {
				if !strings.HasPrefix(pair, "ROOKERY_LISTEN=") {
					cmd.Env = append(cmd.Env, pair)
				}
			}
		}
	}
	return cmd
}

func (im *container) mustRun(args ...string) string {
	im.t.Helper()
	out, err := im.command(args...).Output()
	if err != nil {
		var said []byte
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			said = failed.Stderr
		}
		im.t.Fatalf("rookery %s in the container: %v\n%s%s", strings.Join(args, " "), err, out, said)
	}
	return string(out)
}

// status is a line of the process's status in /proc; of several values the first.
func status(t *testing.T, p *process, line string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(row, ":"); ok && name == line {
			return strings.Fields(value)[0]
		}
	}
	return ""
}
