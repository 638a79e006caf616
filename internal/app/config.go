// Package app makes a running server out of a Config: it opens the store, sees
// to the tenant and its first token, listens, tells where, and drains when it
// is told to stop. cmd/scimd and scimdtest are its users.
package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/scimd/scimd/internal/auth"
	"github.com/scimd/scimd/internal/certs"
	"github.com/scimd/scimd/internal/secret"
)

// Migrate modes.
const (
	MigrateAuto  = "auto"  // bring the database up to date at the start
	MigrateCheck = "check" // refuse to start on an outdated database
)

// Log formats.
const (
	LogText = "text"
	LogJSON = "json"
)

// Config is everything that can be set about a server. Each field but File
// and ControlMoves is one row of the table in options.go, which tells its meaning.
type Config struct {
	Addr         string
	ControlAddr  string // "" for none
	ControlMoves bool   // ControlAddr is the default: where it is taken, another will do
	// ControlToken guards the control API on TCP; "" makes one.
	ControlToken string
	ControlHosts []string // names, in lower case
	// ControlOnMain serves the control API on Addr, too.
	ControlOnMain bool
	PublicURL     *url.URL // nil: links take the host of the request
	TrustedProxy  []netip.Prefix
	BasePath      string // with a slash before it and none after it, or ""
	CORSOrigins   []string

	TLSCert, TLSKey string
	TLSSelfSigned   bool
	TLSNames        []string // host names, or addresses
	ACMEHosts       []string
	ACMEDirectory   string
	ACMEEmail       string
	ACMEHTTP        string // address
	HSTS            bool
	InsecureHTTP    bool

	DataDir          string
	DatabaseURL      string
	MigrationURL     string
	Migrate          string
	MaxDBConnections int
	Ephemeral        bool
	Key              string

	Profile  string
	Switches []string // NAME=VALUE
	Token    string
	// Seed is applied before the server is ready, SeedKey opens its secrets.
	Seed, SeedKey string
	// TenantsOnDemand lets Token make tenants by using them, which are removed at
	// OnDemandMaxAge; 0: never.
	TenantsOnDemand bool
	OnDemandMaxAge  time.Duration
	// TokenSkew is how far clocks may be apart that access tokens are held against.
	TokenSkew time.Duration
	// TrustedIssuers is a file, see readIssuers.
	TrustedIssuers string
	// UnknownTokens bounds the unknown tokens of an address in a minute; 0 does not.
	UnknownTokens int

	AuditReads      bool
	FaultHeader     bool
	AuditMaxAge     time.Duration // 0: for ever
	AuditMaxChanges int           // 0: all
	AuditMaxRows    int           // 0: all

	JournalEntries    int   // see journalEntries
	JournalBytes      int64 // of each tenant
	JournalTotalBytes int64 // of all

	ReadyFile           string
	ExitWhenStdinCloses bool
	LogFormat           string
	LogLevel            slog.Level
	MaxBody, MaxHeader  int64 // bytes
	MaxURL              int64 // bytes
	MaxFilterDepth      int
	MaxFilterLength     int64 // bytes
	ReadTimeout         time.Duration
	WriteTimeout        time.Duration
	IdleTimeout         time.Duration
	ShutdownTimeout     time.Duration
	File                string // the configuration file read, if any
	shadowed            []string

	// For commands: the socket, or the URL, of the server meant.
	ControlSocket string
	ControlURL    *url.URL
	ControlCA     string // file
}

// Defaults is the configuration of a server without any flag.
func Defaults() Config {
	return Config{
		Addr: "127.0.0.1:8080", ControlAddr: "127.0.0.1:8081", ControlMoves: true, ACMEDirectory: certs.LetsEncrypt, DataDir: "scimd-data", Migrate: MigrateAuto, MaxDBConnections: 10, Profile: "cyberark", OnDemandMaxAge: 24 * time.Hour,
		AuditMaxRows: 1_000_000, JournalEntries: autoEntries, JournalBytes: 16 << 20, JournalTotalBytes: 256 << 20, TokenSkew: time.Minute, UnknownTokens: 100, LogFormat: LogText, LogLevel: slog.LevelInfo,
		MaxBody: 10 << 20, MaxHeader: 64 << 10, MaxURL: 16 << 10, MaxFilterDepth: 50, MaxFilterLength: 16 << 10,
		ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, ShutdownTimeout: 20 * time.Second,
	}
}

// Validate checks what no single option can tell by itself. Errors name the
// options at fault and hold no secret.
func (c *Config) Validate() error {
	switch {
	case c.DataDir == "":
		return errors.New("data-dir is empty")
	case c.Ephemeral && c.DatabaseURL != "":
		return errors.New("ephemeral and database-url exclude each other")
	case c.MigrationURL != "" && c.DatabaseURL == "":
		return errors.New("migration-url needs database-url")
	case c.TenantsOnDemand && c.Token == "":
		return errors.New("tenants-on-demand needs token")
	case c.Token != "" && !auth.ValidToken(c.Token):
		return errors.New("token has characters that a bearer token cannot have (RFC 6750 §2.1)")
	}
	for name, text := range map[string]string{"database-url": c.DatabaseURL, "migration-url": c.MigrationURL} {
		if text != "" && !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
			return fmt.Errorf("%s does not begin with postgres://", name)
		}
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return fmt.Errorf("addr %q is not HOST:PORT", c.Addr)
	}
	if err := c.validateControl(); err != nil {
		return err
	}
	if c.Key != "" {
		if _, err := secret.ParseKey(c.Key); err != nil {
			return err
		}
	}
	return c.validateTLS()
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
