package scimdtest

import (
	"sync"
	"testing"
)

// testLog passes a server's log on to a test; without one it drops it. A
// handler that is cut off may log after the test has ended, when to write to
// the test would panic: hence end.
type testLog struct {
	mu sync.Mutex
	t  testing.TB
}

func (l *testLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		return l.t.Output().Write(line)
	}
	return len(line), nil
}

func (l *testLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t = nil
}
