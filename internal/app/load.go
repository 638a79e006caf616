package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"
)

const (
	configFlag  = "config"
	fileSuffix  = "_FILE"
	configUsage = "configuration file: YAML, one key per flag"
)

// Flags adds the options to a flag set, as flags that fill c. Those that mean
// nothing to a command beside the server are hidden there, but known, since
// one configuration serves all commands. A flag that fs has already is of the
// command: it means something else than the option of its name, which is then
// left to the environment and the file.
func (c *Config) Flags(fs *pflag.FlagSet, serving bool) {
	fs.StringVar(&c.File, configFlag, c.File, configUsage)
	for _, o := range options {
		if fs.Lookup(o.name) != nil {
			c.shadowed = append(c.shadowed, o.name)
			continue
		}
		f := fs.VarPF(o.value(c), o.name, "", o.usage)
		if v, ok := f.Value.(*value[bool]); ok && v.kind == "bool" {
			f.NoOptDefVal = "true"
		}
		f.Hidden = serving && o.scope == commandsOnly || !serving && o.scope == serverOnly
	}
}

// Load fills the options that no flag has set: from the environment, then from
// the file, and checks the whole. fs is the set that Flags was given, parsed.
// An error names the option and where its value came from, never a secret.
func (c *Config) Load(fs *pflag.FlagSet, lookup func(string) (string, bool)) error {
	if v, ok := lookup(EnvName(configFlag)); ok && !fs.Changed(configFlag) {
		c.File = v
	}
	file, err := readFile(c.File)
	if err != nil {
		return err
	}
	for _, o := range options {
		if fs.Changed(o.name) && !slices.Contains(c.shadowed, o.name) {
			continue
		}
		texts, source, err := o.find(lookup, file)
		if err != nil {
			return err
		}
		v := o.value(c)
		for _, t := range texts {
			if err := v.Set(t); err != nil {
				return fmt.Errorf("%s: %w", source, err)
			}
		}
	}
	return c.Validate()
}

// find gives what the environment or the file say about an option that no flag
// has set, and where they say it.
func (o *option) find(lookup func(string) (string, bool), file map[string][]string) (texts []string, source string, err error) {
	env := EnvName(o.name)
	direct, isDirect := lookup(env)
	if o.secret {
		if path, ok := lookup(env + fileSuffix); ok && path != "" {
			if isDirect && direct != "" {
				return nil, "", fmt.Errorf("%s and %s exclude each other", env, env+fileSuffix)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, "", fmt.Errorf("%s: %w", env+fileSuffix, err)
			}
			return []string{strings.TrimSpace(string(b))}, env + fileSuffix, nil
		}
	}
	// An empty variable counts as none: compose files pass unset ones on so.
	if isDirect && direct != "" {
		return []string{direct}, env, nil
	}
	return file[o.name], "key " + o.name + " of the configuration file", nil
}

// readFile reads a configuration file: a mapping of option names to scalars,
// to lists of them, or, for switches, to a mapping of names to values.
func readFile(path string) (map[string][]string, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("%s is not YAML: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s is not a mapping of options to values", path)
	}
	out := map[string][]string{}
	for i := 0; i < len(root.Content); i += 2 {
		key, line := root.Content[i].Value, root.Content[i].Line
		if !slices.ContainsFunc(options, func(o option) bool { return o.name == key }) {
			return nil, fmt.Errorf("%s, line %d: there is no option %q", path, line, key)
		}
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("%s, line %d: %s stands there twice", path, line, key)
		}
		texts, ok := flatten(root.Content[i+1])
		if !ok {
			return nil, fmt.Errorf("%s, line %d: %s is neither a value nor a list of values", path, line, key)
		}
		out[key] = texts
	}
	return out, nil
}

// flatten gives the scalars of a YAML value as texts.
func flatten(n *yaml.Node) (texts []string, ok bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, true
		}
		return []string{n.Value}, true
	case yaml.AliasNode:
		return flatten(n.Alias)
	case yaml.SequenceNode, yaml.MappingNode:
		for i, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, false
			}
			if n.Kind == yaml.MappingNode && i%2 == 1 {
				texts[len(texts)-1] += "=" + item.Value
			} else {
				texts = append(texts, item.Value)
			}
		}
		return texts, true
	}
	return nil, false
}

// Env looks a variable up in the process's environment.
func Env(name string) (string, bool) { return os.LookupEnv(name) }
