// Package packaging checks what cannot be run everywhere, the container files
// and the CI script, against the program and the Makefile that they use.
package packaging

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// scimd runs the program and gives its standard output.
func scimd(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "./cmd/scimd"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SCIMD_") }), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scimd %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// options are the names that scimd config knows.
func options(t *testing.T) []string {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal(scimd(t, "config", "--json"), &config); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Keys(config))
}

// checkVariable refuses a SCIMD_ variable that sets no option.
func checkVariable(t *testing.T, where, name string, options []string) {
	t.Helper()
	option := strings.TrimSuffix(strings.TrimPrefix(name, "SCIMD_"), "_FILE")
	option = strings.ToLower(strings.ReplaceAll(option, "_", "-"))
	if !slices.Contains(options, option) {
		t.Errorf("%s: %s sets nothing: scimd has no option %s", where, name, option)
	}
}

// instructions are the Dockerfile's instructions, continuation lines joined.
func instructions(t *testing.T) [][2]string {
	t.Helper()
	var all [][2]string
	for line := range strings.Lines(strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		all = append(all, [2]string{name, strings.TrimSpace(rest)})
	}
	return all
}

// argumentOf is what follows the last instruction of that name.
func argumentOf(t *testing.T, name string) string {
	t.Helper()
	found := ""
	for _, i := range instructions(t) {
		if i[0] == name {
			found = i[1]
		}
	}
	if found == "" {
		t.Fatalf("the Dockerfile has no %s", name)
	}
	return found
}

func TestTheImageIsEmptyButForAStaticProgramAndRunsWithoutRoot(t *testing.T) {
	t.Parallel()
	if from := argumentOf(t, "FROM"); from != "scratch" {
		t.Errorf("the last stage is FROM %s", from)
	}
	if user := argumentOf(t, "USER"); !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %s is not a number other than 0; an empty image knows no names", user)
	}
	if volume := argumentOf(t, "VOLUME"); volume != "/data" {
		t.Errorf("VOLUME %s", volume)
	}
	// CI builds with the same target, so what CI has seen is what the image holds.
	for name, text := range map[string]string{"Dockerfile": argumentsOf(t, "RUN"), ".ci/run": read(t, ".ci/run")} {
		if !regexp.MustCompile(`\bmake\b[^\n]* build\b`).MatchString(text) {
			t.Errorf("%s does not run make build", name)
		}
	}
	makefile := read(t, "Makefile")
	build := regexp.MustCompile(`(?m)^build:.*\n\t(.*)$`).FindStringSubmatch(makefile)
	if build == nil || !strings.Contains(makefile, "\nexport CGO_ENABLED = 0\n") || !strings.HasSuffix(build[1], " -o scimd ./cmd/scimd") {
		t.Errorf("make build does not build a static ./scimd: %q", build)
	}
}

func argumentsOf(t *testing.T, name string) string {
	t.Helper()
	var all []string
	for _, i := range instructions(t) {
		if i[0] == name {
			all = append(all, i[1])
		}
	}
	return strings.Join(all, "\n")
}

func TestTheImageCopiesOnlyWhatTheBuildContextHolds(t *testing.T) {
	t.Parallel()
	ignore := strings.Split(strings.TrimSpace(read(t, ".dockerignore")), "\n")
	for _, need := range []string{"go.mod", "go.sum", "Makefile", "cmd", "internal", "migrations", "schemas"} {
		if !slices.Contains(ignore, "!"+need) {
			t.Errorf("the build context lacks %s", need)
		}
	}
	for _, line := range ignore {
		if name, ok := strings.CutPrefix(line, "!"); ok {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Error(err)
			}
		}
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if from := instructions(t)[0][1]; from != "golang:"+version[1]+" AS build" {
		t.Errorf("the build stage is FROM %s, go.mod asks for %s", from, version[1])
	}
}

func TestTheImageUsesCommandsAndVariablesThatScimdHas(t *testing.T) {
	t.Parallel()
	known := options(t)
	for pair := range strings.FieldsSeq(argumentOf(t, "ENV")) {
		name, _, _ := strings.Cut(pair, "=")
		checkVariable(t, "Dockerfile", name, known)
	}
	var entry, args, health []string
	for name, into := range map[string]*[]string{"ENTRYPOINT": &entry, "CMD": &args} {
		if err := json.Unmarshal([]byte(argumentOf(t, name)), into); err != nil {
			t.Errorf("%s is not in exec form: %v", name, err)
		}
	}
	_, check, _ := strings.Cut(argumentOf(t, "HEALTHCHECK"), " CMD ")
	if err := json.Unmarshal([]byte(check), &health); err != nil {
		t.Errorf("HEALTHCHECK is not in exec form, and the image has no shell: %v", err)
	}
	for _, command := range [][]string{append(entry, args...), health} {
		if len(command) != 2 || command[0] != "/scimd" {
			t.Errorf("%q is not a command of /scimd", command)
			continue
		}
		if help := string(scimd(t, command[1], "--help")); !strings.Contains(help, "scimd "+command[1]) {
			t.Errorf("scimd has no command %s:\n%s", command[1], help)
		}
	}
}

