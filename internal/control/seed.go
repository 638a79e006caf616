package control

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"

	"github.com/scimd/scimd/internal/scimerr"
	"github.com/scimd/scimd/internal/seed"
)

// Seeds is the part of Service that is about the contents of tenants as a whole.
type Seeds interface {
	// ApplySeed brings tenants to the state that a seed describes, or tells what that
	// would change. What is wrong with a seed is 400, with the places of mistakes, each
	// on a line.
	ApplySeed(ctx context.Context, q SeedQuery, files seed.Files) (*SeedReport, error)
	// ExportSeed writes a tenant, or with "" all tenants, as a seed; 404.
	ExportSeed(ctx context.Context, q ExportQuery, w io.Writer) error
}

// SeedQuery tells how a seed is applied.
type SeedQuery struct {
	// Tenant is the one that a seed goes into that names none; "" is the default. Of a
	// seed with one tenant it takes the place of the name.
	Tenant string
	// DryRun changes nothing; Prune deletes the resources that the seed does not name,
	// and applications, tokens and issuers where it names others.
	DryRun, Prune bool
	// Key is the text of the key that secrets are sealed with; "" is none.
	Key string
}

// ExportQuery tells what is exported and how.
type ExportQuery struct {
	Tenant string
	// Format is yaml or json; "" is yaml.
	Format string
	// Key seals secrets; with "" they are left out.
	Key string
}

// SeedReport tells what a seed has changed, or would change.
type SeedReport struct {
	DryRun  bool           `json:"dryRun,omitempty" doc:"that nothing was changed"`
	Changed bool           `json:"changed" doc:"that something was, or would be"`
	Tenants []SeededTenant `json:"tenants" doc:"what became of each tenant"`
}

// SeededTenant tells of one tenant.
type SeededTenant struct {
	Name    string `json:"name" doc:"the tenant"`
	Created bool   `json:"created,omitempty" doc:"that the seed made the tenant"`
	// Settings are what was changed beside resources: "profile", "token ci".
	Settings []string `json:"settings,omitempty" doc:"what was changed beside resources"`
	// Tokens and Applications are those whose texts were made up.
	Tokens       []Token           `json:"tokens,omitempty" doc:"tokens that were made, with their texts, which are nowhere else"`
	Applications []Application     `json:"applications,omitempty" doc:"applications whose secret was made, which is nowhere else"`
	Types        []seed.TypeReport `json:"types" doc:"how many resources of each type were changed"`
	Changes      []seed.Change     `json:"changes,omitempty" doc:"the first thousand resources that were changed"`
	Whole        bool              `json:"whole" doc:"that the resources went in all at once; else a seed that was cut off goes on when it is applied again"`
}

// seedKeyHeader is the header with the key of a seed.
const seedKeyHeader = "Scimd-Seed-Key"

// maxSeedBody bounds a seed that is sent, in bytes.
const maxSeedBody = 8 << 30

func seedRoutes() []route {
	params := []param{
		{"dryRun", "boolean", "Tells what would be done, and does nothing."},
		{"prune", "boolean", "Deletes what the seed does not name."},
	}
	exported := []param{{"format", "string", "yaml or json; without it yaml."}}
	apply := func(s Service, r *http.Request) (*SeedReport, error) {
		q := SeedQuery{Tenant: aTenant(r), Key: r.Header.Get(seedKeyHeader)}
		var err error
		if q.DryRun, err = queryBool(r.URL.Query(), "dryRun"); err == nil {
			q.Prune, err = queryBool(r.URL.Query(), "prune")
		}
		if err != nil {
			return nil, err
		}
		return s.ApplySeed(r.Context(), q, sentFiles(r))
	}
	export := func(s Service, r *http.Request) (Text, error) {
		q := ExportQuery{Tenant: aTenant(r), Format: r.URL.Query().Get("format"), Key: r.Header.Get(seedKeyHeader)}
		media, err := q.check()
		if err != nil {
			return Text{}, err
		}
		if q.Tenant != "" {
			if _, err := s.Tenant(r.Context(), q.Tenant); err != nil {
				return Text{}, err
			}
		}
		return Text{media, func(w io.Writer) error { return s.ExportSeed(r.Context(), q, w) }}, nil
	}
	seeds := []string{"application/yaml", "application/json"}
	opening := header{seedKeyHeader, "Key or passphrase that secrets in the seed are sealed with."}
	sealing := header{seedKeyHeader, "Key or passphrase to seal secrets with; without it they are left out."}
	return []route{
		asking("POST", "seed", "applySeed", "Brings tenants to the state that a seed in YAML or JSON describes, or the files of one as multipart/form-data.", apply).
			reading(append(seeds, "multipart/form-data")...).atMost(maxSeedBody).slowly().with(params...).heeding(opening),
		asking("POST", "tenants/{tenant}/seed", "applyTenantSeed", "Brings a tenant to the state that a seed describes, or the files of one.", apply).
			reading(append(seeds, "multipart/form-data")...).atMost(maxSeedBody).slowly().with(params...).heeding(opening),
		asking("GET", "export", "exportSeed", "Writes all tenants as a seed.", export).writing(seeds...).slowly().with(exported...).heeding(sealing),
		asking("GET", "tenants/{tenant}/export", "exportTenantSeed", "Writes a tenant as a seed.", export).writing(seeds...).slowly().with(exported...).heeding(sealing),
	}
}

