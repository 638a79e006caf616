package control

import (
	"context"
	"errors"
	"time"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/secret"
)

// DataKey is a key that has sealed stored secrets, never the key itself.
type DataKey struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	// Retired is when a newer key took over; absent from the one that seals.
	Retired time.Time `json:"retired,omitzero"`
	// Values is how many secrets it has sealed that are there.
	Values int64 `json:"values"`
}

// Rotation tells what a rotation has done.
type Rotation struct {
	// Key seals from now on. Made is false when a rotation at the same time made it.
	Key  string `json:"key"`
	Made bool   `json:"made"`
	// Resealed counts the secrets that were sealed anew, Failed those that do not
	// open and so keep their key.
	Resealed int64 `json:"resealed"`
	Failed   int64 `json:"failed"`
	// Dropped are the retired keys that were removed.
	Dropped []string `json:"dropped,omitempty"`
}

// NewMaster is a master key: 32 bytes in base64 or hexadecimal.
type NewMaster struct {
	Key string `json:"key"`
}

// Master tells which master key there is. File is the file that holds it, "" when
// it was given with an option, which then has to be changed.
type Master struct {
	Fingerprint string `json:"fingerprint"`
	File        string `json:"file,omitempty"`
}

// DataKeys implements Service.
func (d *Direct) DataKeys(ctx context.Context) ([]DataKey, error) {
	ring, err := d.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	list, err := ring.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]DataKey, len(list))
	for i, k := range list {
		out[i] = DataKey(k)
	}
	return out, nil
}

// RotateKeys implements Service.
func (d *Direct) RotateKeys(ctx context.Context) (*Rotation, error) {
	ring, err := d.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	done, err := ring.Rotate(ctx, d.Now().UTC().Truncate(time.Microsecond), d.SharedDatabase)
	if err != nil {
		return nil, masterChanged(err)
	}
	out := Rotation(*done)
	return &out, nil
}

// ChangeMaster implements Service.
func (d *Direct) ChangeMaster(ctx context.Context, n NewMaster) (*Master, error) {
	if _, err := secret.ParseKey(n.Key); err != nil {
		return nil, scimerr.InvalidValue("key", "The new master key cannot be used: %v.", err)
	}
	ring, err := d.Keyring(ctx)
	if err != nil {
		return nil, err
	}
	m, err := ring.ChangeMaster(ctx, n.Key)
	if err != nil {
		return nil, masterChanged(err)
	}
	file, err := d.KeepMaster(n.Key)
	return &Master{Fingerprint: m.Fingerprint(), File: file}, err
}

// masterChanged is the refusal of a server whose master key is no longer the one.
func masterChanged(err error) error {
	if errors.Is(err, secret.ErrMasterChanged) {
		return scimerr.Conflict("The master key was changed since this server started; restart it with the new one.")
	}
	return err
}
