package sqlstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestEachSpaceThatDoublesIsAnalysed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newStatistics(func(context.Context) error { n++; return nil }, func(error) { t.Error("failed") })
		defer s.close()
		for _, step := range []struct{ space, stored, analyses int64 }{
			{1, firstAnalysis - 1, 0}, {1, 1, 1}, {1, firstAnalysis - 1, 1}, {1, 1, 2}, {1, 100_000, 3},
			{2, firstAnalysis - 1, 3}, {2, 1, 4}, {1, 1, 4}, // however much there is in another
			{2, 10 * lastAnalysis, 5}, {2, 100 * lastAnalysis, 5},
		} {
			s.add(step.space, step.stored)
			synctest.Wait()
			if int64(n) != step.analyses {
				t.Errorf("after %d more in space %d: %d analyses, want %d", step.stored, step.space, n, step.analyses)
			}
		}
	})
}

func TestAnalysesRestAndNoneIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var began []time.Duration
		start := time.Now()
		failed := 0
		s := newStatistics(func(context.Context) error {
			began = append(began, time.Since(start))
			time.Sleep(time.Second)
			return errors.New("no")
		}, func(error) { failed++ })
		for space := range int64(50) {
			s.add(space, firstAnalysis)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(began) != 2 || began[0] != 0 || began[1] != 10*time.Second || failed != 2 {
			t.Errorf("analyses began at %v, %d failed", began, failed)
		}
		s.add(1, firstAnalysis)
		synctest.Wait()
		s.close() // one that runs is waited for
		s.add(1, lastAnalysis)
		if len(began) != 3 || failed != 2 {
			t.Errorf("analyses began at %v, %d failed", began, failed)
		}
	})
}
