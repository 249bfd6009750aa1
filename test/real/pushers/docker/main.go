// Pushes an OCI image layout as Docker's daemon does, without dockerd and without containerd: with its image service on containerd's store, or
// with the classic store's pusher. Pulls with the classic store's puller.
// Usage: docker containerd|classic REFERENCE LAYOUT MANIFEST_DIGEST MANIFEST_BYTES
//
//	docker pull REFERENCE
//
// This module's path begins with that of the daemon, whose internal packages hold the classic pusher.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/registry"
)

func main() {
	if err := act(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func act(ctx context.Context, store string, args []string) error {
	named, err := reference.ParseNormalizedNamed(args[0])
	if err != nil {
		return err
	}
	ctx = withUpstreamUserAgent(ctx, "Docker-Client/29")
	// What the docker command line sends along, also when nobody has logged in.
	auth := registry.AuthConfig{
		Username:      os.Getenv("PUSH_USER"),
		Password:      os.Getenv("PUSH_PASSWORD"),
		ServerAddress: reference.Domain(named),
	}
	if store == "pull" {
		return pullClassic(ctx, named, &auth)
	}
	if store == "classic" {
		return pushClassic(ctx, named, args[1], args[2], &auth)
	}
	return pushContainerd(ctx, named, args[1:], &auth)
}
