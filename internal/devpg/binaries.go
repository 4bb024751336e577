package devpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// debianBinaries is where Debian and Ubuntu put each version's programs, which
// are not in PATH.
const debianBinaries = "/usr/lib/postgresql/*/bin"

// errNoBinaries says which package brings Postgres.
var errNoBinaries = errors.New("no Postgres programs (initdb, postgres) found in PATH or in " + debianBinaries +
	": install the package postgresql (Debian, Ubuntu: apt-get install postgresql)")

// findBinaries returns the folder with initdb and postgres: the first match of
// PATH, the extra folders, then Debian's, newest first. A cluster can be opened
// by the major version that made it alone, so a version asked for is binding.
func findBinaries(version string, extra ...string) (string, error) {
	dirs := append(filepath.SplitList(os.Getenv("PATH")), extra...)
	debian, err := filepath.Glob(debianBinaries)
	if err != nil {
		return "", fmt.Errorf("look for Postgres: %w", err)
	}
	slices.SortFunc(debian, func(a, b string) int { return majorInPath(b) - majorInPath(a) })
	var others []string
	for _, dir := range append(dirs, debian...) {
		if !isProgram(filepath.Join(dir, "initdb")) || !isProgram(filepath.Join(dir, "postgres")) {
			continue
		}
		if version == "" {
			return dir, nil
		}
		major, err := majorOf(filepath.Join(dir, "postgres"))
		if err == nil && major == version {
			return dir, nil
		}
		others = append(others, major)
	}
	if len(others) == 0 {
		return "", errNoBinaries
	}
	return "", fmt.Errorf("the data was written by Postgres %s, but only Postgres %s is installed: "+
		"install the package postgresql-%s, or move the data folder away to begin anew",
		version, strings.Join(others, ", "), version)
}

// majorInPath reads 15 out of /usr/lib/postgresql/15/bin.
func majorInPath(dir string) int {
	major, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return major
}

// majorOf asks a program: "postgres (PostgreSQL) 15.18 (Debian …)" is "15".
func majorOf(program string) (string, error) {
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", program, err)
	}
	_, rest, _ := strings.Cut(string(out), "(PostgreSQL) ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end <= 0 {
		return "", fmt.Errorf("%s --version: unknown answer %q", program, out)
	}
	return rest[:end], nil
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
