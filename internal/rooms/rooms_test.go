package rooms

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/scimd/scimd"

// allowed lists for each room the rooms it may import, from the top of the
// house down. A room stands for its sub-packages unless they have an entry of
// their own.
var allowed = map[string][]string{
	"cmd/scimd":               {"internal/app", "internal/audit", "internal/clock", "internal/control", "internal/doctor", "internal/fault", "internal/journal", "internal/seed"},
	"scimdtest":               {"internal/app", "internal/clock", "internal/control", "internal/fault", "internal/journal", "internal/seed"},
	"internal/app":            {"internal/audit", "internal/certs", "internal/clock", "internal/console", "internal/control", "internal/fault", "internal/journal", "internal/server", "internal/auth", "internal/scim", "internal/store", "internal/store/sqlstore", "internal/store/postgres", "internal/store/sqlite", "internal/schema", "internal/scimerr", "internal/secret", "schemas", "internal/seed"},
	"internal/console":        {"internal/control", "internal/scim", "internal/scimerr"},
	"internal/control":        {"internal/audit", "internal/auth", "internal/clock", "internal/fault", "internal/journal", "internal/scim", "internal/store", "internal/resource", "internal/scimerr", "internal/secret", "internal/seed", "internal/schema", "internal/phc"},
	"internal/seed":           {"internal/fault", "internal/scim", "internal/schema", "internal/resource", "internal/scimerr"},
	"internal/server":         {"internal/auth", "internal/fault", "internal/journal", "internal/scim", "internal/store", "internal/filter", "internal/schema", "internal/resource", "internal/scimerr"},
	"internal/auth":           {"internal/scim", "internal/store", "internal/schema", "internal/scimerr", "internal/phc"},
	"internal/scim":           {"internal/store", "internal/filter", "internal/schema", "internal/resource", "internal/scimerr", "internal/secret", "internal/phc", "schemas"},
	"internal/journal":        {"internal/schema", "internal/resource", "internal/scimerr"},
	"internal/audit":          {"internal/store", "internal/scimerr"},
	"internal/store":          {"internal/filter", "internal/schema", "internal/resource", "internal/scimerr"},
	"internal/store/sqlstore": {"internal/store", "internal/filter", "internal/schema", "internal/resource", "internal/scimerr"},
	"internal/store/postgres": {"internal/store", "internal/store/sqlstore", "internal/filter", "internal/schema", "internal/resource", "internal/scimerr", "migrations"},
	"internal/store/sqlite":   {"internal/store", "internal/store/sqlstore", "internal/filter", "internal/schema", "internal/resource", "internal/scimerr", "migrations"},
	"internal/filter":         {"internal/schema", "internal/resource", "internal/scimerr"},
	"internal/schema":         {"internal/scimerr"},
	"internal/resource":       {"internal/scimerr"},
	"internal/scimerr":        {},
	"internal/certs":          {},
	"internal/doctor":         {}, // it knows the wire, as clients do
	"internal/clock":          {"internal/scimerr"},
	"internal/fault":          {"internal/clock", "internal/resource", "internal/scimerr"},
	"internal/phc":            {},
	"internal/secret":         {"internal/store"},
	"migrations":              {},
	"schemas":                 {"internal/schema"},

	// What only tests use stands beside the house.
	"internal/store/storetest":   {"internal/store", "internal/store/sqlstore", "internal/filter", "internal/filter/filtertest", "internal/schema", "internal/resource", "internal/scimerr", "schemas"},
	"internal/filter/filtertest": {"internal/filter", "internal/schema", "internal/resource"},
	"internal/pgtest":            {},
	"internal/canary":            {},
	"internal/journal/hartest":   {},
	"internal/rooms":             {},
	"test":                       {},
	"examples":                   {}, // they know the wire, as their readers do
}

// besideTheHouse are the rooms that no program contains.
var besideTheHouse = []string{"internal/store/storetest", "internal/filter/filtertest", "internal/pgtest", "internal/canary", "internal/journal/hartest", "internal/rooms", "test", "examples"}

// keepers lists who may import what the house wants in few places. A path
// stands for the packages below it too.
var keepers = map[string][]string{
	"github.com/go-chi/chi":             {"internal/server", "internal/control"},
	"github.com/go-chi/cors":            {"internal/server"},
	"github.com/go-jose/go-jose":        {"internal/auth"},
	"github.com/golang-jwt/jwt":         {"internal/auth"},
	"golang.org/x/crypto/argon2":        {"internal/phc"},
	"github.com/jackc/pgx":              {"internal/store/postgres", "internal/pgtest"},
	"modernc.org/sqlite":                {"internal/store/sqlite"},
	"database/sql":                      {"internal/store/sqlite", "internal/store/sqlstore", "internal/store/postgres", "internal/pgtest"},
	"golang.org/x/crypto/acme":          {"internal/certs"},
	"github.com/golang-migrate/migrate": {"internal/store", "migrations"},
	"golang.org/x/time":                 {"internal/scim"},
	"github.com/getkin/kin-openapi":     {}, // tests alone
	"github.com/spf13":                  {"cmd/scimd", "internal/app"},
	"net/http":                          {"cmd/scimd", "scimdtest", "internal/app", "internal/audit", "internal/certs", "internal/console", "internal/control", "internal/doctor", "internal/server", "internal/auth", "internal/scimerr", "test", "examples"},
}

