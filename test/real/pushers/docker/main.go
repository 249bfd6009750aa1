// Pushes an OCI image layout with the image service of Docker's daemon on containerd's store, without dockerd and without containerd.
// Usage: docker REFERENCE LAYOUT MANIFEST_DIGEST MANIFEST_BYTES [HEADER_TIMEOUT]
// The time limit for response headers is Docker's own unless one is given.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/v2/daemon/container"
	store "github.com/moby/moby/v2/daemon/containerd"
	"github.com/moby/moby/v2/daemon/events"
	"github.com/moby/moby/v2/daemon/server/imagebackend"
	"github.com/moby/moby/v2/dockerversion"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func main() {
	if err := push(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func push(ctx context.Context, args []string) error {
	size, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	named, err := reference.ParseNormalizedNamed(args[0])
	if err != nil {
		return err
	}
	blobs, err := local.NewStore(args[1])
	if err != nil {
		return err
	}
	image := images.Image{Name: named.String(), Target: ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest,
		Digest:    digest.Digest(args[2]),
		Size:      size,
	}}
	daemon, err := client.New("", client.WithServices(
		client.WithContentStore(blobs),
		client.WithImageStore(oneImage{image: image}),
		client.WithLeasesService(noLeases{}),
	))
	if err != nil {
		return err
	}
	hosts, err := hostsWith(ctx, args[4:])
	if err != nil {
		return err
	}
	service := store.NewService(store.ImageServiceConfig{
		Client:        daemon,
		Containers:    container.NewMemoryStore(),
		Snapshotter:   "overlayfs",
		RegistryHosts: hosts,
		EventsService: events.New(),
		// daemon/config: DefaultMaxConcurrentUploads.
		MaxConcurrentUploads: 5,
	})
	// What the docker command line sends along, also when nobody has logged in.
	auth := registry.AuthConfig{
		Username:      os.Getenv("PUSH_USER"),
		Password:      os.Getenv("PUSH_PASSWORD"),
		ServerAddress: reference.Domain(named),
	}
	ctx = dockerversion.WithUpstreamUserAgent(ctx, "Docker-Client/29")
	return service.PushImage(ctx, named, imagebackend.PushOptions{AuthConfig: &auth, OutStream: io.Discard})
}

// hostsWith is the RegistryHosts of daemon/hosts.go without folders of certificates; a registry on loopback needs none.
func hostsWith(ctx context.Context, timeout []string) (docker.RegistryHosts, error) {
	if len(timeout) == 0 {
		return config.ConfigureHosts(ctx, config.HostOptions{}), nil
	}
	limit, err := time.ParseDuration(timeout[0])
	return config.ConfigureHosts(ctx, config.HostOptions{UpdateClient: func(client *http.Client) error {
		client.Transport.(*http.Transport).ResponseHeaderTimeout = limit
		return nil
	}}), err
}

// oneImage knows the image that is pushed.
type oneImage struct {
	images.Store
	image images.Image
}

func (one oneImage) Get(_ context.Context, name string) (images.Image, error) {
	if name != one.image.Name {
		return images.Image{}, errdefs.ErrNotFound
	}
	return one.image, nil
}

func (one oneImage) List(context.Context, ...string) ([]images.Image, error) {
	return []images.Image{one.image}, nil
}

// noLeases: nobody collects garbage here.
type noLeases struct {
	leases.Manager
}

func (noLeases) Create(context.Context, ...leases.Opt) (leases.Lease, error) {
	return leases.Lease{ID: "push"}, nil
}

func (noLeases) Delete(context.Context, leases.Lease, ...leases.DeleteOpt) error {
	return nil
}
