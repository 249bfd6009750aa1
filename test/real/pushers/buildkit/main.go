// Pushes an OCI image layout with BuildKit's own pusher, without buildkitd.
// Usage: buildkit REFERENCE LAYOUT MANIFEST_DIGEST
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
	if err := pushLayout(context.Background(), os.Args[1], os.Args[2], digest.Digest(os.Args[3])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
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
