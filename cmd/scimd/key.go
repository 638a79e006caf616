package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/scimd/scimd/internal/control"
)

// newKey is the family of commands on keys: those that seal stored secrets, and
// those that sign access tokens.
func newKey(out io.Writer) *cobra.Command {
	return group("key", "List and rotate the keys that seal stored secrets, and those that sign access tokens",
		newKeyList(out), newKeyRotate(out), newKeyMaster(out),
		newKeySigning(out, "list-signing", "List the keys that sign access tokens of a tenant", control.Service.SigningKeys),
		newKeyRotateSigning(out))
}

func newKeyList(out io.Writer) *cobra.Command {
	return managing(out, "list", "List data keys with the number of secrets that each has sealed", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := s.DataKeys(ctx)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "ID\tCREATED\tRETIRED\tVALUES")
			for _, k := range list {
				retired := "no"
				if !k.Retired.IsZero() {
					retired = moment(k.Retired)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", k.ID, moment(k.Created), retired, k.Values)
			}
		}, err
	})
}

func newKeyRotate(out io.Writer) *cobra.Command {
	return managing(out, "rotate", "Make a new data key and seal all stored secrets with it", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		r, err := s.RotateKeys(ctx)
		return r, func(w io.Writer) {
			fmt.Fprintf(w, "key\t%s\nresealed\t%d\nfailed\t%d\ndropped\t%d\n", r.Key, r.Resealed, r.Failed, len(r.Dropped))
		}, err
	})
}

func newKeyMaster(out io.Writer) *cobra.Command {
	var file string
	cmd := managing(out, "master", "Change the master key, which wraps the data keys", func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		if file == "" {
			return nil, nil, errors.New("key master needs --new-key-file, a file with the new key")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("read the new key: %w", err)
		}
		m, err := s.ChangeMaster(ctx, control.NewMaster{Key: string(text)})
		return m, func(w io.Writer) {
			where := "in " + m.File
			if m.File == "" {
				where = "to be given at the next start, with SCIMD_KEY or SCIMD_KEY_FILE"
			}
			fmt.Fprintf(w, "master key %s, %s\n", m.Fingerprint, where)
		}, err
	})
	cmd.Flags().StringVar(&file, "new-key-file", "", "`file` with the new key, 32 bytes in base64 or hexadecimal")
	return cmd
}

func newKeyRotateSigning(out io.Writer) *cobra.Command {
	var dropOld bool
	cmd := newKeySigning(out, "rotate-signing", "Sign access tokens with a new key; those of the keys before stay good",
		func(s control.Service, ctx context.Context, tenant string) ([]control.SigningKey, error) {
			return s.RotateSigningKey(ctx, tenant, dropOld)
		})
	cmd.Flags().BoolVar(&dropOld, "drop-old", false, "drop the keys before, one of which may have leaked: tokens that they signed end")
	return cmd
}

func newKeySigning(out io.Writer, use, short string, do func(control.Service, context.Context, string) ([]control.SigningKey, error)) *cobra.Command {
	var tenant string
	return ofTenant(managing(out, use, short, func(ctx context.Context, s control.Service, _ []string) (any, func(io.Writer), error) {
		list, err := do(s, ctx, tenant)
		return list, func(w io.Writer) {
			fmt.Fprintln(w, "ID\tCREATED\tRETIRED")
			for _, k := range list {
				retired := "no"
				if !k.Retired.IsZero() {
					retired = moment(k.Retired)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", k.ID, moment(k.Created), retired)
			}
		}, err
	}), &tenant)
}
