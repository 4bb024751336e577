package e2e_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	endian "encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A burst of hostile input may take this much memory on top of what the process has.
// The garbage collector keeps up to twice what lives, so that some is needed for that.
const burstMemory = 120 << 20

// Bursts of input that costs its sender little: none takes much memory or time, none is
// answered as a fault of ours, and everybody else is served meanwhile.
func TestE2EHostileInput(t *testing.T) {
	t.Parallel()
	needsTime(t)
	srv := startServer(t, nil)
	host := "acme.localhost:" + srv.port()
	srv.tenant("http", host)
	alice := srv.account(local(t), "http", host, "support")
	h := &hostile{t: t, srv: srv, host: host, alice: alice, client: local(t)}
	for _, burst := range []struct {
		name string
		run  func()
	}{
		{"slow lines", h.slowLines},
		{"INP-05 nested JSON", h.nestedJSON},
		{"compressed bodies", h.compressedBodies},
		{"headers", h.manyHeaders},
		{"NET-13 pictures", h.pictures},
	} {
		before := srv.memory("VmRSS")
		srv.forgetPeak()
		began := time.Now()
		burst.run()
		grown := srv.memory("VmHWM") - before
		t.Logf("%s: %v, %d MiB more at the peak", burst.name, time.Since(began).Round(time.Millisecond), grown>>20)
		if grown > burstMemory {
			t.Errorf("%s took %d MiB, want %d at most", burst.name, grown>>20, burstMemory>>20)
		}
		if status := h.get("/api/v2/instance"); status != http.StatusOK {
			t.Fatalf("after %s the instance answers %d", burst.name, status)
		}
	}
	srv.stop()
}

// hostile is who sends all that.
type hostile struct {
	t      *testing.T
	srv    *server
	host   string
	alice  *account
	client *http.Client
}

// memory reads one line of the process's status, in bytes.
func (s *server) memory(line string) int64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.cmd.Process.Pid))
	if err != nil {
		s.t.Skipf("how much memory the process has cannot be read here: %v", err)
	}
	for row := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(row, ":"); ok && name == line {
			kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	s.t.Fatalf("no %s in the status of the process", line)
	return 0
}

// forgetPeak lets VmHWM begin anew.
func (s *server) forgetPeak() {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.process.cmd.Process.Pid), []byte("5"), 0); err != nil {
		s.t.Skipf("the peak of memory cannot be reset here: %v", err)
	}
}

