package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rookery/internal/config"
)

func env(m map[string]string) func(string) (string, bool) {
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func TestTheStrongestSourceWins(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rookery.toml")
	if err := os.WriteFile(file, []byte("listen = \"127.0.0.1:1\"\nlimits = 10\nlog_level = \"warn\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, map[string]string{"listen": "127.0.0.1:3"}, env(map[string]string{
		"ROOKERY_LISTEN": "127.0.0.1:2", "ROOKERY_LOG_LEVEL": "debug",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"listen": "127.0.0.1:3", "log_level": "debug", "limits": "10", "log_format": "text"} {
		if got := c.String(key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
}

func TestSecretsComeFromFilesAndAreNeverShown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("very secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load("", nil, env(map[string]string{"ROOKERY_MASTER_KEY_FILE": file}))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.String("master_key"); got != "very secret" {
		t.Errorf("master_key = %q", got)
	}
	for _, v := range c.All() {
		if strings.Contains(v.Shown(), "very secret") {
			t.Errorf("%s shows the secret", v.Key)
		}
	}
}

func TestWrongValuesAreNamed(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"ROOKERY_QUEUES": "inbox", "ROOKERY_LIMITS": "1.5", "ROOKERY_ROLES": "web,cook", "ROOKERY_TRUSTED_PROXIES": "10.0.0.1",
		"ROOKERY_PUBLIC_SCHEME": "gopher", "ROOKERY_DATABASE_CONNS": "0", "ROOKERY_FEDERATION_ALLOW_HTTP": "maybe", "ROOKERY_SMTP_TLS": "opportunistic",
		"ROOKERY_SMTP_PORT": "smtp", "ROOKERY_SIGN_UP": "maybe", "ROOKERY_BILLING": "stripe",
	} {
		_, err := config.Load("", nil, env(map[string]string{key: value}))
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s: error %v does not name the variable", key, value, err)
		}
	}
}

func TestAMisspeltKeyInTheFileIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rookery.toml")
	if err := os.WriteFile(file, []byte("lisen = \"x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file, nil, env(nil)); err == nil || !strings.Contains(err.Error(), "lisen") {
		t.Errorf("error = %v", err)
	}
}
