// Command rookery is the one binary of the platform: it serves, works the queues,
// migrates the database and holds the operator's commands.
//
// It is the outermost ring: it reads the settings, builds every part and connects
// them. It must hold no rules of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"rookery/internal/fault"
)

// Exit codes (CONTRACT): 0 done, 1 failed, 2 wrong use.
const (
	exitFailed   = 1
	exitWrongUse = 2
)

// usageError marks an error of the caller's, told apart by its exit code.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func wrongUse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "rookery: "+publicText(err))
	var usage usageError
	if errors.As(err, &usage) {
		return exitWrongUse
	}
	return exitFailed
}

// publicText is one sentence with a way out. An operator may see internal detail, so
// it is kept, but a fault's own text comes first.
func publicText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Unwrap() == nil {
		return f.Text
	}
	return err.Error()
}

func newRoot() *cobra.Command {
	g := &globals{}
	root := &cobra.Command{
		Use:           "rookery",
		Short:         "Host the fediverse presence of many organisations, each on its own domain",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrongUse("%w; see `%s --help`", err, c.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&g.configFile, "config", os.Getenv("ROOKERY_CONFIG"), "TOML file with settings")
	flags.StringVar(&g.databaseURL, "database-url", "", "Postgres to use (else ROOKERY_DATABASE_URL, else the data folder of rookery dev)")
	flags.StringVar(&g.dataDir, "data", "./.rookery", "data folder of rookery dev")
	root.AddCommand(
		serveCommand(g), devCommand(g), migrateCommand(g), configCommand(g),
		tenantCommand(g), domainCommand(g), certificateCommand(g), auditCommand(g), ssoCommand(g), blockCommand(g), billingCommand(g), accountCommand(g), tokenCommand(g), staffCommand(g), upkeepCommand(g), mailCommand(g), doctorCommand(g), healthcheckCommand(g),
	)
	wrapArgs(root)
	nameSubcommands(root)
	return root
}

// nameSubcommands makes a group that is called without one of its commands, or with one
// that it does not have, exit with 2. Cobra prints the help and says that all is well.
func nameSubcommands(c *cobra.Command) {
	if c.HasSubCommands() && !c.Runnable() {
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrongUse("there is no command “%s %s”; see `%s --help`", cmd.CommandPath(), args[0], cmd.CommandPath())
			}
			return wrongUse("what shall be done? See `%s --help`", cmd.CommandPath())
		}
	}
	for _, sub := range c.Commands() {
		nameSubcommands(sub)
	}
}

// wrapArgs makes wrong arguments of every command exit with 2 and point to its help.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return wrongUse("%w; see `%s --help`", err, cmd.CommandPath())
		}
		return nil
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
