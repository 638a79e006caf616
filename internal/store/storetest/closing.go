package storetest

import (
	"errors"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// Each of these cases has a store of its own.
var closeCases = []testCase{
	{"an open store answers, and names its engine", func(w *world) {
		defer w.close()
		if err := w.store.Ping(w.ctx); err != nil {
			w.Errorf("Ping: %v", err)
		}
		if c := w.store.Capabilities(); c.Engine != "sqlite" && c.Engine != "postgres" {
			w.Errorf("capabilities %+v", c)
		}
	}},
	{"a closed store says so to every call, and closes again without harm", func(w *world) {
		r := w.insert(User("u"))[0]
		w.close()
		for name, call := range map[string]func() error{
			"Do": func() error {
				return w.store.Do(w.ctx, w.space, func(store.Tx) error { w.Error("fn ran"); return nil })
			},
			"Get":          func() error { _, err := w.store.Get(w.ctx, w.space, r.Type, r.ID, nil); return err },
			"Query":        func() error { _, err := w.store.Query(w.ctx, w.query(w.users(""))); return err },
			"Events":       func() error { _, err := w.store.Events(w.ctx, w.space, 0, 1); return err },
			"EnsureTenant": func() error { _, _, err := w.store.EnsureTenant(w.ctx, store.Tenant{Name: "x"}); return err },
			"Tokens":       func() error { _, err := w.store.Tokens(w.ctx, 1); return err },
			"Setting":      func() error { _, _, err := w.store.Setting(w.ctx, "x"); return err },
			"Ping":         func() error { return w.store.Ping(w.ctx) },
		} {
			if err := call(); !errors.Is(err, store.ErrClosed) {
				w.Errorf("%s: %v, want ErrClosed", name, err)
			}
		}
		w.close()
	}},
	{"Close waits for a running write", func(w *world) {
		running, release := make(chan struct{}), make(chan struct{})
		written, closed := make(chan error, 1), make(chan error, 1)
		r := User("last").Resource()
		go func() {
			first := true
			written <- w.store.Do(w.ctx, w.space, func(tx store.Tx) error {
				if first {
					first = false
					close(running)
				}
				<-release
				return tx.Insert(r)
			})
		}()
		<-running
		go func() { closed <- w.store.Close() }()
		select {
		case err := <-closed:
			w.Errorf("Close returned (%v) while a write was running", err)
			closed <- err
		case <-time.After(100 * time.Millisecond):
		}
		close(release)
		if err := <-written; err != nil {
			w.Errorf("the running write: %v", err)
		}
		if err := <-closed; err != nil {
			w.Errorf("Close: %v", err)
		}
	}},
}

func (w *world) close() {
	w.Helper()
	if err := w.store.Close(); err != nil {
		w.Errorf("Close: %v", err)
	}
}
