//go:build tools

// Package tools names the commands that the testbed builds, so that `go mod tidy` keeps what they need.
package tools

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
