// Pin writes what Moorage needs of Kubernetes' binary form, as the modules in go.mod have it: the .proto files of the
// groups that are served, and where JSON differs from what they say. The one argument is the directory to write to.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

// The packages that are pinned, by module.
var packages = map[string][]string{
	"k8s.io/api": {
		"authentication/v1", "authorization/v1", "coordination/v1", "core/v1", "events/v1", "rbac/v1", "storage/v1",
	},
	"k8s.io/apimachinery": {
		"pkg/api/resource", "pkg/apis/meta/v1", "pkg/runtime", "pkg/runtime/schema", "pkg/util/intstr",
	},
}

// Form is where the JSON of a message differs from its .proto.
type Form struct {
	// Fields whose own fields stand in JSON where they themselves would be.
	Inline []string `json:"inline,omitempty"`
	// Fields without a message that are told apart from absent ones when they are empty, zero or false.
	Zero []string `json:"zero,omitempty"`
	// Fields with another name in JSON.
	Renamed map[string]string `json:"renamed,omitempty"`
	// It is a plain list in JSON.
	List bool `json:"list,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: pin DIRECTORY"))
	}
	for module, paths := range packages {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		fail(err)
		for _, path := range paths {
			text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), path, "generated.proto"))
			fail(err)
			fail(write(filepath.Join(os.Args[1], module, path, "generated.proto"), text))
		}
	}
	text, err := json.MarshalIndent(forms(), "", "  ")
	fail(err)
	fail(write(filepath.Join(os.Args[1], "json-forms.json"), append(text, '\n')))
}

func write(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func forms() map[string]Form {
	found := map[string]Form{}
	seen := map[reflect.Type]bool{}
	for _, kind := range scheme.Scheme.AllKnownTypes() {
		visit(kind, seen, found)
	}
	for _, kind := range []any{metav1.APIGroupList{}, metav1.APIResourceList{}, metav1.APIVersions{}, metav1.PartialObjectMetadataList{}} {
		visit(reflect.TypeOf(kind), seen, found)
	}
	return found
}

func visit(t reflect.Type, seen map[reflect.Type]bool, found map[string]Form) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if t.Kind() == reflect.Slice && pinned(t.PkgPath()) {
			found[messageName(t)] = Form{List: true}
		}
		visit(t.Elem(), seen, found)
		return
	case reflect.Struct:
	default:
		return
	}
	if seen[t] || !pinned(t.PkgPath()) {
		return
	}
	seen[t] = true
	var form Form
	for i := range t.NumField() {
		field := t.Field(i)
		visit(field.Type, seen, found)
		name := protobufName(field)
		if name == "" {
			continue
		}
		jsonName, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case jsonName == "" && strings.Contains(options, "inline"):
			form.Inline = append(form.Inline, name)
			continue
		case jsonName != name:
			if form.Renamed == nil {
				form.Renamed = map[string]string{}
			}
			form.Renamed[name] = jsonName
		}
		if keepsZero(field.Type, options) {
			form.Zero = append(form.Zero, name)
		}
	}
	if len(form.Inline)+len(form.Zero)+len(form.Renamed) > 0 {
		found[messageName(t)] = form
	}
}

func messageName(t reflect.Type) string {
	return strings.ReplaceAll(t.PkgPath(), "/", ".") + "." + t.Name()
}

func pinned(path string) bool {
	for module, paths := range packages {
		for _, one := range paths {
			if path == module+"/"+one {
				return true
			}
		}
	}
	return false
}

func protobufName(field reflect.StructField) string {
	tag := field.Tag.Get("protobuf")
	if tag == "" {
		return ""
	}
	for _, part := range strings.Split(tag, ",") {
		if name, ok := strings.CutPrefix(part, "name="); ok {
			return name
		}
	}
	return strings.ToLower(field.Name[:1]) + field.Name[1:]
}

func keepsZero(t reflect.Type, options string) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	} else if strings.Contains(options, "omitempty") {
		return false
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint8, reflect.Float64:
		return true
	}
	return false
}
