package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/scimd/scimd/internal/auth"
)

// tokenFile holds, in the data directory, the token that guards the control
// API on TCP.
const tokenFile = "control-token"

// TokenFile is where the control token of a data directory lies.
func TokenFile(dataDir string) string { return filepath.Join(dataDir, tokenFile) }

// ReadToken reads the control token of a data directory.
func ReadToken(dataDir string) (string, error) {
	b, err := os.ReadFile(TokenFile(dataDir))
	if err != nil {
		return "", fmt.Errorf("read the control token: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if !auth.ValidToken(text) {
		return "", fmt.Errorf("the control token in %s is damaged; remove the file and start the server again", dataDir)
	}
	return text, nil
}

// EnsureToken reads the control token of a data directory, or makes one, as
// made then tells.
func EnsureToken(dataDir string) (token string, made bool, err error) {
	text := auth.NewToken()
	f, err := os.OpenFile(TokenFile(dataDir), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		token, err = ReadToken(dataDir)
		return token, false, err
	}
	if err != nil {
		return "", false, fmt.Errorf("make the control token: %w", err)
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return "", false, fmt.Errorf("make the control token: %w", err)
	}
	return text, true, nil
}

// RemoveToken removes the control token of a data directory.
func RemoveToken(dataDir string) error { return os.Remove(TokenFile(dataDir)) }
