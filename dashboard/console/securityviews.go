package console

import "io"

const mostAskedNamed = 3

// SecurityRow is a line of the list of who has which second factor.
type SecurityRow struct {
	Person              Person
	Role                Role
	IsYou               bool
	HasTOTP, HasPasskey bool
}

// HasAny reports whether there is a second factor.
func (r SecurityRow) HasAny() bool { return r.HasTOTP || r.HasPasskey }

// SecurityView is where a company says what it asks for when its people sign in.
type SecurityView struct {
	Shell    Shell
	Token    string
	Action   string // "": nothing can be changed now
	OwnURL   string // of one's own login
	SSOURL   string // of single sign-on; "": there is none
	IsOn     bool
	IsProven bool // whoever looks has shown a second factor
	// IsRefused: whoever looks has asked it of all without one of their own.
	IsRefused bool
	Asked     AskedFor // to set one up
	Members   []SecurityRow
	MoreURL   string
}

// IsAlone reports whether the company has one person.
func (v SecurityView) IsAlone() bool { return len(v.Members) == 1 && v.MoreURL == "" }

// RenderSecurity writes the room. Its form posts required, which is empty or not.
func RenderSecurity(w io.Writer, v SecurityView) error {
	return render(w, "Security · "+v.Shell.Room.Name, "security", v)
}

// AskedFor are people without a second factor.
type AskedFor struct {
	Count int
	IsYou bool     // whoever looks is one of them
	Names []string // of some others
	More  int      // than those
}

func whoIsAsked(rows []SecurityRow) (out AskedFor) {
	named := 0
	for _, row := range rows {
		if row.HasAny() {
			continue
		}
		out.Count++
		switch {
		case row.IsYou:
			out.IsYou = true
			named++
		case named < mostAskedNamed:
			out.Names = append(out.Names, row.Person.Name)
			named++
		}
	}
	out.More = out.Count - named
	return out
}
