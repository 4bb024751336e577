package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"strings"
	"testing"
	"time"

	"rookery/internal/mail"
	"rookery/internal/testkit/smtptest"
)

func sender(t *testing.T, s *smtptest.Server, change func(*mail.Options)) *mail.Sender {
	t.Helper()
	o := mail.Options{Host: "localhost", Port: s.Port, RootCAs: s.CA.Pool(), From: "rookery@rookery.example", FromName: "Rookery", Hello: "rookery.example"}
	if change != nil {
		change(&o)
	}
	out, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func message(to string) *mail.Message {
	return &mail.Message{ID: "mail.1", To: to, Date: time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC), Letter: &mail.Letter{
		Locale: "en", Subject: "acme-räder.example works", Text: "First.\n.\n..two dots\nLast line, a long one with ümläuts and = signs, longer than what a line may be in a mail.\n", HTML: "<p>.</p>\n.\n<p>Ü</p>",
	}}
}

// parts are the decoded parts of a mail, by content type.
func parts(t *testing.T, m smtptest.Mail) map[string]string {
	t.Helper()
	parsed := m.Parsed(t)
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

func TestAMailArrivesInEveryMode(t *testing.T) {
	t.Parallel()
	for _, mode := range []mail.TLS{mail.NoTLS, mail.StartTLS, mail.ImplicitTLS} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			o := smtptest.Options{Mode: string(mode)}
			if mode != mail.NoTLS {
				o.User, o.Password = "rookery", "a pass=word, long"
			}
			server := smtptest.Start(t, o)
			s := sender(t, server, func(m *mail.Options) { m.TLS, m.User, m.Password = mode, o.User, o.Password })
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Send(t.Context(), message("Mara@acme-räder.example")); err != nil {
				t.Fatal(err)
			}
			got := server.Next()
			if got.TLS != (mode != mail.NoTLS) || got.User != o.User || got.Hello != "rookery.example" {
				t.Errorf("TLS %v, user %q, hello %q", got.TLS, got.User, got.Hello)
			}
			if got.From != "rookery@rookery.example" || len(got.To) != 1 || got.To[0] != "Mara@xn--acme-rder-02a.example" {
				t.Errorf("from %s to %v", got.From, got.To)
			}
		})
	}
}

func TestWhatAMailIsMadeOf(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: "none"})
	s := sender(t, server, func(o *mail.Options) { o.TLS, o.FromName = mail.NoTLS, "Räder & Söhne\r\nBcc: all@evil.test" })
	m := message("mara@acme.test")
	m.Subject += "\r\nBcc: all@evil.test\r\n\r\n<b>"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.Next()
	header := got.Parsed(t).Header
	for key, want := range map[string]string{
		"To": "<mara@acme.test>", "Message-Id": "<mail.1@rookery.example>", "Date": "Fri, 20 Nov 2026 10:42:00 +0000",
		"Auto-Submitted": "auto-generated", "Content-Language": "en", "Bcc": "", "User-Agent": "", "X-Mailer": "",
	} {
		if header.Get(key) != want {
			t.Errorf("%s: %q, want %q", key, header.Get(key), want)
		}
	}
	decode := new(mime.WordDecoder)
	subject, err := decode.DecodeHeader(header.Get("Subject"))
	if err != nil || subject != "acme-räder.example works Bcc: all@evil.test <b>" {
		t.Errorf("subject %q, %v", subject, err)
	}
	from, err := header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Räder & Söhne Bcc: all@evil.test" || from[0].Address != "rookery@rookery.example" {
		t.Errorf("from %v, %v", from, err)
	}
	both := parts(t, got)
	if both["text/plain"] != m.Text || both["text/html"] != m.HTML {
		t.Errorf("text %q\nHTML %q", both["text/plain"], both["text/html"])
	}
	for line := range strings.SplitSeq(string(got.Data), "\r\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d characters: %q", len(line), line)
		}
	}
}

func TestAnswersOfTheServer(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: "none"})
	s := sender(t, server, func(o *mail.Options) { o.TLS = mail.NoTLS })
	for to, text := range map[string]string{"nobody@acme.test": `550 "5.1.1 No such user here"`, "strict@acme.test": `554 "5.6.0 This looks like spam"`} {
		if err := s.Send(t.Context(), message(to)); !mail.IsRefused(err) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := s.Send(t.Context(), message("later@acme.test")); err == nil || mail.IsRefused(err) || !strings.Contains(err.Error(), "451") {
		t.Errorf("greylisted: %v", err)
	}
	if err := s.Send(t.Context(), message("later@acme.test")); err != nil {
		t.Errorf("the second try: %v", err)
	}
	if got := server.Next().To[0]; got != "later@acme.test" || server.Waiting() > 0 {
		t.Errorf("arrived: %s and %d more", got, server.Waiting())
	}
}

func TestWrongPasswordsAreForTheOperator(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: "starttls", User: "rookery", Password: "right"})
	s := sender(t, server, func(o *mail.Options) { o.User, o.Password = "rookery", "wrong-secret" })
	for _, err := range []error{s.Check(t.Context()), s.Send(t.Context(), message("mara@acme.test"))} {
		if err == nil || mail.IsRefused(err) || strings.Contains(err.Error(), "wrong-secret") || !strings.Contains(err.Error(), "535") {
			t.Errorf("error %v", err)
		}
	}
}

