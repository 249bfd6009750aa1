// Pushes an OCI image layout with BuildKit's own pusher, or pulls with its puller, without buildkitd.
// Usage: buildkit REFERENCE LAYOUT MANIFEST_DIGEST
//
//	buildkit pull REFERENCE FOLDER
//
// PUSH_TLS=insecure: the registry HOST speaks TLS, with a certificate that nobody knows.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/util/push"
	"github.com/moby/buildkit/util/resolver"
	"github.com/moby/buildkit/util/resolver/config"
	"github.com/opencontainers/go-digest"
)

func main() {
	if err := act(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func act(ctx context.Context, args []string) error {
	if args[0] == "pull" {
		return pullInto(ctx, args[1], args[2])
	}
	return pushLayout(ctx, args[0], args[1], digest.Digest(args[2]))
}

func pushLayout(ctx context.Context, reference, layout string, manifest digest.Digest) error {
	store, err := local.NewStore(layout)
	if err != nil {
		return err
	}
	sessions, err := session.NewManager()
	if err != nil {
		return err
	}
	if os.Getenv("PUSH_TLS") != "insecure" {
		return push.Push(ctx, sessions, "", store, store, manifest, reference, true, nil, false, nil)
	}
	insecure := true
	hosts := resolver.NewRegistryConfig(map[string]config.RegistryConfig{os.Getenv("HOST"): {Insecure: &insecure}})
	return push.Push(ctx, sessions, "", store, store, manifest, reference, false, hosts, false, nil)
}
