// Command slotclient uses SecretService with the client that is generated from the proto, and prints what each call gave.
package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "slotwarden.io/testbed/slotclient/pb"
)

type step struct {
	Call string          `json:"call"`
	Code string          `json:"code"`
	Body json.RawMessage `json:"body"`
}

func main() {
	believed, err := credentials.NewClientTLSFromFile(os.Getenv("SLOT_CA"), "")
	if err != nil {
		panic(err)
	}
	connection, err := grpc.NewClient(os.Getenv("SLOT_TARGET"), grpc.WithTransportCredentials(believed))
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	client := pb.NewSecretServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	known := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv("SLOT_TOKEN"))
	name, value := os.Getenv("SLOT_NAME"), os.Getenv("SLOT_VALUE")

	registry := &pb.SecretValue{Value: &pb.SecretValue_RegistrySecret{RegistrySecret: &pb.RegistrySecret{
		Username: "acme-bot", Password: value, ServerAddress: "ghcr.io",
	}}}
	git := &pb.SecretValue{Value: &pb.SecretValue_GitSecret{GitSecret: &pb.GitSecret{Username: "acme-bot", Token: value}}}
	steps := []step{}
	note := func(call string, answer proto.Message, err error) {
		body := []byte("null")
		if err == nil {
			body, _ = protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(answer)
		}
		steps = append(steps, step{call, status.Code(err).String(), body})
	}
	create := func(ctx context.Context, name string, value *pb.SecretValue) {
		answer, err := client.CreateSecret(ctx, &pb.CreateSecretRequest{Name: name, Value: value})
		note("create", answer, err)
	}
	get := func() {
		answer, err := client.GetSecret(known, &pb.GetSecretRequest{Name: name})
		note("get", answer, err)
	}
	remove := func() {
		answer, err := client.DeleteSecret(known, &pb.DeleteSecretRequest{Name: name})
		note("delete", answer, err)
	}

	create(known, name, registry)
	get()
	create(known, name, git)
	get()
	listed, err := client.ListSecrets(known, &pb.ListSecretsRequest{})
	note("list", listed, err)
	remove()
	remove()
	get()
	create(known, "no.name", git)
	create(known, name, &pb.SecretValue{})
	create(ctx, name, git)
	if err := json.NewEncoder(os.Stdout).Encode(steps); err != nil {
		panic(err)
	}
}
