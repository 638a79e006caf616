package sqlstore

import (
	"context"
	"sync"
)

// statistics keep the planner informed while a database grows from nothing:
// without them it takes every space to be small and walks all of it, and a
// database's own housekeeping comes late or never. The tables are analysed
// whenever the resources stored by this process have doubled.
type statistics struct {
	analyse func(context.Context) error
	failed  func(error)

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	stored int64
	due    int64
	busy   bool
}

// The first analysis, and the size from which on proportions hardly change.
const (
	firstAnalysis = 200
	lastAnalysis  = 1_000_000
)

func newStatistics(analyse func(context.Context) error, failed func(error)) *statistics {
	s := &statistics{analyse: analyse, failed: failed, due: firstAnalysis}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// add counts resources stored by a committed transaction.
func (s *statistics) add(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored += n
	if s.busy || s.stored < s.due || s.due > lastAnalysis || s.ctx.Err() != nil {
		return
	}
	for s.due <= s.stored {
		s.due *= 2
	}
	s.run()
}

// run analyses beside everything else; mu is held.
func (s *statistics) run() {
	s.busy = true
	s.group.Go(func() {
		if err := s.analyse(s.ctx); err != nil && s.ctx.Err() == nil {
			s.failed(err)
		}
		s.mu.Lock()
		s.busy = false
		s.mu.Unlock()
	})
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
	if !s.statistics.busy && s.statistics.ctx.Err() == nil {
		s.statistics.run()
	}
	return nil
}

// close ends an analysis that runs.
func (s *statistics) close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.group.Wait()
}
