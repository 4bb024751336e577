package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLicencesOfASampleModule(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "licences")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	tests := map[string]struct {
		licence string
		want    string
		fails   bool
	}{
		"MIT":                {"MIT License\n\nPermission is hereby granted, free\nof charge, to any person", "MIT", false},
		"BSD":                {"Redistribution and use in source and binary forms, with or without … Neither the name of", "BSD-3-Clause", false},
		"AGPL":               {"GNU AFFERO GENERAL PUBLIC LICENSE\n  Version 3, 19 November 2007", "AGPL-3.0", true},
		"GPL names the AGPL": {"GNU GENERAL PUBLIC LICENSE Everyone is permitted to copy … GNU Affero General Public License", "GPL", true},
		"MPL names them all": {"Mozilla Public License Version 2.0 Covered Software … GNU General Public License, GNU Affero General Public License", "MPL-2.0", false},
		"own words":          {"Ask me first.", "unknown", true},
		"none":               {"", "none found", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{
				"go.mod":      "module sample\n\ngo 1.26\n\nrequire example.com/lib v1.0.0\n\nreplace example.com/lib => ./lib\n",
				"main.go":     "package main\n\nimport _ \"example.com/lib\"\n\nfunc main() {}\n",
				"lib/go.mod":  "module example.com/lib\n\ngo 1.26\n",
				"lib/lib.go":  "package lib\n",
				"lib/LICENSE": tt.licence,
			}
			if tt.licence == "" {
				delete(files, "lib/LICENSE")
			}
			for path, text := range files {
				path = filepath.Join(dir, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(program, ".")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err != nil) != tt.fails {
				t.Errorf("error %v, want failure %t\n%s", err, tt.fails, out)
			}
			first, _, _ := strings.Cut(string(out), "\n")
			if !strings.HasPrefix(first, "example.com/lib") || !strings.HasSuffix(first, tt.want) {
				t.Errorf("line %q, want it to end with %s", first, tt.want)
			}
		})
	}
}
