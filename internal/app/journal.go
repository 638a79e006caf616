package app

import (
	"errors"
	"strconv"

	"github.com/scimd/scimd/internal/journal"
	"github.com/scimd/scimd/internal/schema"
)

const (
	// autoEntries stands for what is right where nothing is said: a journal for tests,
	// which use what is ephemeral, and none where people are.
	autoEntries = -1
	autoText    = "auto"
	// testEntries is how many entries the journal of an ephemeral server has.
	testEntries = 1000
)

func parseEntries(s string) (int, error) {
	if s == autoText {
		return autoEntries, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, errors.New("use a whole number, 0 for none, or auto")
	}
	return n, nil
}

func printEntries(n int) string {
	if n == autoEntries {
		return autoText
	}
	return strconv.Itoa(n)
}

// journalEntries is how many entries each journal has, 0 for no journal.
func (c *Config) journalEntries() int {
	switch {
	case c.JournalEntries != autoEntries:
		return c.JournalEntries
	case c.Ephemeral:
		return testEntries
	}
	return 0
}

// openJournals starts the journals; nil when there are to be none.
func (s *Server) openJournals(reg *schema.Registry) *journal.Journals {
	n := s.cfg.journalEntries()
	if n == 0 {
		return nil
	}
	js := journal.New(journal.Options{Entries: n, Bytes: s.cfg.JournalBytes, Total: s.cfg.JournalTotalBytes}, reg)
	s.beside(js.Run)
	return js
}
