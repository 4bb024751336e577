package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Message is one mail to one recipient.
type Message struct {
	ID   string // the same for each try, so that a mail that came twice can be told
	To   string
	Date time.Time
	*Letter
}

// Refused is an answer that no second try changes: the server does not take this mail, or
// the recipient's address is none.
type Refused struct{ Err error }

// Error implements error.
func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap gives the server's own answer.
func (r *Refused) Unwrap() error { return r.Err }

// IsRefused reports whether to stop trying.
func IsRefused(err error) bool {
	var r *Refused
	return errors.As(err, &r)
}

// Send hands one mail to the server. nil means that the server took it over.
func (s *Sender) Send(ctx context.Context, m *Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	return s.connected(ctx, func(c *gomail.Client, conn *smtp.Client) error {
		err := c.SendWithSMTPClient(conn, msg)
		if err == nil || msg.IsDelivered() { // what fails after the mail was taken is no failure
			return nil
		}
		return judge(err)
	})
}

// Check connects, protects the connection and logs in, and sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	return s.connected(ctx, func(_ *gomail.Client, conn *smtp.Client) error { return conn.Noop() })
}

// connected runs fn on a connection of its own. The library leaves a connection open whose
// greeting, TLS or log-in fails; here none outlives the call, nor ctx.
func (s *Sender) connected(ctx context.Context, fn func(*gomail.Client, *smtp.Client) error) error {
	var raw net.Conn
	timeout := s.o.Timeout
	if end, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(end), time.Millisecond))
	}
	client, err := s.client(&raw, timeout)
	if err != nil {
		return fmt.Errorf("prepare for %s: %w", s.Server(), err)
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if raw != nil {
		defer func() { _ = raw.Close() }()
	}
	if err != nil {
		return fmt.Errorf("connect to the mail server %s: %w", s.Server(), err)
	}
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	if err := fn(client, conn); err != nil {
		return err
	}
	_ = conn.Quit() // a mail was taken already
	return nil
}

// judge tells what is about this mail from what is about our connection or settings. The
// sender being refused is the latter: an operator mends that, and then the mail goes out.
func judge(err error) error {
	var failed *gomail.SendError
	if errors.As(err, &failed) && failed.ErrorCode() >= 500 && failed.Reason != gomail.ErrSMTPMailFrom {
		return &Refused{fmt.Errorf("refused for good: %s", oneLine(err.Error()))}
	}
	return fmt.Errorf("send the mail: %w", err)
}

func (s *Sender) client(raw *net.Conn, timeout time.Duration) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.o.Port), gomail.WithTimeout(timeout), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(s.dialer(raw)), gomail.WithTLSConfig(s.tls()),
	}
	switch s.o.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.o.User != "" {
		options = append(options, gomail.WithUsername(s.o.User), gomail.WithPassword(s.o.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	if s.o.Hello != "" {
		options = append(options, gomail.WithHELO(s.o.Hello))
	}
	return gomail.NewClient(s.o.Host, options...)
}

func (s *Sender) tls() *tls.Config {
	return &tls.Config{ServerName: s.o.Host, RootCAs: s.o.RootCAs, MinVersion: tls.VersionTLS12}
}

func (s *Sender) dialer(raw *net.Conn) gomail.DialContextFunc {
	dialer := &net.Dialer{Timeout: s.o.Timeout}
	if s.o.TLS == NoTLS {
		dialer.ControlContext = onlyPrivate
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		*raw = conn
		if s.o.TLS != ImplicitTLS {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls()) // the library does so only where it dials itself
		err = secure.HandshakeContext(ctx)
		return secure, err
	}
}

// onlyPrivate holds plain connections to where they are meant for, whatever a name
// resolves to.
func onlyPrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := to.Addr().Unmap(); ip.IsLoopback() || ip.IsPrivate() {
		return nil
	}
	return fmt.Errorf("%s is not in a private network, and mails are not sent there without TLS", to.Addr())
}
