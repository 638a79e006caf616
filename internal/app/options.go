package app

import (
	"log/slog"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// EnvPrefix begins the name of every environment variable that sets an option.
const EnvPrefix = "SCIMD_"

// option is one thing that can be set: by the flag of its name, by the
// environment variable EnvName, or by the key of its name in the file.
type option struct {
	name   string
	usage  string
	scope  scope
	secret bool
	value  func(*Config) pflag.Value
}

// scope tells which commands an option means something to.
type scope uint8

const (
	serverOnly   scope = iota // only a running server
	everywhere                // commands beside it, too
	commandsOnly              // only commands beside it
)

var options = []option{
	{"addr", "address to listen on; port 0 picks a free one", everywhere, false, text(func(c *Config) *string { return &c.Addr })},
	{"control-addr", "address for the control API, beside its socket in the data directory, or none; auto is 127.0.0.1:8081, or another port where that is taken", everywhere, false, controlAddr},
	{"control-token", "token that the control API on TCP needs; without it one is made in the data directory", everywhere, true, text(func(c *Config) *string { return &c.ControlToken })},
	{"control-host", "host names by which the control API is asked on TCP, beside those of loopback", serverOnly, false, list("HOST", func(c *Config) *[]string { return &c.ControlHosts }, splitCommas, parseControlHost)},
	{"control-on-main", "serve the control API on the main listener as well, below /_scimd/, to requests that come straight to loopback or to control-host", serverOnly, false, truth(func(c *Config) *bool { return &c.ControlOnMain })},
	{"control-socket", "control socket of the server meant, when it is not the one in the data directory", commandsOnly, false, text(func(c *Config) *string { return &c.ControlSocket })},
	{"control-url", "URL of the control API of the server meant, wherever it runs; needs control-token", commandsOnly, false, one("URL", func(c *Config) **url.URL { return &c.ControlURL }, parseURL, printURL)},
	{"control-ca", "file with the authority, in PEM, that the certificate at control-url comes from", commandsOnly, false, text(func(c *Config) *string { return &c.ControlCA })},
	{"public-url", "URL under which clients reach the server, the base of all links", serverOnly, false, one("URL", func(c *Config) **url.URL { return &c.PublicURL }, parseURL, printURL)},
	{"trusted-proxies", "networks whose forwarded headers are believed, such as 10.0.0.0/8", serverOnly, false, list("CIDR", func(c *Config) *[]netip.Prefix { return &c.TrustedProxy }, splitCommas, parsePrefix)},
	{"base-path", "path below which everything is served as well, for a proxy that does not take its prefix off", serverOnly, false, one("PATH", func(c *Config) *string { return &c.BasePath }, parseBasePath, printText)},
	{"cors-origin", "origins whose scripts in browsers may use the server, such as https://app.example.com, or * for all", serverOnly, false, list("ORIGIN", func(c *Config) *[]string { return &c.CORSOrigins }, splitCommas, parseOrigin)},

	{"tls-cert", "file with the certificate and what leads to its authority, in PEM; read again when it changes", everywhere, false, text(func(c *Config) *string { return &c.TLSCert })},
	{"tls-key", "file with the key of the certificate, in PEM", everywhere, false, text(func(c *Config) *string { return &c.TLSKey })},
	{"tls-self-signed", "make a certificate for localhost, and an authority that clients are told to trust, in the data directory", everywhere, false, truth(func(c *Config) *bool { return &c.TLSSelfSigned })},
	{"tls-name", "host names and addresses that the self-made certificate is for as well", everywhere, false, list("NAME", func(c *Config) *[]string { return &c.TLSNames }, splitCommas, parseCertName)},
	{"tls-acme-host", "host names for which an authority that speaks ACME gives certificates; its terms are accepted", everywhere, false, list("HOST", func(c *Config) *[]string { return &c.ACMEHosts }, splitCommas, parseACMEHost)},
	{"tls-acme-directory", "directory URL of that authority", serverOnly, false, one("URL", func(c *Config) *string { return &c.ACMEDirectory }, parseDirectory, printText)},
	{"tls-acme-email", "address that the authority is told to warn", serverOnly, false, text(func(c *Config) *string { return &c.ACMEEmail })},
	{"tls-acme-http", "address on which the authority's questions by HTTP are answered, such as :80; without it they come by TLS, to port 443", serverOnly, false, text(func(c *Config) *string { return &c.ACMEHTTP })},
	{"tls-hsts", "tell browsers to use nothing but HTTPS for this host, for a year", serverOnly, false, truth(func(c *Config) *bool { return &c.HSTS })},
	{"insecure-http", "speak HTTP without TLS beyond loopback, for a proxy with TLS or a network that others cannot read", serverOnly, false, truth(func(c *Config) *bool { return &c.InsecureHTTP })},

	{"data-dir", "directory for the database, the key and the control socket", everywhere, false, text(func(c *Config) *string { return &c.DataDir })},
	{"database-url", "postgres:// URL of the database; without it SQLite in the data directory", everywhere, true, text(func(c *Config) *string { return &c.DatabaseURL })},
	{"migration-url", "postgres:// URL for migrations, when they need another user or must bypass a pooler", everywhere, true, text(func(c *Config) *string { return &c.MigrationURL })},
	{"migrate", "auto migrates the database at the start, check refuses an outdated one", everywhere, false, choice(func(c *Config) *string { return &c.Migrate }, MigrateAuto, MigrateCheck)},
	{"max-db-connections", "connections to Postgres at most", serverOnly, false, one("N", func(c *Config) *int { return &c.MaxDBConnections }, parseCount, strconv.Itoa)},
	{"ephemeral", "keep everything in a temporary directory that is removed at the end", everywhere, false, truth(func(c *Config) *bool { return &c.Ephemeral })},
	{"key", "master key, 32 bytes in base64 or hexadecimal; without it one is made in the data directory", everywhere, true, text(func(c *Config) *string { return &c.Key })},

	{"profile", "behaviour: cyberark, rfc7644, strict, or a profile file", serverOnly, false, text(func(c *Config) *string { return &c.Profile })},
	{"set", "set one switch of the profile, SWITCH=VALUE; may be repeated", serverOnly, false, list("SWITCH=VALUE", func(c *Config) *[]string { return &c.Switches }, splitSwitches, parseSwitch)},
	{"seed", "what tenants shall hold before the server is ready: a seed file, a directory of them, or sample:NAME; applied at every start", serverOnly, false, text(func(c *Config) *string { return &c.Seed })},
	{"seed-key", "key or passphrase that the secrets in the seed are sealed with", serverOnly, true, text(func(c *Config) *string { return &c.SeedKey })},
	{"token", "bearer token with full rights; no other is made at the start", serverOnly, true, text(func(c *Config) *string { return &c.Token })},
	{"tenants-on-demand", "make a tenant at the first use of its name below /tenants/ with the token of --token, which is good there too", serverOnly, false, truth(func(c *Config) *bool { return &c.TenantsOnDemand })},
	{"tenants-on-demand-max-age", "age at which a tenant that was made by its first use is removed, or unlimited", serverOnly, false, one("duration", func(c *Config) *time.Duration { return &c.OnDemandMaxAge }, parseAge, printAge)},
	{"token-skew", "how far the clocks of servers may be apart when the times of access tokens are checked", serverOnly, false, duration(func(c *Config) *time.Duration { return &c.TokenSkew })},
	{"trusted-issuers", "file with the issuers whose tokens the tenant default accepts, as scimd issuer list --json prints them, beside those that commands add", serverOnly, false, text(func(c *Config) *string { return &c.TrustedIssuers })},
	{"unknown-tokens", "unknown access tokens that an address may send in a minute before it is told to wait, or unlimited", serverOnly, false, one("N", func(c *Config) *int { return &c.UnknownTokens }, parseBound, printBound)},

	{"fault-header", "let a request fail on purpose, as its header X-Scimd-Fault says: for servers that only tests use", serverOnly, false, truth(func(c *Config) *bool { return &c.FaultHeader })},
	{"audit-reads", "put reads into the audit trail as well", serverOnly, false, truth(func(c *Config) *bool { return &c.AuditReads })},
	{"audit-max-age", "age at which changes and everything else leave the audit trail, or unlimited", serverOnly, false, one("duration", func(c *Config) *time.Duration { return &c.AuditMaxAge }, parseAge, printAge)},
	{"audit-max-changes", "changes that each tenant's audit trail keeps, or unlimited", serverOnly, false, one("N", func(c *Config) *int { return &c.AuditMaxChanges }, parseBound, printBound)},
	{"audit-max-rows", "sign-ins, refusals, reads and management actions that each tenant's audit trail keeps, or unlimited", serverOnly, false, one("N", func(c *Config) *int { return &c.AuditMaxRows }, parseBound, printBound)},

	{"journal-entries", "requests that each tenant's journal keeps, with their answers; auto is 1000 with ephemeral, else 0, which is none", serverOnly, false, one("N", func(c *Config) *int { return &c.JournalEntries }, parseEntries, printEntries)},
	{"journal-bytes", "memory that each tenant's journal takes at most", serverOnly, false, size(func(c *Config) *int64 { return &c.JournalBytes })},
	{"journal-total-bytes", "memory that the journals of all tenants take together at most; the oldest requests of all go first", serverOnly, false, size(func(c *Config) *int64 { return &c.JournalTotalBytes })},

	{"ready-file", "file that tells, as JSON, where the server is once it is ready", serverOnly, false, text(func(c *Config) *string { return &c.ReadyFile })},
	{"exit-when-stdin-closes", "stop when standard input ends, as it does when the parent process dies", serverOnly, false, truth(func(c *Config) *bool { return &c.ExitWhenStdinCloses })},
	{"log-format", "form of the log on standard error: text or json", serverOnly, false, choice(func(c *Config) *string { return &c.LogFormat }, LogText, LogJSON)},
	{"log-level", "least level logged: debug, info, warn or error", serverOnly, false, one("debug|info|warn|error", func(c *Config) *slog.Level { return &c.LogLevel }, parseLevel, printLevel)},

	{"max-body", "largest request body", serverOnly, false, size(func(c *Config) *int64 { return &c.MaxBody })},
	{"max-header", "largest request header", serverOnly, false, size(func(c *Config) *int64 { return &c.MaxHeader })},
	{"max-url", "longest request URL", serverOnly, false, size(func(c *Config) *int64 { return &c.MaxURL })},
	{"max-filter-depth", "deepest nesting of a filter", serverOnly, false, one("N", func(c *Config) *int { return &c.MaxFilterDepth }, parseCount, strconv.Itoa)},
	{"max-filter-length", "longest filter", serverOnly, false, size(func(c *Config) *int64 { return &c.MaxFilterLength })},
	{"read-timeout", "longest time to read a request", serverOnly, false, duration(func(c *Config) *time.Duration { return &c.ReadTimeout })},
	{"write-timeout", "longest time to answer a request", serverOnly, false, duration(func(c *Config) *time.Duration { return &c.WriteTimeout })},
	{"idle-timeout", "longest time to keep an idle connection", serverOnly, false, duration(func(c *Config) *time.Duration { return &c.IdleTimeout })},
	{"shutdown-timeout", "longest time to finish requests when stopping", serverOnly, false, duration(func(c *Config) *time.Duration { return &c.ShutdownTimeout })},
}

// EnvName is the environment variable of an option.
func EnvName(option string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}