func (h *hostile) get(path string) int {
	h.t.Helper()
	answer, err := h.client.Get("http://" + h.host + path)
	if err != nil {
		h.t.Errorf("GET %s: %v", path, err)
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// isAlive holds the process to an answer while it is under attack. The attackers take their
// part of the machine, too.
func (h *hostile) isAlive() {
	h.t.Helper()
	began := time.Now()
	if status := h.get("/healthz"); status != http.StatusOK || time.Since(began) > 10*time.Second {
		h.t.Errorf("/healthz answers %d after %v", status, time.Since(began))
	}
}

// line is one connection that sends what it has and then a byte now and then, until the
// server ends it; it returns how long that took.
func (h *hostile) line(head string, drop byte, within time.Duration) time.Duration {
	began := time.Now()
	conn, err := net.Dial("tcp", h.srv.address)
	if err != nil {
		h.t.Errorf("dial: %v", err)
		return 0
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, head); err != nil {
		return time.Since(began)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn)
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for time.Since(began) < within {
		select {
		case <-ended:
			return time.Since(began)
		case <-tick.C:
			_, _ = conn.Write([]byte{drop})
		}
	}
	h.t.Errorf("a line that sends two bytes a second is open after %v", within)
	return within
}

// slowLines: heads that never end, and bodies that announce a megabyte, send most of it
// and then no more than keeps the line alive.
func (h *hostile) slowLines() {
	const lines = 200
	head := "GET / HTTP/1.1\r\nHost: " + h.host + "\r\nX-A: "
	body := "POST /inbox HTTP/1.1\r\nHost: " + h.host + "\r\nContent-Type: application/activity+json\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat(" ", 900_000)
	var group sync.WaitGroup
	for range lines {
		group.Go(func() { h.line(head, 'x', 30*time.Second) })
		group.Go(func() { h.line(body, ' ', 30*time.Second) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Wait()
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			h.isAlive()
		}
	}
}

// post sends a body and wants it refused soon, as the sender's fault.
func (h *hostile) post(path, kind string, body []byte, header ...string) {
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, "http://"+h.host+path, bytes.NewReader(body))
	if err != nil {
		h.t.Error(err)
		return
	}
	request.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	began := time.Now()
	answer, err := h.client.Do(request)
	if err != nil {
		return // cut off while it sent: that is a refusal too
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	if answer.StatusCode < 400 || answer.StatusCode >= 500 && answer.StatusCode != http.StatusServiceUnavailable {
		h.t.Errorf("%s of %d bytes of %s: %d %s", path, len(body), kind, answer.StatusCode, text)
	}
	if took := time.Since(began); took > 10*time.Second {
		h.t.Errorf("%s of %d bytes of %s: answered after %v", path, len(body), kind, took)
	}
}

func (h *hostile) often(n int, fn func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(fn)
	}
	h.isAlive()
	group.Wait()
}

func (h *hostile) nestedJSON() {
	var bodies [][]byte
	for _, open := range []string{"[", `{"a":`, `[{"a":[`} {
		bodies = append(bodies, []byte(strings.Repeat(open, 1<<20/len(open))))
	}
	bodies = append(bodies, []byte(strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), []byte(`{"type":"Create","actor":"http://x.test/u","object":`+strings.Repeat(`{"object":`, 9_999)))
	h.often(16, func() {
		for _, body := range bodies {
			h.post("/inbox", "application/activity+json", body)
			h.post("/api/v1/apps", "application/json", body)
		}
	})
}

// compressedBodies: nothing of what comes in is inflated, whatever its header says.
func (h *hostile) compressedBodies() {
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	for range 500 {
		_, _ = writer.Write(zeros)
	}
	_ = writer.Close()
	h.often(16, func() {
		h.post("/inbox", "application/activity+json", bomb.Bytes(), "Content-Encoding", "gzip")
		h.post("/api/v1/apps", "application/json", bomb.Bytes(), "Content-Encoding", "gzip")
		h.post("/oauth/token", "application/x-www-form-urlencoded", bomb.Bytes(), "Content-Encoding", "gzip")
	})
}

func (h *hostile) manyHeaders() {
	var many strings.Builder
	for n := range 5_000 {
		fmt.Fprintf(&many, "X-%d: y\r\n", n)
	}
	heads := []string{
		many.String(), "X-A: " + strings.Repeat("y", 1<<20) + "\r\n", strings.Repeat("Signature: a=\"b\"\r\n", 3_000),
		"Accept: " + strings.Repeat("text/html,", 100_000) + "\r\n", "Cookie: " + strings.Repeat("a=b; ", 200_000) + "\r\n",
	}
	h.often(32, func() {
		for n, head := range heads {
			conn, err := net.Dial("tcp", h.srv.address)
			if err != nil {
				h.t.Errorf("dial: %v", err)
				return
			}
			_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
			go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+h.host+"\r\n"+head+"\r\n") }()
			answer, err := io.ReadAll(io.LimitReader(conn, 64))
			_ = conn.Close()
			if !strings.HasPrefix(string(answer), "HTTP/1.1 431") && len(answer) > 0 {
				h.t.Errorf("head %d: %q, %v; want 431", n, answer, err)
			}
		}
	})
}

// pictures are some kilobytes each and claim, or are, a great deal more.
func (h *hostile) pictures() {
	files := map[string][]byte{
		"50000 square": pngOfZeros(h.t, 50_000, 50_000, 0), "20000 square": pngOfZeros(h.t, 20_000, 20_000, 20_000),
		"10000 frames": manyFrames(h.t, 10_000), "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>`),
		"page": []byte("<html><script>alert(1)</script></html>"), "film": []byte("\x00\x00\x00\x18ftypmp42http://127.0.0.1/"),
	}
	h.often(4, func() {
		for name, file := range files {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreateFormFile("file", "picture.png")
			if err != nil {
				h.t.Error(err)
				return
			}
			_, _ = part.Write(file)
			_ = form.Close()
			began := time.Now()
			h.post("/api/v1/media", form.FormDataContentType(), body.Bytes(), "Authorization", "Bearer "+h.alice.Token)
			if took := time.Since(began); took > 10*time.Second {
				h.t.Errorf("%s was refused after %v", name, took)
			}
		}
	})
}

// pngOfZeros is black, one bit a dot, and has so many of its rows.
func pngOfZeros(t *testing.T, width, height, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		_ = endian.Write(&out, endian.BigEndian, uint32(len(data))) //nolint:gosec // small
		body := append([]byte(kind), data...)
		out.Write(body)
		_ = endian.Write(&out, endian.BigEndian, crc32.ChecksumIEEE(body))
	}
	head := endian.BigEndian.AppendUint32(nil, uint32(width))  //nolint:gosec // positive
	head = endian.BigEndian.AppendUint32(head, uint32(height)) //nolint:gosec // positive
	chunk("IHDR", append(head, 1, 0, 0, 0, 0))
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	row := make([]byte, 1+(width+7)/8)
	for range rows {
		_, _ = writer.Write(row)
	}
	_ = writer.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return out.Bytes()
}

func manyFrames(t *testing.T, n int) []byte {
	t.Helper()
	frame := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	film := &gif.GIF{}
	for range n {
		film.Image, film.Delay = append(film.Image, frame), append(film.Delay, 0)
	}
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, film); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
