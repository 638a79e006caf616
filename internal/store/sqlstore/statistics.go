package sqlstore

import (
	"context"
	"sync"
	"time"
)

// statistics keep the planner informed while spaces grow from nothing: it takes
// a space that they do not know to be empty, and then walks all of it for each row
// of another table, and a database's own housekeeping comes late or never. The
// tables are analysed whenever the resources that this process has stored in one
// space have doubled.
type statistics struct {
	analyse func(context.Context) error
	failed  func(error)

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	spaces map[int64]*growth
	wanted bool
	busy   bool
}

// growth is what this process has stored in a space, and how much of it makes an
// analysis due.
type growth struct{ stored, due int64 }

// The first analysis, and the size from which on proportions hardly change.
const (
	firstAnalysis = 200
	lastAnalysis  = 1_000_000
)

// restAfter is how many times as long as an analysis took none begins: where very
// many spaces grow, they cost a tenth of the time.
const restAfter = 9

func newStatistics(analyse func(context.Context) error, failed func(error)) *statistics {
	s := &statistics{analyse: analyse, failed: failed, spaces: map[int64]*growth{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// add counts resources stored in a space by a committed transaction.
func (s *statistics) add(space, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.spaces[space]
	if g == nil {
		g = &growth{due: firstAnalysis}
		s.spaces[space] = g
	}
	g.stored += n
	if g.stored < g.due || g.due > lastAnalysis {
		return
	}
	for g.due <= g.stored {
		g.due *= 2
	}
	s.want()
}

// forget drops what is known of a space that is no more.
func (s *statistics) forget(space int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.spaces, space)
}

// want has the tables analysed, once more if that is under way; mu is held.
func (s *statistics) want() {
	s.wanted = s.ctx.Err() == nil
	if s.busy || !s.wanted {
		return
	}
	s.busy = true
	s.group.Go(s.run)
}

// run analyses beside everything else for as long as it is wanted.
func (s *statistics) run() {
	for s.begins() {
		began := time.Now()
		if err := s.analyse(s.ctx); err != nil && s.ctx.Err() == nil {
			s.failed(err)
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(restAfter * time.Since(began)):
		}
	}
}

// begins tells that an analysis is wanted, which begins then.
func (s *statistics) begins() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.wanted = s.wanted && s.ctx.Err() == nil, false
	return s.busy
}

// Analyse begins to bring the statistics up to date if any resources are stored.
func (s *Store) Analyse(ctx context.Context) error {
	var stored []string
	for _, t := range tables {
		stored = append(stored, "EXISTS (SELECT 1 FROM "+t.table+")")
	}
	var some int64
	_, err := one(ctx, s.engine.Read, "SELECT CASE WHEN "+chain(stored, " OR ")+" THEN 1 ELSE 0 END", nil, &some)
	if err != nil || some == 0 {
		return err
	}
	s.statistics.mu.Lock()
	defer s.statistics.mu.Unlock()
	s.statistics.want()
	return nil
}

// close ends an analysis that runs.
func (s *statistics) close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.group.Wait()
}
