package secret

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// Keys is where data keys and what they have sealed are kept; store.Store is one.
type Keys interface {
	DataKeys(ctx context.Context) ([]store.DataKey, error)
	AddDataKey(ctx context.Context, k store.DataKey) (added bool, err error)
	RewrapDataKeys(ctx context.Context, from, to string, rewrap func(store.DataKey) ([]byte, error)) error
	DropDataKeys(ctx context.Context, retired time.Time) ([]string, error)
	Sealed(ctx context.Context) (map[string]int64, error)
	Reseal(ctx context.Context, key string, seal func(store.Sealed, []byte) (store.Sealed, error)) (store.Resealed, error)
}

// Keyring seals values with the newest data key and opens what any of them has
// sealed. It is safe for concurrent use.
type Keyring struct {
	keys   Keys
	master atomic.Pointer[Master]
	held   atomic.Pointer[held]
	mu     sync.Mutex // held by whoever looks for data keys
}

// held is what a keyring has in memory; it never changes.
type held struct {
	keys   map[string]*key
	newest string
	nr     int64
	looked time.Time // when the look at the database began
}

// OpenKeyring reads the data keys and makes the first when there is none. Of
// processes that start together, all get the same.
func OpenKeyring(ctx context.Context, m *Master, keys Keys, now time.Time) (*Keyring, error) {
	r := &Keyring{keys: keys}
	r.master.Store(m)
	r.held.Store(&held{})
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	if r.held.Load().newest != "" {
		return r, nil
	}
	if _, err := keys.AddDataKey(ctx, m.newDataKey(0, now)); err != nil {
		return nil, fmt.Errorf("make the first data key: %w", err)
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	if r.held.Load().newest == "" {
		return nil, errors.New("the first data key was made and is not there")
	}
	return r, nil
}

// Format prints how many keys there are, whatever the verb.
func (r *Keyring) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "keyring of %d keys", len(r.held.Load().keys))
}

// Seal encrypts a value. place names where it will stand, so that it opens nowhere
// else. It asks nobody: Refresh learns of newer keys, and may run beside it.
func (r *Keyring) Seal(plain, place []byte) (store.Sealed, error) {
	h := r.held.Load()
	return store.Sealed{Key: h.newest, Data: h.keys[h.newest].seal(plain, place)}, nil
}

// Open decrypts what was sealed for the same place; ErrNotOpened. It may have to
// read a key that another process has made, so that it has no place in a
// transaction.
func (r *Keyring) Open(ctx context.Context, sealed store.Sealed, place []byte) ([]byte, error) {
	k, ok := r.held.Load().keys[sealed.Key]
	if !ok {
		if err := r.Refresh(ctx); err != nil {
			return nil, err
		}
		if k, ok = r.held.Load().keys[sealed.Key]; !ok {
			return nil, fmt.Errorf("%w: there is no data key %s", ErrNotOpened, sealed.Key)
		}
	}
	return k.open(sealed.Data, place)
}

// Refresh takes up the data keys that there are now. Callers that wait for each
// other share a look.
func (r *Keyring) Refresh(ctx context.Context) error {
	asked := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.held.Load()
	if before.looked.After(asked) {
		return nil
	}
	now := &held{looked: time.Now()}
	list, err := r.keys.DataKeys(ctx)
	if err != nil {
		return fmt.Errorf("read the data keys: %w", err)
	}
	now.keys = make(map[string]*key, len(list))
	for _, k := range list {
		have, ok := before.keys[k.ID]
		if !ok {
			have, err = r.unwrap(k)
		}
		if have != nil { // else what it sealed does not open
			now.keys[k.ID] = have
			now.newest, now.nr = k.ID, k.Nr
		}
	}
	if n := len(list); n > 0 && list[n-1].ID != now.newest {
		return err // of the newest: nothing else may be sealed with
	}
	r.held.Store(now)
	return nil
}

func (r *Keyring) unwrap(k store.DataKey) (*key, error) {
	plain, err := r.master.Load().unwrap(k)
	if err != nil {
		return nil, err
	}
	return newKey(plain)
}

// Poll refreshes the keyring from time to time until ctx ends. failed is told the
// first error of a row of them.
func (r *Keyring) Poll(ctx context.Context, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := r.Refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			failed(err)
		}
		failing = err != nil
	}
}
