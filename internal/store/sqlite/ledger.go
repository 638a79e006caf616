package sqlite

import (
	"context"
	"maps"
	"strings"
	"sync"

	"github.com/scimd/scimd/internal/filter"
	"github.com/scimd/scimd/internal/store/sqlstore"
)

// ledger implements sqlstore.Ledger in memory, since this process alone has the
// database. What it gives is written down with the next commit: no number is
// stored before the ledger's row that covers it, and a rollback takes none back.
type ledger struct {
	mu         sync.Mutex
	next       map[string]int64 // the next number of each allocator
	types      map[string]int64
	attributes map[attribute]int64
	// unwritten are the allocators, types and attributes given since the last
	// commit.
	unwritten struct {
		next       map[string]int64
		types      map[string]int64
		attributes map[attribute]int64
	}
}

type attribute struct {
	typeNr int64
	path   string
	kind   filter.KeyKind
}

func loadLedger(ctx context.Context, c *conn) (*ledger, error) {
	l := &ledger{next: map[string]int64{}, types: map[string]int64{}, attributes: map[attribute]int64{}}
	l.forget()
	load := func(query string, row func(sqlstore.Rows) error) error {
		rows, err := c.Query(ctx, query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := row(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	err := load("SELECT name, next FROM allocator", func(r sqlstore.Rows) error {
		var name string
		var next int64
		err := r.Scan(&name, &next)
		l.next[name] = next
		return err
	})
	if err == nil {
		err = load("SELECT nr, name FROM resource_type", func(r sqlstore.Rows) error {
			var name string
			var nr int64
			err := r.Scan(&nr, &name)
			l.types[name] = nr
			return err
		})
	}
	if err == nil {
		err = load("SELECT nr, type, path, kind FROM attribute", func(r sqlstore.Rows) error {
			var a attribute
			var nr int64
			err := r.Scan(&nr, &a.typeNr, &a.path, &a.kind)
			l.attributes[a] = nr
			return err
		})
	}
	return l, err
}

func (l *ledger) forget() {
	l.unwritten.next = map[string]int64{}
	l.unwritten.types = map[string]int64{}
	l.unwritten.attributes = map[attribute]int64{}
}

// reserve takes n numbers; mu is held.
func (l *ledger) reserve(name string, n int64) int64 {
	first := max(l.next[name], 1)
	l.next[name] = first + n
	l.unwritten.next[name] = first + n
	return first
}

// Reserve implements sqlstore.Ledger.
func (l *ledger) Reserve(_ context.Context, name string, n int64) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reserve(name, n), nil
}

// TypeNumber implements sqlstore.Ledger.
func (l *ledger) TypeNumber(_ context.Context, name string, create bool) (int64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	nr, ok := l.types[name]
	if !ok && create {
		nr, ok = l.reserve(sqlstore.TypeAllocator, 1), true
		l.types[name], l.unwritten.types[name] = nr, nr
	}
	return nr, ok, nil
}

// TypeName implements sqlstore.Ledger.
func (l *ledger) TypeName(_ context.Context, nr int64) (string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, n := range l.types {
		if n == nr {
			return name, true, nil
		}
	}
	return "", false, nil
}

// AttributeNumber implements sqlstore.Ledger.
func (l *ledger) AttributeNumber(_ context.Context, typeNr int64, path string, kind filter.KeyKind, create bool) (int64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := attribute{typeNr, path, kind}
	nr, ok := l.attributes[a]
	if !ok && create {
		// The path outlives the request that it is a part of.
		a.path = strings.Clone(path)
		nr, ok = l.reserve(sqlstore.AttributeAllocator, 1), true
		l.attributes[a], l.unwritten.attributes[a] = nr, nr
	}
	return nr, ok, nil
}

// flush writes down what was given. undo must be called when the commit fails.
func (l *ledger) flush(ctx context.Context, c *conn) (undo func(), err error) {
	l.mu.Lock()
	next, types, attributes := l.unwritten.next, l.unwritten.types, l.unwritten.attributes
	l.forget()
	l.mu.Unlock()
	defer func() {
		if err != nil {
			l.restore(next, types, attributes)
		}
	}()
	for name, n := range next {
		if _, err := c.Exec(ctx, "INSERT INTO allocator (name, next) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET next = excluded.next", name, n); err != nil {
			return nil, err
		}
	}
	for name, nr := range types {
		if _, err := c.Exec(ctx, "INSERT INTO resource_type (nr, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", nr, name); err != nil {
			return nil, err
		}
	}
	for a, nr := range attributes {
		if _, err := c.Exec(ctx, "INSERT INTO attribute (nr, type, path, kind) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", nr, a.typeNr, a.path, int64(a.kind)); err != nil {
			return nil, err
		}
	}
	return func() { l.restore(next, types, attributes) }, nil
}

// restore marks numbers as unwritten again, when a commit has failed.
func (l *ledger) restore(next, types map[string]int64, attributes map[attribute]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, n := range next {
		l.unwritten.next[name] = max(n, l.unwritten.next[name])
	}
	maps.Copy(l.unwritten.types, types)
	maps.Copy(l.unwritten.attributes, attributes)
}