// sentFiles are the files of a seed in a request: the parts of a form, or the body.
func sentFiles(r *http.Request) seed.Files {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return seed.List(seed.File{Body: r.Body})
	}
	return func(yield func(seed.File, error) bool) {
		parts, err := r.MultipartReader()
		for err == nil {
			var part *multipart.Part
			if part, err = parts.NextPart(); errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				// FileName would leave out the directory, which mistakes shall tell.
				_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
				if !yield(seed.File{Name: disposition["filename"], Body: part}, nil) {
					return
				}
			}
		}
		yield(seed.File{}, scimerr.BadRequest("The form with the files of the seed cannot be read."))
	}
}

func (q *ExportQuery) check() (media string, err error) {
	switch q.Format {
	case "", seed.YAML:
		return "application/yaml", nil
	case seed.JSON:
		return "application/json", nil
	}
	return "", scimerr.InvalidValue("format", "The format of an export is yaml or json.")
}

// sealing reads the text of a key; "" is none.
func sealing(text string) (*seed.SealingKey, error) {
	if text == "" {
		return nil, nil
	}
	key, err := seed.NewSealingKey(text)
	if err != nil {
		return nil, scimerr.InvalidValue("key", "The key cannot be used: %v.", err)
	}
	return key, nil
}

// ApplySeed implements Service.
func (a *Audited) ApplySeed(ctx context.Context, q SeedQuery, files seed.Files) (*SeedReport, error) {
	report, err := a.Direct.ApplySeed(ctx, q, files)
	if q.DryRun {
		return report, err
	}
	if err != nil {
		a.tell(ctx, "seed.apply", q.Tenant, "Seed", "", err)
		return report, err
	}
	for _, t := range report.Tenants {
		a.tell(ctx, "seed.apply", t.Name, "Seed", t.Name, nil)
	}
	return report, err
}

// ExportSeed implements Service.
func (a *Audited) ExportSeed(ctx context.Context, q ExportQuery, w io.Writer) error {
	err := a.Direct.ExportSeed(ctx, q, w)
	a.tell(ctx, "seed.export", q.Tenant, "Seed", q.Tenant, err)
	return err
}

// ApplySeed implements Service.
func (c *Client) ApplySeed(ctx context.Context, q SeedQuery, files seed.Files) (*SeedReport, error) {
	body, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() {
		for f, err := range files {
			var part io.Writer
			if err == nil {
				part, err = form.CreateFormFile("seed", f.Name)
			}
			if err == nil {
				_, err = io.Copy(part, f.Body)
			}
			if err != nil {
				to.CloseWithError(err)
				return
			}
		}
		to.CloseWithError(form.Close())
	}()
	defer func() { _ = body.Close() }()
	path := prefix + "seed"
	if q.Tenant != "" {
		path = tenantPath(q.Tenant) + "/seed"
	}
	path += "?" + url.Values{"dryRun": {strconv.FormatBool(q.DryRun)}, "prune": {strconv.FormatBool(q.Prune)}}.Encode()
	resp, err := c.withSeedKey(q.Key).send(ctx, http.MethodPost, path, form.FormDataContentType(), body)
	return answer[*SeedReport](resp, err)
}

// ExportSeed implements Service.
func (c *Client) ExportSeed(ctx context.Context, q ExportQuery, w io.Writer) error {
	path := prefix + "export"
	if q.Tenant != "" {
		path = tenantPath(q.Tenant) + "/export"
	}
	if q.Format != "" {
		path += "?" + url.Values{"format": {q.Format}}.Encode()
	}
	resp, err := c.withSeedKey(q.Key).send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(w, resp.Body)
	return err
}

// withSeedKey is the patient client that sends the key of a seed along.
func (c *Client) withSeedKey(text string) *Client {
	p := c.patient()
	p.seedKey = text
	return p
}

// BadSeed tells that an error of ApplySeed is about mistakes in the seed.
func BadSeed(err error) bool {
	var m *seed.Mistakes
	return errors.As(err, &m) || scimerr.Is(err, http.StatusBadRequest)
}