// compose is what the file says, as far as it is checked.
type compose struct {
	Services map[string]struct {
		Image       string
		Build       string
		Environment map[string]string
		Command     []string
		Volumes     []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck struct{ Test []string }
	}
	Volumes map[string]any
}

func TestComposeStartsScimdOnAHealthyPostgres(t *testing.T) {
	t.Parallel()
	var c compose
	if err := yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &c); err != nil {
		t.Fatal(err)
	}
	server, database := c.Services["scimd"], c.Services["postgres"]
	if server.Build != "." || server.DependsOn["postgres"].Condition != "service_healthy" {
		t.Errorf("scimd does not build the Dockerfile or does not wait for Postgres: %+v", server)
	}
	if database.Image != "postgres:17" || len(database.Healthcheck.Test) == 0 {
		t.Errorf("postgres: %+v", database)
	}
	known := options(t)
	for name, value := range server.Environment {
		checkVariable(t, "docker-compose.yml", name, known)
		if strings.HasPrefix(name, "SCIMD_TOKEN") && !strings.HasPrefix(value, "${") {
			t.Errorf("%s is written into the file", name)
		}
	}
	for _, flag := range server.Command {
		if name, ok := strings.CutPrefix(flag, "--"); ok {
			if name, _, _ = strings.Cut(name, "="); !slices.Contains(known, name) {
				t.Errorf("there is no flag %s", flag)
			}
		}
	}
	url := server.Environment["SCIMD_DATABASE_URL"]
	for _, part := range []string{"postgres://", database.Environment["POSTGRES_USER"] + ":", "@postgres:5432/", "/" + database.Environment["POSTGRES_DB"] + "?"} {
		if !strings.Contains(url, part) {
			t.Errorf("the database URL %s does not fit the database: no %q", url, part)
		}
	}
	for _, s := range c.Services {
		for _, v := range s.Volumes {
			if name, _, _ := strings.Cut(v, ":"); !slices.Contains(slices.Collect(maps.Keys(c.Volumes)), name) {
				t.Errorf("the volume %s is not declared", name)
			}
		}
	}
}

func TestTheCIScriptCallsTargetsThatTheMakefileHas(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	calls := regexp.MustCompile(`(?m)make --no-print-directory ([a-z -]+)`).FindAllStringSubmatch(read(t, ".ci/run"), -1)
	if len(calls) < 3 {
		t.Errorf("CI calls make %d times", len(calls))
	}
	for _, call := range calls {
		for target := range strings.FieldsSeq(call[1]) {
			if !strings.Contains(makefile, "\n"+target+": ") {
				t.Errorf("the Makefile has no target %s", target)
			}
		}
	}
	info, err := os.Stat(filepath.Join(root, ".ci/run"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode()&0o111 == 0 {
		t.Error(".ci/run is not executable")
	}
}

func TestReleasesAreForSixPlatforms(t *testing.T) {
	t.Parallel()
	targets := regexp.MustCompile(`(?m)^TARGETS +\?= (.*)$`).FindStringSubmatch(read(t, "Makefile"))
	want := []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}
	if targets == nil || !slices.Equal(slices.Sorted(slices.Values(strings.Fields(targets[1]))), want) {
		t.Errorf("%q, want %q", targets, want)
	}
}

// Paths of the machine, C and the time would make other bytes of the same sources. To
// build twice here would take a minute.
func TestReleasesAreBuiltFromNothingButTheirSources(t *testing.T) {
	t.Parallel()
	recipe := regexp.MustCompile(`(?ms)^dist-programs:\n(.*?)\n\n`).FindStringSubmatch(read(t, "Makefile"))
	if recipe == nil {
		t.Fatal("there is no dist-programs")
	}
	for _, want := range []string{"CGO_ENABLED=0", "build -trimpath -ldflags \"$(LDFLAGS)\"", "$(TARGETS)", "$(DIST)"} {
		if !strings.Contains(recipe[1], want) {
			t.Errorf("%q is not in its recipe:\n%s", want, recipe[1])
		}
	}
	if flags := regexp.MustCompile(`(?m)^LDFLAGS.*$`).FindString(read(t, "Makefile")); strings.Contains(flags, "date") {
		t.Errorf("the time is in %s", flags)
	}
}
