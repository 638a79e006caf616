package secret

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/store"
)

// PollTime is how often a keyring looks for newer keys where several processes
// share the database.
const PollTime = time.Second

const (
	// settleTime is after how long every process seals with a new data key.
	settleTime = 2 * PollTime
	// graceTime is how long a data key stays after it retired, even when it has no
	// value any more.
	graceTime = 10 * time.Minute
)

// ErrMasterChanged: the master key was changed since this process started.
var ErrMasterChanged = errors.New("the master key was changed since: restart with the new one")

// DataKey is a data key as lists show it.
type DataKey struct {
	ID      string
	Created time.Time
	// Retired is zero for the key that seals.
	Retired time.Time
	// Values is how many values it has sealed that are there.
	Values int64
}

// List lists the data keys, oldest first.
func (r *Keyring) List(ctx context.Context) ([]DataKey, error) {
	keys, err := r.keys.DataKeys(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := r.keys.Sealed(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]DataKey, len(keys))
	for i, k := range keys {
		list[i] = DataKey{ID: k.ID, Created: k.Created, Retired: k.Retired, Values: counts[k.ID]}
	}
	return list, nil
}

// Rotation tells what a rotation has done.
type Rotation struct {
	// Key is the data key that seals now.
	Key string
	// Made is false when another rotation made it at the same time.
	Made bool
	// Resealed is how many values this rotation has sealed anew; Failed counts those
	// that do not open, and so stay.
	Resealed, Failed int64
	// Dropped are the data keys that were removed.
	Dropped []string
}

// Rotate makes a new data key, seals every value with it, and removes those that
// retired long enough ago. It runs beside everything else; when it is cut off, Tidy
// or the next rotation does the rest. shared tells that other processes may still
// seal with the key before for a while.
func (r *Keyring) Rotate(ctx context.Context, now time.Time, shared bool) (*Rotation, error) {
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	added, err := r.keys.AddDataKey(ctx, r.master.Load().newDataKey(r.held.Load().nr, now))
	if errors.Is(err, store.ErrMaster) {
		err = ErrMasterChanged
	}
	if err != nil {
		return nil, err
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	out := &Rotation{Key: r.held.Load().newest, Made: added}
	if err := r.reseal(ctx, out); err != nil {
		return out, err
	}
	if shared {
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(settleTime):
		}
	}
	return out, r.tidy(ctx, now, out) // what was sealed meanwhile
}

// Tidy finishes what rotations have left: values under retired keys, and keys that
// nothing needs any more.
func (r *Keyring) Tidy(ctx context.Context, now time.Time) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	return r.tidy(ctx, now, &Rotation{})
}

func (r *Keyring) tidy(ctx context.Context, now time.Time, sum *Rotation) (err error) {
	if err := r.reseal(ctx, sum); err != nil {
		return err
	}
	sum.Dropped, err = r.keys.DropDataKeys(ctx, now.Add(-graceTime))
	if err != nil || len(sum.Dropped) == 0 {
		return err
	}
	return r.Refresh(ctx)
}

// reseal seals what retired keys have sealed with the newest. Its count of failures
// is that of the last time.
func (r *Keyring) reseal(ctx context.Context, sum *Rotation) error {
	keys, err := r.keys.DataKeys(ctx)
	if err != nil {
		return err
	}
	sum.Failed = 0
	for _, k := range keys {
		if k.Retired.IsZero() || k.ID == r.held.Load().newest { // it retired just now
			continue
		}
		n, err := r.keys.Reseal(ctx, k.ID, func(s store.Sealed, place []byte) (store.Sealed, error) {
			plain, err := r.Open(ctx, s, place)
			if err != nil {
				return store.Sealed{}, err
			}
			return r.Seal(plain, place)
		})
		sum.Resealed, sum.Failed = sum.Resealed+n.Done, sum.Failed+n.Failed
		if err != nil {
			return err
		}
	}
	return nil
}

// ChangeMaster wraps the data keys with another master key (ParseKey), in one
// transaction. Processes that started with the old one go on with the data keys
// they hold, and cannot start again with it.
func (r *Keyring) ChangeMaster(ctx context.Context, text string) (*Master, error) {
	plain, err := ParseKey(text)
	if err != nil {
		return nil, err
	}
	to, err := NewMaster(plain)
	if err != nil {
		return nil, err
	}
	from := r.master.Load()
	err = r.keys.RewrapDataKeys(ctx, from.fingerprint, to.fingerprint, func(k store.DataKey) ([]byte, error) {
		data, err := from.unwrap(k)
		if err != nil {
			return nil, err
		}
		return to.wrap(k.ID, data), nil
	})
	if errors.Is(err, store.ErrMaster) {
		err = ErrMasterChanged
	}
	if err != nil {
		return nil, err
	}
	r.master.Store(to)
	return to, nil
}
