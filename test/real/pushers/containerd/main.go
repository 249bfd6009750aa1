// Pushes an OCI image layout with containerd's own pusher, without a daemon: what ctr, nerdctl and the CRI do on the wire.
// Usage: containerd REFERENCE LAYOUT MANIFEST_DIGEST MANIFEST_BYTES
//
//	containerd pull REFERENCE FOLDER
//
// PUSH_TLS=insecure: the registry speaks TLS, with a certificate that nobody knows.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"
)

func main() {
	if err := act(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func act(ctx context.Context, args []string) error {
	if args[0] == "pull" {
		return pull(ctx, args[1], args[2])
	}
	return push(ctx, args)
}

func push(ctx context.Context, args []string) error {
	size, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	manifest := ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest,
		Digest:    digest.Digest(args[2]),
		Size:      size,
	}
	pusher, err := newResolver().Pusher(ctx, args[0])
	if err != nil {
		return err
	}
	store, err := local.NewStore(args[1])
	if err != nil {
		return err
	}
	// Three layers at a time: what ctr sets.
	return remotes.PushContent(ctx, pusher, manifest, store, semaphore.NewWeighted(3), platforms.All, nil)
}

func newResolver() remotes.Resolver {
	client := newClient()
	plain := docker.MatchAllHosts
	if isTLS() {
		plain = func(string) (bool, error) { return false, nil }
	}
	hosts := docker.ConfigureDefaultRegistries(
		docker.WithPlainHTTP(plain),
		docker.WithClient(client),
		docker.WithAuthorizer(docker.NewDockerAuthorizer(docker.WithAuthClient(client), docker.WithAuthCreds(credentials))),
	)
	return docker.NewResolver(docker.ResolverOptions{Hosts: hosts})
}

func credentials(string) (string, string, error) {
	return os.Getenv("PUSH_USER"), os.Getenv("PUSH_PASSWORD"), nil
}

func isTLS() bool {
	return os.Getenv("PUSH_TLS") == "insecure"
}

func newClient() *http.Client {
	var settings *tls.Config
	if isTLS() {
		settings = &tls.Config{InsecureSkipVerify: true}
	}
	return &http.Client{Transport: docker.DefaultHTTPTransport(settings)}
}
