package main

import (
	"context"
	"io"
	"strconv"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/v2/daemon/container"
	store "github.com/moby/moby/v2/daemon/containerd"
	"github.com/moby/moby/v2/daemon/events"
	"github.com/moby/moby/v2/daemon/server/imagebackend"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// pushContainerd pushes with the image service on containerd's store.
func pushContainerd(ctx context.Context, named reference.Named, args []string, auth *registry.AuthConfig) error {
	size, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	blobs, err := local.NewStore(args[0])
	if err != nil {
		return err
	}
	image := images.Image{Name: named.String(), Target: ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest,
		Digest:    digest.Digest(args[1]),
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
	settings := store.ImageServiceConfig{
		Client:      daemon,
		Containers:  container.NewMemoryStore(),
		Snapshotter: "overlayfs",
		// As in daemon/hosts.go, without folders of certificates; a registry on loopback needs none.
		RegistryHosts: config.ConfigureHosts(ctx, config.HostOptions{}),
		EventsService: events.New(),
	}
	limitUploads(&settings)
	return store.NewService(settings).PushImage(ctx, named, imagebackend.PushOptions{AuthConfig: auth, OutStream: io.Discard})
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
