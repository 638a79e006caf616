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
	ID      string    `json:"id" doc:"Id of the key."`
	Created time.Time `json:"created" doc:"When it was made."`
	Retired time.Time `json:"retired,omitzero" doc:"When a newer key took over; absent from the one that seals."`
	Values  int64     `json:"values" doc:"How many secrets it has sealed that are there."`
}

// Rotation tells what a rotation has done.
type Rotation struct {
	Key      string   `json:"key" doc:"Id of the key that seals from now on."`
	Made     bool     `json:"made" doc:"False when a rotation at the same time made it."`
	Resealed int64    `json:"resealed" doc:"How many secrets were sealed anew."`
	Failed   int64    `json:"failed" doc:"How many do not open, and so keep their key."`
	Dropped  []string `json:"dropped,omitempty" doc:"Ids of retired keys that were removed."`
}

// NewMaster is a master key: 32 bytes in base64 or hexadecimal.
type NewMaster struct {
	Key string `json:"key" doc:"32 bytes in base64 or hexadecimal."`
}

// Master tells which master key there is. File is the file that holds it, "" when
// it was given with an option, which then has to be changed.
type Master struct {
	Fingerprint string `json:"fingerprint" doc:"Fingerprint of the key."`
	File        string `json:"file,omitempty" doc:"File that holds it; absent when it was given with an option, which then has to be changed."`
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
