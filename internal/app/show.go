package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// masked stands for a secret that is set.
const masked = "********"

// Write prints the effective configuration, one key per option, as YAML that a
// configuration file may hold, or as one JSON object. Secrets are masked.
func (c *Config) Write(w io.Writer, asJSON bool) error {
	var doc yaml.Node
	doc.Kind = yaml.MappingNode
	members := &bytes.Buffer{}
	for i, o := range options {
		shown, err := json.Marshal(c.shown(o))
		if err != nil {
			return err
		}
		var node yaml.Node
		if err := node.Encode(c.shown(o)); err != nil {
			return err
		}
		doc.Content = append(doc.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: o.name}, &node)
		if i > 0 {
			members.WriteByte(',')
		}
		fmt.Fprintf(members, "\n  %q: %s", o.name, shown)
	}
	if asJSON {
		_, err := fmt.Fprintf(w, "{%s\n}\n", members)
		return err
	}
	b, err := yaml.Marshal(&doc)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// shown is an option's value as a text, a boolean or a list of texts.
func (c *Config) shown(o option) any {
	v := o.value(c)
	if o.secret && v.String() != "" {
		return masked
	}
	switch v := v.(type) {
	case *value[bool]:
		return *v.place
	case *value[int]:
		if v.String() == strconv.Itoa(*v.place) {
			return *v.place
		}
	case interface{ Strings() []string }:
		return v.Strings()
	}
	return v.String()
}
