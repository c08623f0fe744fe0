//go:build tools

// Package tools names the commands that make the client's code from the proto, so that `go mod tidy` keeps what they need.
package tools

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