// A listed package, as go list prints it.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// packages lists the module's packages, or those that importPath depends on.
func packages(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the longest entry of allowed that holds a package of the module.
func room(importPath string) (string, bool) {
	for dir := inModule(importPath); dir != "."; dir = path.Dir(dir) {
		if _, ok := allowed[dir]; ok {
			return dir, true
		}
	}
	return "", false
}

func inModule(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

// within reports whether dir is one of the rooms or lies in one.
func within(dir string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

func TestImportsRunDownward(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t, "./...") {
		from, ok := room(p.ImportPath)
		if !ok {
			t.Errorf("%s belongs to no room: give it an entry", inModule(p.ImportPath))
			continue
		}
		for _, imported := range p.Imports {
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			to, _ := room(imported)
			if to != from && !slices.Contains(allowed[from], to) {
				t.Errorf("%s → %s: %s may not import %s", inModule(p.ImportPath), inModule(imported), from, inModule(imported))
			}
		}
	}
}

// The table itself must have a bottom: no two rooms may know each other, even
// through others.
func TestTheRoomsHaveAnOrder(t *testing.T) {
	t.Parallel()
	state := map[string]int{}
	var visit func(r string, way []string)
	visit = func(r string, way []string) {
		way = append(way, r)
		switch state[r] {
		case 1:
			t.Errorf("a circle: %s", strings.Join(way, " → "))
			return
		case 2:
			return
		}
		state[r] = 1
		for _, below := range allowed[r] {
			visit(below, way)
		}
		state[r] = 2
	}
	for r := range allowed {
		visit(r, nil)
	}
}

func TestNoRoomReachesTestCode(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t, "-deps", "./cmd/scimd", "./scimdtest") {
		if dir := inModule(p.ImportPath); within(dir, besideTheHouse) {
			t.Errorf("the program, or the package for other people's tests, contains %s", dir)
		}
	}
}

func TestFewRoomsKnowADriverOrRouter(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t, "./...") {
		dir := inModule(p.ImportPath)
		for _, imported := range p.Imports {
			for kept, by := range keepers {
				if within(imported, []string{kept}) && !within(dir, by) {
					t.Errorf("%s → %s: only %s may import it", dir, imported, strings.Join(by, ", "))
				}
			}
		}
	}
}

// A use is a call that belongs to few rooms.
type use struct{ pkg, name string }

func TestTheEnvironmentIsReadInOnePlace(t *testing.T) {
	t.Parallel()
	uses := []use{{"os", "Getenv"}, {"os", "LookupEnv"}, {"os", "Environ"}, {"os", "ExpandEnv"}}
	for _, p := range packages(t, "./...") {
		if !within(inModule(p.ImportPath), slices.Concat(besideTheHouse, []string{"internal/app"})) {
			forbid(t, p, uses)
		}
	}
}

// Time and ids come to the protocol with the tenant, so that a tenant can stand
// still or repeat itself. The salt of a password hash is neither.
func TestTheProtocolMakesNoTimeAndNoIDs(t *testing.T) {
	t.Parallel()
	uses := []use{{"time", "Now"}, {"time", "Since"}, {"time", "Until"}, {"time", "After"}}
	for _, p := range packages(t, "./internal/scim/...", "./internal/filter/...", "./internal/resource/...", "./internal/schema/...") {
		if within(inModule(p.ImportPath), besideTheHouse) {
			continue
		}
		forbid(t, p, uses)
		for _, source := range []string{"github.com/google/uuid", "math/rand", "math/rand/v2"} {
			if slices.Contains(p.Imports, source) {
				t.Errorf("%s → %s", inModule(p.ImportPath), source)
			}
		}
	}
}

// forbid reports where p's files name one of uses.
func forbid(t *testing.T, p listed, uses []use) {
	t.Helper()
	for _, name := range p.GoFiles {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		known := imports(file)
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(uses, use{known[x.Name], sel.Sel.Name}) {
				t.Errorf("%s: %s.%s does not belong here", files.Position(sel.Pos()), x.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// imports maps the names under which a file knows packages to their paths.
func imports(file *ast.File) map[string]string {
	known := map[string]string{}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		known[name] = p
	}
	return known
}
