// Package config reads the settings of a process.
//
// cmd/rookery calls it once at start and hands plain values on; no other package
// reads the environment. Settings come, strongest first, from flags, ROOKERY_*
// variables, a TOML file and defaults; a secret may also come from a file named
// by ROOKERY_…_FILE. It must not open anything that a setting names.
package config

import (
	"fmt"
	"net/netip"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Setting describes one setting.
type Setting struct {
	Key     string // "database_url": the TOML key; the variable is ROOKERY_DATABASE_URL
	Default string
	Help    string
	Secret  bool // shown as *** and readable from ROOKERY_…_FILE
}

// Env is the name of the setting's variable.
func (s Setting) Env() string { return "ROOKERY_" + strings.ToUpper(s.Key) }

// Source says where a value came from.
type Source string

// The sources, weakest first.
const (
	FromDefault Source = "default"
	FromFile    Source = "file"
	FromEnv     Source = "environment"
	FromFlag    Source = "flag"
)

// Value is a setting with its value and where that came from.
type Value struct {
	Setting
	Value  string
	Source Source
}

// Shown is the value as it may be printed.
func (v Value) Shown() string {
	if v.Secret && v.Value != "" {
		return "***"
	}
	return v.Value
}

// Config is all settings of a process.
type Config struct{ values map[string]Value }

// Load reads the settings. Flags hold values given on the command line, by key. An
// unknown key in the file is an error, because it is a misspelt setting.
func Load(file string, flags map[string]string, environ func(string) (string, bool)) (*Config, error) {
	c := &Config{values: map[string]Value{}}
	for _, s := range Settings {
		c.values[s.Key] = Value{Setting: s, Value: s.Default, Source: FromDefault}
	}
	if file != "" {
		if err := c.loadFile(file); err != nil {
			return nil, err
		}
	}
	for _, s := range Settings {
		v, ok, err := fromEnvironment(s, environ)
		if err != nil {
			return nil, err
		}
		if ok {
			c.values[s.Key] = Value{Setting: s, Value: v, Source: FromEnv}
		}
		if v, ok := flags[s.Key]; ok {
			c.values[s.Key] = Value{Setting: s, Value: v, Source: FromFlag}
		}
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) loadFile(file string) error {
	var raw map[string]any
	if _, err := toml.DecodeFile(file, &raw); err != nil {
		return fmt.Errorf("read settings from %s: %w", file, err)
	}
	for key, v := range raw {
		s, ok := c.values[key]
		if !ok {
			return fmt.Errorf("%s: there is no setting “%s”; `rookery config` lists them", file, key)
		}
		s.Value, s.Source = fmt.Sprint(v), FromFile
		c.values[key] = s
	}
	return nil
}

func fromEnvironment(s Setting, environ func(string) (string, bool)) (string, bool, error) {
	if v, ok := environ(s.Env()); ok {
		return v, true, nil
	}
	if !s.Secret {
		return "", false, nil
	}
	path, ok := environ(s.Env() + "_FILE")
	if !ok || path == "" {
		return "", false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", false, fmt.Errorf("read %s_FILE: %w", s.Env(), err)
	}
	return strings.TrimSpace(string(b)), true, nil
}

// All returns every setting with its value, by key.
func (c *Config) All() []Value {
	out := make([]Value, 0, len(c.values))
	for _, v := range c.values {
		out = append(out, v)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// String returns a setting's text. An unknown key is a fault of the caller.
func (c *Config) String(key string) string {
	v, ok := c.values[key]
	if !ok {
		panic("config: no setting " + key)
	}
	return v.Value
}

// Bool returns a setting that is true or false.
func (c *Config) Bool(key string) bool {
	b, _ := strconv.ParseBool(c.String(key)) // validated at load
	return b
}

// Int returns a whole number.
func (c *Config) Int(key string) int {
	n, _ := strconv.Atoi(c.String(key)) // validated at load
	return n
}

// List returns a comma-separated setting.
func (c *Config) List(key string) []string {
	var out []string
	for part := range strings.SplitSeq(c.String(key), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Prefixes returns a comma-separated list of address ranges.
func (c *Config) Prefixes(key string) []netip.Prefix {
	var out []netip.Prefix
	for _, part := range c.List(key) {
		if p, err := netip.ParsePrefix(part); err == nil { // validated at load
			out = append(out, p)
		}
	}
	return out
}

// Pairs returns "name=number" entries, such as queues and their workers.
func (c *Config) Pairs(key string) map[string]int {
	out := map[string]int{}
	for _, part := range c.List(key) {
		name, number, _ := strings.Cut(part, "=")
		n, _ := strconv.Atoi(number) // validated at load
		out[name] = n
	}
	return out
}
