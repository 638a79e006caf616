package scim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/scimd/scimd/internal/schema"
	"github.com/scimd/scimd/schemas"
)

var update = flag.Bool("update", false, "rewrite golden files and generated documentation")

const testBase = "https://tenant.example/Scim/v2"

var testStart = time.Date(2026, 1, 2, 3, 4, 5, 654_321_000, time.UTC)

func engineRegistry(t *testing.T) *schema.Registry {
	t.Helper()
	reg, err := schemas.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// tenantRegistry registers all six types and twelve schemas of a tenant, taken
// from what it advertised in 2024.
func tenantRegistry(t *testing.T) *schema.Registry {
	t.Helper()
	var index struct {
		ResourceTypes json.RawMessage `json:"resourceTypes"`
	}
	read := func(name string) []byte {
		data, err := fs.ReadFile(schemas.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if err := json.Unmarshal(read("advertised/2024/index.json"), &index); err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{
		"common.json":         {Data: read("common.json")},
		"resource-types.json": {Data: index.ResourceTypes},
	}
	files, err := fs.Glob(schemas.FS, "advertised/2024/schemas/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		fsys["core/"+filepath.Base(name)] = &fstest.MapFile{Data: read(name)}
	}
	reg, err := schema.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func builtIn(t *testing.T, name string) *Profile {
	t.Helper()
	p, err := LoadProfile(schemas.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func discoveryOf(t *testing.T, reg *schema.Registry, edition string) *Discovery {
	t.Helper()
	name := "cyberark"
	if edition == "complete" {
		name = "rfc7644"
	}
	p := builtIn(t, name)
	p.Discovery = edition
	d, err := NewDiscovery(reg, p, testStart)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decodeAs[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// golden compares JSON, laid out in lines, with a file byte by byte.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var lines bytes.Buffer
	if err := json.Indent(&lines, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	lines.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, lines.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(lines.Bytes(), want) {
		t.Errorf("%s differs; after a look, go test -update accepts:\n%s", file, lines.Bytes())
	}
}

func TestDiscoveryDocumentsAreAsRecorded(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"2024", "2021", "complete"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			reg := tenantRegistry(t)
			if edition == "complete" {
				reg = engineRegistry(t)
			}
			d := discoveryOf(t, reg, edition)
			golden(t, "discovery-"+edition+"-provider.json", d.ServiceProviderConfig(testBase))
			golden(t, "discovery-"+edition+"-types.json", d.ResourceTypes(testBase))
			golden(t, "discovery-"+edition+"-schemas.json", d.Schemas(testBase))
		})
	}
}

type listAnswer struct {
	Schemas      []string
	TotalResults int
	ItemsPerPage int
	StartIndex   int
	Resources    []json.RawMessage
}

type entryAnswer struct {
	ID, Name, Endpoint, Schema string
	SchemaExtensions           []struct {
		Schema   string
		Required *bool
	}
	Schemas []string
	Meta    struct{ ResourceType, Location string }
}

// Every link in a discovery document leads to the same document.
func TestEveryIdAndLinkLeadsToItsDocument(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"2024", "2021", "complete"} {
		for name, reg := range map[string]*schema.Registry{"engine": engineRegistry(t), "tenant": tenantRegistry(t)} {
			t.Run(edition+" "+name, func(t *testing.T) {
				t.Parallel()
				d := discoveryOf(t, reg, edition)
				follow := func(t *testing.T, list []byte, resourceType, path string, get func(id, base string) ([]byte, bool)) []entryAnswer {
					l := decodeAs[listAnswer](t, list) // R7644-4-02
					if len(l.Schemas) != 1 || l.TotalResults != len(l.Resources) || l.ItemsPerPage != len(l.Resources) || l.StartIndex != 1 {
						t.Errorf("list of %d: %v %d %d %d", len(l.Resources), l.Schemas, l.TotalResults, l.ItemsPerPage, l.StartIndex)
					}
					var all []entryAnswer
					for _, raw := range l.Resources {
						a := decodeAs[entryAnswer](t, raw)
						all = append(all, a)
						if a.Meta.ResourceType != resourceType || a.Meta.Location != testBase+path+a.ID { // R7644-4-06
							t.Errorf("%s has meta %+v", a.ID, a.Meta)
						}
						for _, id := range []string{a.ID, strings.ToUpper(a.ID)} { // R7644-4-03
							if one, ok := get(id, testBase); !ok || !bytes.Equal(one, raw) {
								t.Errorf("%s alone differs from the list: %s", id, one)
							}
						}
					}
					return all
				}
				types := follow(t, d.ResourceTypes(testBase), "ResourceType", "/ResourceTypes/", d.ResourceType)
				follow(t, d.Schemas(testBase), "Schema", "/Schemas/", d.Schema)
				if len(types) != len(reg.Types) {
					t.Errorf("%d types are advertised, %d registered", len(types), len(reg.Types))
				}
				for _, a := range types {
					if a.Name != a.ID || a.Endpoint == "" { // R7643-6-01
						t.Errorf("type %+v", a)
					}
					if _, ok := d.Schema(a.Schema, testBase); !ok { // R7643-6-02
						t.Errorf("%s: schema %s is not served", a.ID, a.Schema)
					}
					for _, e := range a.SchemaExtensions {
						if e.Required == nil || *e.Required { // R7643-6-03
							t.Errorf("%s: extension %s does not say that it is optional", a.ID, e.Schema)
						}
						if _, ok := d.Schema(e.Schema, testBase); !ok { // R7643-6-02
							t.Errorf("%s: extension %s is not served", a.ID, e.Schema)
						}
					}
				}
			})
		}
	}
}

func TestServiceProviderConfigHasItsMembersAndFollowsTheSwitches(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"2024", "2021", "complete"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			p := builtIn(t, "cyberark")
			for name, value := range map[string]string{"discovery": edition, "advertiseSort": "true", "maxResults": "77"} {
				if err := p.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
			d, err := NewDiscovery(engineRegistry(t), p, testStart)
			if err != nil {
				t.Fatal(err)
			}
			got := decodeAs[map[string]any](t, d.ServiceProviderConfig(testBase)) // R7644-4-01
			for _, member := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag", "authenticationSchemes", "meta"} {
				if got[member] == nil { // R7643-5-01
					t.Errorf("%s is missing", member)
				}
			}
			// R7643-5-02, R7643-5-06
			if fmt.Sprint(got["sort"]) != "map[supported:true]" || fmt.Sprint(got["filter"]) != "map[maxResults:77 supported:true]" {
				t.Errorf("sort %v, filter %v", got["sort"], got["filter"])
			}
			bulk := got["bulk"].(map[string]any)
			if bulk["supported"] != false || bulk["maxOperations"] == nil || bulk["maxPayloadSize"] == nil { // R7643-5-02
				t.Errorf("bulk %v", bulk)
			}
			for _, s := range got["authenticationSchemes"].([]any) { // R7643-5-04
				scheme := s.(map[string]any)
				if scheme["type"] != "oauthbearertoken" || scheme["name"] == "" || scheme["description"] == "" {
					t.Errorf("scheme %v", scheme)
				}
			}
			if got["meta"].(map[string]any)["created"] != "2026-01-02T03:04:05.654321Z" {
				t.Errorf("meta %v", got["meta"])
			}
		})
	}
}

func TestOnlySchemasOfRegisteredTypesAreAdvertised(t *testing.T) {
	t.Parallel()
	custom, linked := "urn:scim:schemas:extension:custom:2.0", "urn:ietf:params:scim:schemas:pam:1.0:LinkedObject"
	vault := "urn:ietf:params:scim:schemas:cyberark:1.0:User"
	user := []string{discoveryURN + "User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", custom}
	reg, err := schema.Load(userOnly(t))
	if err != nil {
		t.Fatal(err)
	}
	for edition, want := range map[string][]string{
		"2024":     append(slices.Clone(user), linked),
		"2021":     user,
		"complete": append(slices.Clone(user), linked, vault, discoveryURN+"ResourceType", discoveryURN+"Schema", discoveryURN+"ServiceProviderConfig"),
	} {
		d := discoveryOf(t, reg, edition)
		var got []string
		for _, raw := range decodeAs[listAnswer](t, d.Schemas(testBase)).Resources {
			got = append(got, decodeAs[entryAnswer](t, raw).ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", edition, got, want)
		}
		if _, ok := d.Schema("Container", testBase); ok {
			t.Errorf("%s: Container is served without its type", edition)
		}
		if _, ok := d.ResourceType("Container", testBase); ok {
			t.Errorf("%s: the type Container is served without being registered", edition)
		}
	}
}

// userOnly is the engine's data with the resource type User alone.
func userOnly(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(schemas.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(schemas.FS, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	types := decodeAs[[]map[string]any](t, out["resource-types.json"].Data)
	types = slices.DeleteFunc(types, func(rt map[string]any) bool { return rt["name"] != "User" })
	if out["resource-types.json"].Data, err = json.Marshal(types); err != nil {
		t.Fatal(err)
	}
	return out
}

// A type or an extension that no tenant has is advertised as the engine has it.
func TestTypesUnknownToTheTenantAreAdvertisedToo(t *testing.T) {
	t.Parallel()
	reg, err := schema.Load(userOnly(t))
	if err != nil {
		t.Fatal(err)
	}
	device, err := schema.ParseSchema([]byte(`{"id":"urn:example:Device","name":"Device","attributes":[{"name":"serial","caseExact":true}]}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.AddSchema(device); err != nil {
		t.Fatal(err)
	}
	if err := reg.AddTypes([]byte(`[{"name":"Device","endpoint":"/Devices","schema":"urn:example:Device",
		"schemaExtensions":[{"schema":"urn:ietf:params:scim:schemas:pam:1.0:LinkedObject"}]}]`)); err != nil {
		t.Fatal(err)
	}
	for edition, want := range map[string]string{
		"2021":     `{"name":"serial","type":"string","multiValued":false,"required":false,"caseExact":true}`,
		"2024":     `{"name":"serial","type":"string","multiValued":false,"required":false,"caseExact":true,"mutability":"readWrite","returned":"default","uniqueness":"none"}`,
		"complete": `{"name":"serial","type":"string","multiValued":false,"required":false,"caseExact":true,"mutability":"readWrite","returned":"default","uniqueness":"none"}`,
	} {
		d := discoveryOf(t, reg, edition)
		if doc, ok := d.Schema("urn:example:device", testBase); !ok || !strings.Contains(string(doc), want) {
			t.Errorf("%s: %s", edition, doc)
		}
		doc, _ := d.ResourceType("device", testBase)
		if got := decodeAs[entryAnswer](t, doc); got.Endpoint != "/Devices" || len(got.SchemaExtensions) != 1 {
			t.Errorf("%s: %s", edition, doc)
		}
		if _, ok := d.Schema("LinkedObject", testBase); !ok {
			t.Errorf("%s: the extension of Device is not served", edition)
		}
	}
}

func TestSchemaAnswersToItsShortNames(t *testing.T) {
	t.Parallel()
	d := discoveryOf(t, tenantRegistry(t), "2024")
	for id, want := range map[string]struct{ urn, path string }{
		"User":                         {discoveryURN + "User", "User"},
		"uSER":                         {discoveryURN + "User", "User"},
		"enterpriseuser":               {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "EnterpriseUser"},
		"safe":                         {"urn:ietf:params:scim:schemas:cyberark:1.0:Safe", "Safe"},
		"CyberArkSafe":                 {"urn:ietf:params:scim:schemas:cyberark:1.0:Safe", "CyberArkSafe"},
		"privilegeddata":               {"urn:ietf:params:scim:schemas:pam:1.0:PrivilegedData", "PrivilegedData"},
		"SafeMember":                   {"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember", "SafeMember"},
		"cyberark containerpermission": {"urn:ietf:params:scim:schemas:cyberark:1.0:SafeMember", "CyberArk%20ContainerPermission"},
		"customdata":                   {"urn:scim:schemas:extension:custom:2.0", "CustomData"},
		"URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER": {discoveryURN + "User", discoveryURN + "User"},
	} {
		doc, ok := d.Schema(id, testBase)
		if !ok {
			t.Errorf("%s is not found", id)
			continue
		}
		got := decodeAs[entryAnswer](t, doc)
		if got.ID != want.urn || got.Meta.Location != testBase+"/Schemas/"+want.path {
			t.Errorf("%s: %s at %s", id, got.ID, got.Meta.Location)
		}
	}
	for _, id := range []string{"", "Nobody", "urn:example:nothing"} {
		if doc, ok := d.Schema(id, testBase); ok {
			t.Errorf("%q gives %s", id, doc)
		}
		if doc, ok := d.ResourceType(id, testBase); ok {
			t.Errorf("%q gives %s", id, doc)
		}
	}
}

func TestAStrangeBaseStaysText(t *testing.T) {
	t.Parallel()
	base := `https://a"},"x":{"y` + "\n"
	d := discoveryOf(t, engineRegistry(t), "2024")
	doc, _ := d.ResourceType("User", base)
	if got := decodeAs[entryAnswer](t, doc).Meta.Location; got != base+"/ResourceTypes/User" {
		t.Errorf("location %q", got)
	}
}

// The engine has all that a tenant advertises, and advertises no more in its
// editions.
func TestTheEngineAdvertisesWhatTheTenantDoes(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"2024", "2021"} {
		engine, tenant := discoveryOf(t, engineRegistry(t), edition), discoveryOf(t, tenantRegistry(t), edition)
		if got, want := engine.ResourceTypes(testBase), tenant.ResourceTypes(testBase); !bytes.Equal(got, want) {
			t.Errorf("%s: types %s\nwant %s", edition, got, want)
		}
		if got, want := engine.Schemas(testBase), tenant.Schemas(testBase); !bytes.Equal(got, want) {
			t.Errorf("%s: schemas %s\nwant %s", edition, got, want)
		}
	}
}
