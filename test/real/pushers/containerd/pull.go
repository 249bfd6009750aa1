package main

import (
	"context"
	"os"
	"strconv"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/transfer"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"golang.org/x/sync/semaphore"
)

// Pulls an image into a content store in a folder, as ctr and the CRI do, without unpacking it.
// PULL_BUFFER: bytes of one range, of which three are fetched at a time; containerd's own default is 0, one request a blob.
func pull(ctx context.Context, ref string, folder string) error {
	resolver := newResolver()
	buffer, err := strconv.Atoi(os.Getenv("PULL_BUFFER"))
	if err != nil {
		buffer = 0
	}
	limiter := semaphore.NewWeighted(3)
	if configurable, ok := resolver.(remotes.ResolverWithOptions); ok {
		configurable.SetOptions(
			transfer.WithMaxConcurrentDownloads(3),
			transfer.WithConcurrentLayerFetchBuffer(buffer),
			transfer.WithDownloadLimiter(limiter),
		)
	}
	name, target, err := resolver.Resolve(ctx, ref)
	if err != nil {
		return err
	}
	fetcher, err := resolver.Fetcher(ctx, name)
	if err != nil {
		return err
	}
	store, err := local.NewStore(folder)
	if err != nil {
		return err
	}
	handlers := images.Handlers(remotes.FetchHandler(store, fetcher), images.ChildrenHandler(store))
	return images.Dispatch(ctx, handlers, nil, target)
}
