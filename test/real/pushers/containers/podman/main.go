// Pulls an image into a store of its own, and pushes it from there, as podman does, with the library that podman is made of.
// Usage: podman SOURCE [DESTINATION], both with their transport (oci:layout:latest, docker://127.0.0.1:5000/x).
// The store is made in the working folder. PUSH_USER, PUSH_PASSWORD: what a registry is given.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.podman.io/common/libimage"
	"go.podman.io/common/pkg/config"
	"go.podman.io/image/v5/types"
	"go.podman.io/storage"
	"go.podman.io/storage/pkg/reexec"
)

func main() {
	if reexec.Init() {
		return
	}
	if err := act(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func act(ctx context.Context, args []string) error {
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	store, err := storage.GetStore(storage.StoreOptions{
		GraphDriverName: "vfs",
		GraphRoot:       filepath.Join(folder, "store"),
		RunRoot:         filepath.Join(folder, "run"),
	})
	if err != nil {
		return err
	}
	policy := filepath.Join(folder, "policy.json")
	if err := os.WriteFile(policy, []byte(`{"default":[{"type":"insecureAcceptAnything"}]}`), 0o600); err != nil {
		return err
	}
	runtime, err := libimage.RuntimeFromStore(store, &libimage.RuntimeOptions{
		SystemContext: &types.SystemContext{SignaturePolicyPath: policy},
	})
	if err != nil {
		return err
	}
	options := libimage.CopyOptions{
		PolicyAllowStorage:    true,
		SignaturePolicyPath:   policy,
		InsecureSkipTLSVerify: types.OptionalBoolTrue,
		Username:              os.Getenv("PUSH_USER"),
		Password:              os.Getenv("PUSH_PASSWORD"),
	}
	images, err := runtime.Pull(ctx, args[0], config.PullPolicyAlways, &libimage.PullOptions{CopyOptions: options})
	if err != nil || len(args) < 2 {
		return err
	}
	_, err = runtime.Push(ctx, images[0].ID(), args[1], &libimage.PushOptions{CopyOptions: options})
	return err
}
