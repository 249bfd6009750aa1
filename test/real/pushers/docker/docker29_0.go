//go:build docker29_0

package main

import (
	"context"

	store "github.com/moby/moby/v2/daemon/containerd"
	"github.com/moby/moby/v2/dockerversion"
)

func withUpstreamUserAgent(ctx context.Context, agent string) context.Context {
	return context.WithValue(ctx, dockerversion.UAStringKey{}, agent)
}

// limitUploads: it knows no limit.
func limitUploads(*store.ImageServiceConfig) {}
