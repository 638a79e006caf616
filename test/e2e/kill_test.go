package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// life is what a client knows of a user it writes: the last state for which it
// has an answer, and whether the request for the next one was on its way.
type life struct {
	id     string
	state  int
	asking bool
}

// The states of a life, in order.
const (
	created = 1 + iota
	patched
	deleted
)

// An answered write is there, whatever happens to the process next.
func TestAKilledServerLosesNoAnsweredWrite(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	onEngines(t, func(t *testing.T, p place) {
		var all []*life
		for round := range rounds {
			s := p.start(t)
			written := s.writeUntilKilled(t, round, time.Duration(rand.IntN(100))*time.Millisecond)
			all = append(all, written...)
			s = p.start(t)
			s.checkLives(t, written)
			if t.Failed() {
				t.Fatalf("in round %d", round)
			}
			s.kill(t)
		}
		s := p.start(t)
		s.checkLives(t, all)
		t.Logf("%d users over %d crashes", len(all), rounds)
		if len(all) < rounds {
			t.Errorf("too little was written for the crashes to matter")
		}
	})
}

// writeUntilKilled lets clients create, change and delete users until the server
// is killed under them, some time after its first answer, and gives what they know.
func (s *server) writeUntilKilled(t *testing.T, round int, after time.Duration) []*life {
	t.Helper()
	const clients = 8
	lives := make([][]*life, clients)
	var all sync.WaitGroup
	var once sync.Once
	answered := make(chan struct{})
	for c := range clients {
		all.Go(func() {
			for n := 0; ; n++ {
				a, err := s.try("POST", "/Users", user(fmt.Sprintf("kill.%d.%d.%d", round, c, n), nil))
				if err != nil {
					return
				}
				if a.status != 201 {
					t.Errorf("POST: %s", a)
					return
				}
				once.Do(func() { close(answered) })
				l := &life{id: a.body["id"].(string), state: created}
				lives[c] = append(lives[c], l)
				if n%2 == 0 && !s.advance(t, l, "PATCH", patch([3]any{"replace", "title", "patched"})) ||
					n%4 == 0 && !s.advance(t, l, "DELETE", nil) {
					return
				}
			}
		})
	}
	gaveUp := make(chan struct{})
	go func() {
		all.Wait()
		close(gaveUp)
	}()
	select {
	case <-answered:
	case <-gaveUp:
	}
	time.Sleep(after)
	s.kill(t)
	<-gaveUp
	var flat []*life
	for _, l := range lives {
		flat = append(flat, l...)
	}
	return flat
}

// advance brings a user into its next state; false when no answer came.
func (s *server) advance(t *testing.T, l *life, method string, body any) bool {
	l.asking = true
	a, err := s.try(method, "/Users/"+l.id, body)
	if err != nil {
		return false
	}
	if a.status != 200 && a.status != 204 {
		t.Errorf("%s: %s", method, a)
		return false
	}
	l.state++
	l.asking = false
	return true
}

// checkLives compares what the server has with what the clients know.
func (s *server) checkLives(t *testing.T, lives []*life) {
	t.Helper()
	const readers = 8
	var all sync.WaitGroup
	for r := range readers {
		all.Go(func() {
			for i := r; i < len(lives); i += readers {
				l := lives[i]
				a, err := s.try("GET", "/Users/"+l.id, nil)
				if err != nil {
					t.Error(err)
					return
				}
				state := created
				switch {
				case a.status == 404:
					state = deleted
				case a.status != 200:
					t.Errorf("GET: %s", a)
					return
				case a.body["title"] == "patched":
					state = patched
				}
				if state != l.state && !(l.asking && state == l.state+1) {
					t.Errorf("a user whose state %d was answered (next asked for: %v) has state %d", l.state, l.asking, state)
				}
				l.state, l.asking = state, false
			}
		})
	}
	all.Wait()
}
