package console

import (
	"io"
	"strconv"
	"strings"
)

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
	Names string // of some, as in a sentence
}

func whoIsAsked(rows []SecurityRow) (out AskedFor) {
	var names []string
	for _, row := range rows {
		if row.HasAny() {
			continue
		}
		if out.Count++; len(names) < mostAskedNamed {
			name := row.Person.Name
			if row.IsYou {
				name = "you"
			}
			names = append(names, name)
		}
	}
	if more := out.Count - len(names); more == 1 {
		names = append(names, "one more")
	} else if more > 1 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	if last := len(names) - 1; last > 0 {
		out.Names = strings.Join(names[:last], ", ") + " and " + names[last]
	} else {
		out.Names = strings.Join(names, "")
	}
	return out
}
