package devpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidFile is what Postgres says about itself in postmaster.pid
// (src/include/utils/pidfile.h): line 1 pid, 4 port, 8 status.
type pidFile struct {
	pid, port int
	status    string
}

func pidFileName(pgdata string) string { return filepath.Join(pgdata, "postmaster.pid") }

func readPidFile(pgdata string) (pidFile, error) {
	text, err := os.ReadFile(pidFileName(pgdata))
	if err != nil {
		return pidFile{}, fmt.Errorf("read the pid file: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	var out pidFile
	if out.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil {
		return pidFile{}, fmt.Errorf("pid file: %w", err)
	}
	if len(lines) >= 4 {
		// Written before the status, so a ready server has it.
		out.port, _ = strconv.Atoi(strings.TrimSpace(lines[3]))
	}
	if len(lines) >= 8 {
		out.status = strings.TrimSpace(lines[7])
	}
	return out, nil
}
