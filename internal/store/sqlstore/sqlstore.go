// Package sqlstore is what the SQL engines of store.Store have in common: the
// table maps, the extraction of keys, the compiler from filters to SQL, the
// statements, and the administration of tenants and tokens. The packages sqlite
// and postgres add connections, transactions and the ledger of numbers.
//
// SQL never folds, parses or formats a value: columns hold comparison keys made
// by package schema, which both engines order by bytes.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/internal/store"
)

// Engine is what a database contributes.
type Engine struct {
	Dialect *Dialect
	// Read runs statements outside any transaction.
	Read Conn
	Ledger
	// Transact runs fn in a transaction and returns after commit; an error from
	// fn rolls back and is returned as it is. It runs fn again when the database
	// asks for it. ctx counts until fn runs. fn does not panic.
	Transact func(ctx context.Context, fn func(Conn) error) error
	// Snapshot runs fn once on a connection that reads one state of the database.
	Snapshot func(ctx context.Context, fn func(Conn) error) error
	// Analyse brings the planner's statistics of the tables up to date; it runs
	// beside everything else. Failed gets its error.
	Analyse func(ctx context.Context, tables []string) error
	Failed  func(error)
}

// Store is the common part of both engines' stores.
type Store struct {
	engine  Engine
	reg     *schema.Registry
	numbers *numbers
	layouts sync.Map // *schema.ResourceType → *layout
	// statistics count inserts.
	statistics *statistics
}

// New makes a store on an engine whose tables are there. It checks that the
// stored keys were made by this version of package schema.
func New(ctx context.Context, e Engine, reg *schema.Registry) (*Store, error) {
	s := &Store{engine: e, reg: reg, numbers: newNumbers(e.Ledger, reg)}
	list := []string{"value_r", "edge", "resource_unique"}
	for _, t := range tables {
		list = append(list, t.table)
	}
	s.statistics = newStatistics(func(ctx context.Context) error { return e.Analyse(ctx, list) }, e.Failed)
	return s, s.checkKeys(ctx)
}

// Stop ends what runs beside requests; it comes before the engine's connections
// are closed.
func (s *Store) Stop() { s.statistics.close() }

const keyVersionSetting = "keyVersion"

// ErrKeys tells that the stored comparison keys are of another version.
var ErrKeys = errors.New("the database holds comparison keys of another version")

func (s *Store) checkKeys(ctx context.Context) error {
	ours := strconv.Itoa(schema.KeyVersion)
	theirs, err := s.SetSetting(ctx, keyVersionSetting, ours)
	if err == nil && theirs != ours {
		err = fmt.Errorf("%w: %s, and this program makes version %s; use the release that wrote it", ErrKeys, theirs, ours)
	}
	return err
}

func (s *Store) layout(rt *schema.ResourceType) *layout {
	if l, ok := s.layouts.Load(rt); ok {
		return l.(*layout)
	}
	l, _ := s.layouts.LoadOrStore(rt, bind(rt))
	return l.(*layout)
}

// Do implements store.Store.
func (s *Store) Do(ctx context.Context, space int64, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	inside := context.WithoutCancel(ctx)
	var inserted int64
	err := s.engine.Transact(ctx, func(c Conn) error {
		t := &tx{Store: s, ctx: inside, conn: c, space: space, types: map[int64]int64{}}
		err := t.run(func() error { return fn(t) })
		inserted = t.inserted
		return err
	})
	if err == nil && inserted > 0 {
		s.statistics.add(space, inserted)
	}
	return err
}

// Moment implements store.Store.
func (s *Store) Moment(ctx context.Context, fn func(store.Reader) error) error {
	return s.engine.Snapshot(ctx, func(c Conn) error {
		at := &Store{engine: s.engine, reg: s.reg, numbers: s.numbers, statistics: s.statistics}
		at.engine.Read = c
		return fn(at)
	})
}

// safely turns a panic of fn into an error, since fn may share its connection
// with others.
func safely(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: a transaction panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn()
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, space int64, rt *schema.ResourceType, id string, want []store.Want) (*store.Record, error) {
	rec, err := s.record(ctx, s.engine.Read, space, s.layout(rt), id, want, "")
	switch {
	case err != nil:
		return nil, err
	case rec.long:
		return s.long(ctx, space, rec.hit, want)
	}
	return rec.Record, nil
}

// record reads a resource by id; ErrNotFound without one.
func (s *Store) record(ctx context.Context, c Conn, space int64, l *layout, id string, want []store.Want, lock string) (found, error) {
	if err := ctx.Err(); err != nil {
		return found{}, err
	}
	var st statement
	sp := st.arg(space)
	links, err := s.linkColumns(ctx, l, sp, want, s.alongColumn)
	if err != nil {
		return found{}, err
	}
	sql := "SELECT " + recordColumns + links + " FROM " + l.table + " r WHERE r.space = " + sp
	if l.typed {
		nr, err := s.numbers.typeNumber(ctx, l.rt.Name)
		if err != nil {
			return found{}, err
		}
		sql += " AND r.type = " + st.arg(nr)
	}
	var row recordRow
	read := func(which string) (bool, error) {
		sql, args := st.finish(sql + " AND " + which + lock)
		return one(ctx, c, sql, args, row.dest(len(want))...)
	}
	ok, err := read("r.id_key = " + st.arg(idKey(l.rt, id)))
	if err == nil && !ok && l.resolves(want) {
		ok, err = read("r.seq IN (" + l.named(&st, sp, id) + ") ORDER BY r.seq LIMIT 1")
	}
	if err != nil {
		return found{}, err
	}
	if !ok {
		return found{}, store.ErrNotFound
	}
	return s.found(ctx, l, &row, want)
}
