// Package smtptest runs real mail servers for tests: aiosmtpd, in a process of its own.
//
// Tests that send mails import it. Where aiosmtpd is not installed (Debian:
// python3-aiosmtpd; deploy/dev/need.sh smtpd) they are skipped. Recipients decide what
// goes wrong: nobody@ is refused, strict@ after the text, later@ at its first try.
package smtptest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"net/mail"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

//go:embed server.py
var program string

// python is the system's: apt's modules belong to it.
const python = "/usr/bin/python3"

// Options say what the server asks for.
type Options struct {
	Mode     string // none, starttls or implicit
	User     string // "": nobody logs in
	Password string
}

// Server is a mail server on loopback.
type Server struct {
	t     testing.TB
	Port  int
	CA    *testkit.CA // whose certificate it has, for localhost and 127.0.0.1
	mails chan Mail
}

// Mail is what a server took.
type Mail struct {
	From  string   `json:"from"`
	To    []string `json:"to"`
	TLS   bool     `json:"tls"`
	User  string   `json:"user"`
	Hello string   `json:"hello"`
	Data  []byte   `json:"data"`
}

// Parsed reads the headers.
func (m Mail) Parsed(t testing.TB) *mail.Message {
	t.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Start runs a server for the length of a test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if exec.CommandContext(t.Context(), python, "-c", "import aiosmtpd.smtp").Run() != nil {
		t.Skip("SKIPPED: no mail server is here to send to (package: python3-aiosmtpd)")
	}
	s := &Server{t: t, CA: testkit.NewCA(t), mails: make(chan Mail, 100)}
	cert, key := s.CA.IssueFiles("localhost", "127.0.0.1")
	settings, err := json.Marshal(map[string]string{"mode": o.Mode, "user": o.User, "password": o.Password, "cert": cert, "key": key})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "-c", program, string(settings)) //nolint:gosec,noctx // our own program; it ends with its input
	var trouble strings.Builder
	command.Stderr = &trouble
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	first, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, s)
	}
	if err != nil {
		_ = command.Process.Kill()
		t.Fatalf("the mail server did not start: %v\n%s", err, trouble.String())
	}
	go s.listen(lines)
	return s
}

func (s *Server) listen(lines *bufio.Reader) {
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m Mail
		if json.Unmarshal(line, &m) == nil {
			s.mails <- m
		}
	}
}

// Next waits for the next mail.
func (s *Server) Next() Mail {
	s.t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(time.Minute):
		s.t.Fatal("no mail came")
		return Mail{}
	}
}

// Waiting is how many mails came that nobody asked for with Next.
func (s *Server) Waiting() int { return len(s.mails) }
