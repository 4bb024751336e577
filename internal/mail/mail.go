// Package mail makes the platform's mails and hands them to the operator's mail server.
//
// Templates turn the name of an event and its data into subject, text and HTML; Sender speaks
// SMTP to the one server that is set. tenant/notice calls both for what was queued, and
// the operator's commands do for a test. It must not decide who is told what, keep state, or
// send in clear what leaves the operator's own network.
package mail

import (
	"crypto/x509"
	"fmt"
	"net"
	"strconv"
	"time"
)

// TLS says how the connection to the mail server is protected.
type TLS string

// The ways to protect a connection. None of them falls back to another.
const (
	StartTLS    TLS = "starttls" // begins in clear and must change to TLS (RFC 3207)
	ImplicitTLS TLS = "implicit" // TLS from the first byte (RFC 8314)
	NoTLS       TLS = "none"     // a relay on this machine or in its private network
)

// port is where servers listen for each.
var port = map[TLS]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}

// sendTimeout bounds connecting (with greeting, TLS and log-in), and then sending. A
// server may think for minutes about what it was given (RFC 5321 section 4.5.3.2.6), but
// a job that takes longer than a minute and a half is taken for lost.
const sendTimeout = 30 * time.Second

// Options say which server takes our mails, and as whom.
type Options struct {
	Host     string
	Port     int // 0: what is usual for TLS
	TLS      TLS // "": StartTLS
	User     string
	Password string
	From     string // address
	FromName string
	Hello    string         // how we introduce ourselves; "": the machine's name
	RootCAs  *x509.CertPool // nil: the system's
	Timeout  time.Duration  // of connecting, and of sending; 0: 30 seconds
}

// Sender hands mails to one server. It is safe for concurrent use: each mail has its own
// connection, since they are few.
type Sender struct{ o Options }

// New checks the options and makes a Sender. It opens nothing.
func New(o Options) (*Sender, error) {
	if o.Host == "" {
		return nil, fmt.Errorf("no mail server is set")
	}
	if o.TLS == "" {
		o.TLS = StartTLS
	}
	if _, ok := port[o.TLS]; !ok {
		return nil, fmt.Errorf("“%s” is no way to protect a connection: starttls, implicit or none", o.TLS)
	}
	if o.TLS == NoTLS && (o.User != "" || o.Password != "") {
		return nil, fmt.Errorf("a mail password is never sent in clear: use starttls or implicit, or no user")
	}
	if (o.User == "") != (o.Password == "") {
		return nil, fmt.Errorf("a mail server asks for a user and a password, or for neither")
	}
	from, err := Address(o.From)
	if err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	o.From = from
	if o.Port == 0 {
		o.Port = port[o.TLS]
	}
	if o.Timeout == 0 {
		o.Timeout = sendTimeout
	}
	return &Sender{o}, nil
}

// Server is where mails go, for logs: never the password.
func (s *Sender) Server() string {
	return net.JoinHostPort(s.o.Host, strconv.Itoa(s.o.Port)) + " (" + string(s.o.TLS) + ")"
}
