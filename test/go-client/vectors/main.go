// Vectors prints objects in both forms, JSON and protobuf, as Kubernetes' own types write them: one line of JSON for
// each kind that the argument names (`v1/ConfigMap,storage.k8s.io/v1/StorageClass`), filled at random from a seed.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	seed, err := strconv.ParseInt(os.Args[2], 10, 64)
	fail(err)
	fill := fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(seed), scheme.Codecs).NumElements(1, 2).NilChance(0.3)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, name := range strings.Split(os.Args[1], ",") {
		slash := strings.LastIndex(name, "/")
		gv, err := schema.ParseGroupVersion(name[:slash])
		fail(err)
		gvk := gv.WithKind(name[slash+1:])
		object, err := scheme.Scheme.New(gvk)
		fail(err)
		fill.Fill(object)
		object.GetObjectKind().SetGroupVersionKind(gvk)
		text, err := json.Marshal(object)
		fail(err)
		bytes, err := runtime.Encode(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), object)
		fail(err)
		fail(out.Encode(map[string]any{"json": json.RawMessage(text), "protobuf": bytes}))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
