package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/scimd/scimd/internal/secret"
)

// openKeys opens the keyring.
func (e *engine) openKeys(ctx context.Context) error {
	master, err := secret.OpenMaster(ctx, e.dir, e.cfg.Key, e.store)
	if err != nil {
		return err
	}
	if e.keyring, err = secret.OpenKeyring(ctx, master, e.store, time.Now().UTC().Truncate(time.Microsecond)); err != nil {
		return err
	}
	return nil
}

// keys gives the keyring, which commands open when they need it: most do well
// without the key.
func (e *engine) keys(ctx context.Context) (*secret.Keyring, error) {
	e.opening.Lock()
	defer e.opening.Unlock()
	if e.keyring == nil {
		if err := e.openKeys(ctx); err != nil {
			return nil, err
		}
	}
	return e.keyring, nil
}

func (e *engine) keysOpen() bool {
	e.opening.Lock()
	defer e.opening.Unlock()
	return e.keyring != nil
}

// heldKeys is keys for whoever only reads: nil when the database has no keys, or
// the master key is not at hand.
func (e *engine) heldKeys(ctx context.Context) (*secret.Keyring, error) {
	if e.keysOpen() {
		return e.keys(ctx)
	}
	if list, err := e.store.DataKeys(ctx); err != nil || len(list) == 0 {
		return nil, err
	}
	ring, err := e.keys(ctx)
	if errors.Is(err, secret.ErrOtherKey) {
		return nil, nil
	}
	return ring, err
}

// pollKeys learns of data keys that other servers have made, until ctx ends.
func (e *engine) pollKeys(ctx context.Context, log *slog.Logger) {
	if !e.store.Capabilities().SharedDatabase {
		return
	}
	e.keyring.Poll(ctx, secret.PollTime, func(err error) {
		log.LogAttrs(ctx, slog.LevelWarn, "changes of encryption keys are not noticed", slog.Any("error", err))
	})
}

// keepMaster puts a new master key where the next start looks for it, unless that
// is an option.
func (e *engine) keepMaster(text string) (file string, err error) {
	if e.cfg.Key != "" {
		return "", nil
	}
	file = filepath.Join(e.dir, secret.FileName)
	if err := secret.ReplaceFile(e.dir, text); err != nil {
		return "", fmt.Errorf("the master key is changed, but the next start needs it in %s: %w", file, err)
	}
	return file, nil
}
