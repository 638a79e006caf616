package scimdtest

import (
	"testing"

	"github.com/scimd/scimd/internal/app"
)

// Option changes how a server, or a tenant, begins.
type Option func(*settings)

type settings struct {
	config  app.Config
	verbose bool
	seeds   []func(testing.TB, *Server)
}

// Profile chooses the behaviour: cyberark (the default), rfc7644, or the file
// of a profile, which has a slash or ends in .json.
func Profile(nameOrFile string) Option {
	return func(s *settings) { s.config.Profile = nameOrFile }
}

// Set sets one switch of the profile, as the flag --set does.
func Set(name, value string) Option {
	return func(s *settings) { s.config.Switches = append(s.config.Switches, name+"="+value) }
}

// Seed has a seed applied at the beginning, as the method Seed does. Several are
// applied one after the other.
func Seed(where string) Option {
	return seeded(func(t testing.TB, s *Server) { t.Helper(); s.Seed(t, where) })
}

// SeedText has the text of a seed applied, as the method SeedText does.
func SeedText(text string) Option {
	return seeded(func(t testing.TB, s *Server) { t.Helper(); s.SeedText(t, text) })
}

func seeded(apply func(testing.TB, *Server)) Option {
	return func(s *settings) { s.seeds = append(s.seeds, apply) }
}

// Token gives a server its token; without it one is made. It is for New alone: a
// tenant's token is made.
func Token(text string) Option {
	return func(s *settings) { s.config.Token = text }
}

// Verbose writes the server's log to that of the test: a line per request. It is for
// New alone: the log of a server that tests share is no single test's.
func Verbose() Option {
	return func(s *settings) { s.verbose = true }
}
