// Command gitopshealth says what GitOps tools make of objects: kstatus by its library, Argo CD's health by a Lua script in
// the interpreter that Argo CD embeds, and Flux's by expressions in Flux's own evaluator.
package main

import (
	"context"
	"encoding/json"
	"os"

	fluxcel "github.com/fluxcd/pkg/runtime/cel"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

type question struct {
	Lua     map[string]string             `json:"lua"`
	Flux    []kustomize.CustomHealthCheck `json:"flux"`
	Objects []json.RawMessage             `json:"objects"`
}

type argoHealth struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Kstatus string     `json:"kstatus"`
	Argo    argoHealth `json:"argo"`
	Flux    string     `json:"flux"`
}

func main() {
	var asked question
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	answers := []answer{}
	for _, raw := range asked.Objects {
		object := &unstructured.Unstructured{}
		must(object.UnmarshalJSON(raw))
		computed, err := status.Compute(object)
		must(err)
		answers = append(answers, answer{computed.Status.String(), argo(asked.Lua[object.GetKind()], raw), flux(asked.Flux, object)})
	}
	must(json.NewEncoder(os.Stdout).Encode(answers))
}

// argo runs the script with what Argo CD gives one from argocd-cm: the object, and no library but the base and tables.
func argo(script string, raw []byte) argoHealth {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		must(state.CallByParam(lua.P{Fn: state.NewFunction(open), NRet: 0, Protect: true}, lua.LString(name)))
	}
	object, err := luajson.Decode(state, raw)
	must(err)
	state.SetGlobal("obj", object)
	must(state.DoString(script))
	said, err := luajson.Encode(state.Get(-1))
	must(err)
	var health argoHealth
	must(json.Unmarshal(said, &health))
	return health
}

// flux judges an object by the expressions for its kind.
func flux(checks []kustomize.CustomHealthCheck, object *unstructured.Unstructured) string {
	for _, check := range checks {
		if check.APIVersion == object.GetAPIVersion() && check.Kind == object.GetKind() {
			evaluator, err := fluxcel.NewStatusEvaluator(&check.HealthCheckExpressions)
			must(err)
			result, err := evaluator.Evaluate(context.Background(), object)
			must(err)
			return result.Status.String()
		}
	}
	return ""
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