// Whoever sits between us and the server can hide that it offers TLS (RFC 3207 section 6).
func TestWithoutTLSNothingIsSaid(t *testing.T) {
	t.Parallel()
	plain := smtptest.Start(t, smtptest.Options{Mode: "none"})
	for name, change := range map[string]func(*mail.Options){
		"starttls is not offered": func(*mail.Options) {},
		"no TLS there":            func(o *mail.Options) { o.TLS = mail.ImplicitTLS; o.Timeout = 5 * time.Second },
	} {
		if err := sender(t, plain, change).Send(t.Context(), message("mara@acme.test")); err == nil || mail.IsRefused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	secure := smtptest.Start(t, smtptest.Options{Mode: "starttls"})
	if err := sender(t, secure, func(o *mail.Options) { o.RootCAs = plain.CA.Pool() }).Send(t.Context(), message("mara@acme.test")); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of somebody else's: %v", err)
	}
	if plain.Waiting()+secure.Waiting() > 0 {
		t.Error("a mail went out")
	}
	far, err := mail.New(mail.Options{Host: "192.0.2.1", TLS: mail.NoTLS, From: "a@b.test", Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := far.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not in a private network") {
		t.Errorf("in clear over the Internet: %v", err)
	}
}

func TestOptionsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	good := mail.Options{Host: "mail.test", From: "a@b.test"}
	for name, change := range map[string]func(*mail.Options){
		"no host": func(o *mail.Options) { o.Host = "" }, "no sender": func(o *mail.Options) { o.From = "" }, "two senders": func(o *mail.Options) { o.From = "a@b.test, c@d.test" },
		"no such mode": func(o *mail.Options) { o.TLS = "opportunistic" }, "half a login": func(o *mail.Options) { o.User = "x" },
		"a password in clear": func(o *mail.Options) { o.TLS, o.User, o.Password = mail.NoTLS, "x", "y" },
	} {
		o := good
		change(&o)
		if _, err := mail.New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if s, err := mail.New(good); err != nil || s.Server() != "mail.test:587 (starttls)" {
		t.Errorf("%v, %v", s, err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mara@acme.test": "mara@acme.test", "Mara.K+x@Acme.Test": "Mara.K+x@acme.test", "o'hara@räder.test": "o'hara@xn--rder-loa.test",
		"": "", "mara": "", "@acme.test": "", "mara@": "", "mara@acme.test\r\nRCPT TO:<x@y.test>": "", "a b@acme.test": "", `"a b"@acme.test`: "",
		"mara@acme.test>": "", "<mara@acme.test>": "", "a@b@c.test": "", "a..b@c.test": "", "mära@acme.test": "", "a@[127.0.0.1]": "", "a@b c.test": "",
	} {
		got, err := mail.Address(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Address(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	server, err := mail.New(mail.Options{Host: "127.0.0.1", Port: 1, TLS: mail.NoTLS, From: "a@b.test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Send(t.Context(), message("a b@acme.test")); !mail.IsRefused(err) {
		t.Errorf("a recipient that is no address: %v", err)
	}
}

// script is a server that does what no real one does: it speaks its lines in turn, one for
// each that it hears, and says nothing any more after the last.
func script(t *testing.T, lines ...string) *mail.Sender {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				heard := bufio.NewReader(conn)
				for i, line := range lines {
					if i > 0 && !hear(heard, lines[i-1]) {
						return
					}
					fmt.Fprint(conn, line+"\r\n")
				}
				_, _ = io.Copy(io.Discard, heard)
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	var number int
	_, _ = fmt.Sscan(port, &number)
	s, err := mail.New(mail.Options{Host: "127.0.0.1", Port: number, TLS: mail.NoTLS, From: "a@b.test", Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hear reads a command, or after 354 the whole mail.
func hear(r *bufio.Reader, last string) bool {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if !strings.HasPrefix(last, "354") || line == ".\r\n" {
			return true
		}
	}
}

func TestAServerThatHangsOrVanishes(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"no greeting":         {},
		"no answer to EHLO":   {"220 hello"},
		"no answer to MAIL":   {"220 hello", "250 hello"},
		"no answer to DATA":   {"220 hello", "250 hello", "250 ok", "250 ok"},
		"no word on the mail": {"220 hello", "250 hello", "250 ok", "250 ok", "354 go on"},
		"busy":                {"421 too many connections"},
		"closes at MAIL":      {"220 hello", "250 hello", "421 closing"},
		"refuses the sender":  {"220 hello", "250 hello", "553 not your address", "250 ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			err := script(t, lines...).Send(t.Context(), message("mara@acme.test"))
			if err == nil || mail.IsRefused(err) {
				t.Errorf("error %v: it is to be tried again", err)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// Once the server has taken a mail, what goes wrong afterwards is no reason to send it again.
func TestWhatWasTakenIsSent(t *testing.T) {
	t.Parallel()
	if err := script(t, "220 hello", "250 hello", "250 ok", "250 ok", "354 go on", "250 taken", "500 what reset").Send(t.Context(), message("mara@acme.test")); err != nil {
		t.Error(err)
	}
}

func TestASenderStopsWithItsContext(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{Mode: "none"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender(t, server, func(o *mail.Options) { o.TLS = mail.NoTLS }).Send(ctx, message("mara@acme.test")); err == nil {
		t.Error("a mail was sent after the end")
	}
}
