package sqlite

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/store"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

const (
	// maxGroup and maxGroupTime bound the transactions that share a commit.
	maxGroup     = 64
	maxGroupTime = 20 * time.Millisecond
)

// writer runs all transactions, one after the other on one connection, and
// commits those that queued up meanwhile together: a commit costs a sync of the
// disk, whatever is in it. Each runs in a savepoint, so that one that fails
// takes back only its own changes.
type writer struct {
	conn   *conn
	ledger *ledger
	queue  chan *job
	// stop ends the writer after the jobs in the queue; done tells that it has.
	stop, done chan struct{}
	// commits counts transactions of the database.
	commits atomic.Int64
}

// job is one transaction. Its writer or its caller takes it, whichever is
// first: a caller whose context ends takes it back.
type job struct {
	fn    func(sqlstore.Conn) error
	taken atomic.Bool
	err   error
	done  chan struct{}
}

func newWriter(c *conn, l *ledger) *writer {
	w := &writer{conn: c, ledger: l, queue: make(chan *job, maxGroup), stop: make(chan struct{}), done: make(chan struct{})}
	go w.loop()
	return w
}

// transact queues fn and waits until it is committed. ctx counts until fn runs.
func (w *writer) transact(ctx context.Context, fn func(sqlstore.Conn) error) error {
	j := &job{fn: fn, done: make(chan struct{})}
	select {
	case <-w.stop:
		return store.ErrClosed
	default:
	}
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stop:
		return store.ErrClosed
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	case <-w.done:
		// The queue was let go; a job taken before has its answer.
		if j.taken.CompareAndSwap(false, true) {
			return store.ErrClosed
		}
	}
	<-j.done
	return j.err
}

// close lets the queued transactions finish.
func (w *writer) close() {
	close(w.stop)
	<-w.done
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		select {
		case j := <-w.queue:
			w.group(j)
			continue
		default:
		}
		select {
		case j := <-w.queue:
			w.group(j)
		case <-w.stop:
			for {
				select {
				case j := <-w.queue:
					w.group(j)
				default:
					return
				}
			}
		}
	}
}

// group runs first and what is queued behind it in one transaction.
func (w *writer) group(first *job) {
	ctx := context.Background()
	var members []*job
	began := time.Now()
	_, err := w.conn.Exec(ctx, "BEGIN IMMEDIATE")
	for j := first; j != nil; j = w.more(len(members), began) {
		if !j.taken.CompareAndSwap(false, true) {
			continue
		}
		members = append(members, j)
		if err != nil {
			continue // answered below
		}
		err = w.runJob(ctx, j)
	}
	if err == nil {
		err = w.commit(ctx)
	}
	if err != nil {
		_, _ = w.conn.Exec(ctx, "ROLLBACK") // fails when there is nothing left to roll back
	}
	for _, j := range members {
		if err != nil {
			j.err = err
		}
		close(j.done)
	}
}

func (w *writer) more(n int, began time.Time) *job {
	if n >= maxGroup || time.Since(began) > maxGroupTime {
		return nil
	}
	select {
	case j := <-w.queue:
		return j
	default:
		return nil
	}
}

// runJob runs a job in its savepoint. An error of the job goes to its caller; the
// error returned is one of the whole transaction.
func (w *writer) runJob(ctx context.Context, j *job) error {
	if _, err := w.conn.Exec(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	if j.err = j.fn(w.conn); j.err != nil {
		if _, err := w.conn.Exec(ctx, "ROLLBACK TO SAVEPOINT job"); err != nil {
			return fmt.Errorf("a transaction could not be taken back: %w", err)
		}
	}
	_, err := w.conn.Exec(ctx, "RELEASE SAVEPOINT job")
	return err
}

func (w *writer) commit(ctx context.Context) error {
	undo, err := w.ledger.flush(ctx, w.conn)
	if err != nil {
		return err
	}
	if _, err := w.conn.Exec(ctx, "COMMIT"); err != nil {
		undo()
		return err
	}
	w.commits.Add(1)
	return nil
}
