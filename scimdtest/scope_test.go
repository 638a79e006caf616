package scimdtest_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// scope stands for a test that ends before the test around it: a testing.TB
// that has just what New uses.
type scope struct {
	testing.TB

	cleanups []func()
	failed   string
	mu       sync.Mutex
	log      bytes.Buffer
}

// fatal is what Fatalf ends a scope with.
type fatal struct{}

// within runs f in a scope to its end.
func within(f func(testing.TB)) (s *scope) {
	s = &scope{}
	defer s.end()
	defer func() {
		if r := recover(); r != nil && r != (fatal{}) {
			panic(r)
		}
	}()
	f(s)
	return s
}

func (s *scope) end() {
	for len(s.cleanups) > 0 {
		last := len(s.cleanups) - 1
		f := s.cleanups[last]
		s.cleanups = s.cleanups[:last]
		f()
	}
}

func (s *scope) Helper()          {}
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }
func (s *scope) Output() io.Writer {
	return s
}

func (s *scope) Errorf(format string, args ...any) {
	s.failed += fmt.Sprintf(format, args...) + "\n"
}

func (s *scope) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	panic(fatal{})
}

func (s *scope) TempDir() string {
	dir, err := os.MkdirTemp("", "scope-*")
	if err != nil {
		s.Fatalf("%v", err)
	}
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Errorf("%v", err)
		}
	})
	return dir
}

func (s *scope) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(line)
}

func (s *scope) logged(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.log.String(), text)
}
