package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// oldestNode runs all of peers/; Debian 12 has an older one.
const oldestNode = 20

// needsNode skips where there is no Node that can run the peers, and installs
// their libraries where they are missing or another version.
func needsNode(t *testing.T) {
	t.Helper()
	needsTime(t)
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	if err != nil {
		t.Skip("SKIPPED: no Node here, so Fedify and masto.js cannot run (package: nodejs npm)")
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestNode {
		t.Skipf("SKIPPED: Node %s here; Fedify and masto.js need %d or newer", version, oldestNode)
	}
	if err := installPeers(); err != nil {
		t.Fatal(err)
	}
}

// installPeers is npm ci, unless what lies there came from this lock file.
var installPeers = sync.OnceValue(func() error {
	lock, err := os.ReadFile("peers/package-lock.json")
	if err != nil {
		return err
	}
	const stamp = "peers/node_modules/.rookery-lock"
	if installed, err := os.ReadFile(stamp); err == nil && bytes.Equal(installed, lock) {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = "peers"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in internal/e2e/peers: %w\n%s", err, out)
	}
	return os.WriteFile(stamp, lock, 0o600)
})

// nodeCommand runs a program of peers/, with *.localhost resolving.
func nodeCommand(t *testing.T, program string, env ...string) *exec.Cmd {
	t.Helper()
	dir, err := filepath.Abs("peers")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--import", "./localhost.mjs", program)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NODE_NO_WARNINGS=1"}, env...)
	return cmd
}

// peer is a foreign server that runs in Node and does what the test says.
type peer struct {
	t       *testing.T
	Control string `json:"control"`
	Origin  string `json:"origin"`
	Handle  string `json:"handle"` // @bob@fedify.localhost:1234
	Actor   string `json:"actor"`
}

// Acct is the handle as our API writes it.
func (p *peer) Acct() string { return strings.TrimPrefix(p.Handle, "@") }

// startPeer runs a program that prints its addresses as one line of JSON.
func startPeer(t *testing.T, program string, env ...string) *peer {
	t.Helper()
	cmd := nodeCommand(t, program, env...)
	// The peer ends when this pipe does.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	child, printed := talking(t, program, cmd)
	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		if printed.Scan() {
			lines <- printed.Text()
		}
		for printed.Scan() {
			_, _ = child.out.Write(append(printed.Bytes(), '\n'))
		}
	}()
	p := &peer{t: t}
	select {
	case line := <-lines: // empty if it ended at once
		if err := json.Unmarshal([]byte(line), p); err != nil {
			t.Fatalf("%s printed %q: %v", program, line, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s did not say where it listens", program)
	}
	return p
}

// do has the peer do something, and reads what it says into out unless that is nil.
func (p *peer) do(operation string, in map[string]any, out any) {
	p.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.Control+"/"+operation, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		p.t.Fatalf("peer: %s: %v", operation, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		p.t.Fatalf("peer: %s %s = %d %s %v", operation, body, answer.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			p.t.Fatalf("peer: %s answers %s: %v", operation, text, err)
		}
	}
}
