package seed

import (
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Standard is what names standard input as a seed.
const Standard = "-"

// samplePrefix begins the names of the seeds that are built in.
const samplePrefix = "sample:"

//go:embed samples/small.yaml
var samples embed.FS

// Samples are the names of the seeds that are built in.
func Samples() []string { return []string{"small", "enterprise"} }

// Sample is the text of a seed that is built in.
func Sample(name string) ([]byte, error) {
	switch name {
	case "small":
		return samples.ReadFile("samples/small.yaml")
	case "enterprise":
		return enterprise(), nil
	}
	return nil, fmt.Errorf("there is no sample %q; there are %s", name, strings.Join(Samples(), " and "))
}

// Open gives the files of a seed: of a file, of a directory with YAML and JSON
// files, which are read in the order of their names, of sample:NAME, or - for
// standard input. What cannot be opened is told at once.
func Open(where string, stdin io.Reader) (Files, error) {
	if name, ok := strings.CutPrefix(where, samplePrefix); ok {
		text, err := Sample(name)
		return List(File{where + ".yaml", strings.NewReader(string(text))}), err
	}
	if where == Standard {
		if stdin == nil {
			return nil, fmt.Errorf("there is no standard input to read a seed from")
		}
		return List(File{"stdin", stdin}), nil
	}
	info, err := os.Stat(where)
	if err != nil {
		return nil, err
	}
	paths := []string{where}
	if info.IsDir() {
		if paths, err = inDirectory(where); err != nil {
			return nil, err
		}
	}
	return func(yield func(File, error) bool) {
		for _, path := range paths {
			f, err := os.Open(path)
			ok := yield(File{path, f}, err)
			if err == nil {
				_ = f.Close() // only read
			}
			if !ok || err != nil {
				return
			}
		}
	}, nil
}

func inDirectory(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(e.Name()))) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("the directory %s has no .yaml, .yml or .json file", dir)
	}
	return paths, nil
}
