package mail

import (
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// compose makes the bytes of a mail. Every value of a header is either ours, checked, or
// freed from line breaks and then encoded (RFC 2047).
func (s *Sender) compose(m *Message) (*gomail.Msg, error) {
	to, err := Address(m.To)
	if err != nil {
		return nil, &Refused{err}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(oneLine(s.o.FromName), s.o.From); err != nil {
		return nil, fmt.Errorf("set the sender: %w", err)
	}
	if err := msg.To(to); err != nil {
		return nil, &Refused{fmt.Errorf("set the recipient: %w", err)}
	}
	_, domain, _ := strings.Cut(s.o.From, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetDateWithValue(m.Date)
	msg.Subject(oneLine(m.Subject))
	// No holiday answers: RFC 3834, and Exchange's own way.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("Content-Language", m.Locale)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
