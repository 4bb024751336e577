package moderate

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Files in Mastodon's format for blocks of servers (admin/export_domain_blocks): a header
// whose names begin with #, then a line for each domain.
var csvColumns = []string{"#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"}

const (
	// MaxFile is how large a file to import may be, in bytes.
	MaxFile = 2 << 20
	// MaxProblems is how many bad lines of a file are told one by one.
	MaxProblems = 20
)

var (
	errFile     = fault.Newf(fault.Invalid, "A file has at most %d MiB and %d lines.", MaxFile>>20, MaxRules)
	errNoFile   = fault.New(fault.Invalid, "Choose a file first.")
	errNoDomain = fault.New(fault.Invalid, "The first line of the file has to name its columns, one of them #domain.")
)

// Problem is a line of a file that cannot be taken.
type Problem struct {
	Line int
	Text string // what stands there, cut
	Why  string
}

// Preview is what importing a file would do.
type Preview struct {
	Take     []*Rule // new and changed
	New      int
	Changed  int
	Same     int
	Problems []Problem // the first ones
	Bad      int
}

// ReadCSV reads a file of rules. Bad lines are problems, a file that is none is an error.
func ReadCSV(body []byte) ([]*Rule, []Problem, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil, errNoFile
	}
	if len(body) > MaxFile {
		return nil, nil, errFile
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	head, err := r.Read()
	if err != nil {
		return nil, nil, errNoDomain
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "#")] = i
	}
	if _, ok := at["domain"]; !ok {
		return nil, nil, errNoDomain
	}
	return readLines(r, at)
}

func readLines(r *csv.Reader, at map[string]int) (list []*Rule, problems []Problem, err error) {
	seen := map[string]int{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, problems, nil
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			return list, append(problems, Problem{Line: line, Why: "This line cannot be read."}), nil //nolint:nilerr // told by line
		}
		rule, err := readLine(record, at)
		switch {
		case err != nil:
			problems = append(problems, Problem{Line: line, Text: cut(strings.Join(record, ","), 80), Why: fault.TextOf(err)})
		case seen[rule.Domain] != 0:
			problems = append(problems, Problem{Line: line, Text: rule.Domain, Why: fmt.Sprintf("This domain stands in line %d already.", seen[rule.Domain])})
		case len(list) >= MaxRules:
			return nil, nil, errFile
		default:
			seen[rule.Domain] = line
			list = append(list, &rule)
		}
	}
}

func readLine(record []string, at map[string]int) (Rule, error) {
	field := func(name string) string {
		if i, ok := at[name]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	is := func(name string) bool { return strings.EqualFold(field(name), "true") || field(name) == "1" }
	severity := strings.ToLower(field("severity"))
	if severity == "" {
		severity = string(Suspend) // lists of domains alone are lists of blocks
	}
	return Check(Rule{
		Domain: field("domain"), Severity: severity, RejectMedia: is("reject_media"), RejectReports: is("reject_reports"),
		PublicComment: unquoted(field("public_comment")), Obfuscate: is("obfuscate"),
	})
}

func cut(s string, most int) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// Preview says what importing a file would do. Private comments, which such files do not
// have, stay as they are.
func (s *Service) Preview(ctx context.Context, t tenant.ID, body []byte) (*Preview, error) {
	list, problems, err := ReadCSV(body)
	if err != nil {
		return nil, err
	}
	out := &Preview{Problems: problems[:min(len(problems), MaxProblems)], Bad: len(problems)}
	domains := make([]string, len(list))
	for i, r := range list {
		domains[i] = r.Domain
	}
	err = s.db.Read(ctx, t, func(scope *pg.Scope) error {
		known, err := store.ServerRulesAmong(ctx, scope, domains)
		if err != nil {
			return err
		}
		out.sort(list, known)
		return nil
	})
	return out, err
}

func (p *Preview) sort(list []*Rule, known map[string]*Rule) {
	for _, r := range list {
		before := known[r.Domain]
		if before != nil {
			r.PrivateComment = before.PrivateComment
		}
		switch {
		case before == nil:
			p.New++
		case sameRule(before, r):
			p.Same++
			continue
		default:
			p.Changed++
		}
		p.Take = append(p.Take, r)
	}
}

// WriteCSV writes rules in the same format. Comments are for spreadsheets too: what would
// begin a formula there is kept from it.
func WriteCSV(w io.Writer, list []*Rule) error {
	out := csv.NewWriter(w)
	rows := slices.Grow([][]string{csvColumns}, len(list))
	for _, r := range list {
		rows = append(rows, []string{
			r.Domain, r.Severity, strconv.FormatBool(r.RejectMedia), strconv.FormatBool(r.RejectReports), harmless(r.PublicComment), strconv.FormatBool(r.Obfuscate),
		})
	}
	return out.WriteAll(rows)
}

const formula = "=+-@\t\r" // what begins one

func harmless(s string) string {
	if s != "" && strings.IndexByte(formula, s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// unquoted undoes harmless, so that a file of ours comes back as it went.
func unquoted(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte(formula, s[1]) >= 0 {
		return s[1:]
	}
	return s
}
