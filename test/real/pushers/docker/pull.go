package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/v2/daemon/internal/distribution"
	"github.com/moby/moby/v2/daemon/internal/distribution/xfer"
	"github.com/moby/moby/v2/daemon/internal/layer"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
)

// daemon/config: DefaultMaxConcurrentDownloads.
const downloadsAtATime = 3

// pullClassic does what daemon/images/image_pull.go does, and lets go of what comes.
func pullClassic(ctx context.Context, named reference.Named, auth *registry.AuthConfig) error {
	config, own, err := classicConfig(auth)
	if err != nil {
		return err
	}
	manifests, err := local.NewStore(own)
	if err != nil {
		return err
	}
	config.ImageStore = noConfigs{}
	return distribution.Pull(ctx, named, &distribution.ImagePullConfig{
		Config:          config,
		DownloadManager: xfer.NewLayerDownloadManager(&pulledLayers{known: map[layer.ChainID]pulledLayer{}}, downloadsAtATime),
	}, manifests)
}

// noConfigs has none, and lets go of what it is given.
type noConfigs struct{}

func (noConfigs) Get(context.Context, digest.Digest) ([]byte, error) {
	return nil, errors.New("no such image")
}

func (noConfigs) Put(_ context.Context, config []byte) (digest.Digest, error) {
	return digest.FromBytes(config), nil
}

// pulledLayers knows of each layer that came which one it is.
type pulledLayers struct {
	layer.Store
	mutex sync.Mutex
	known map[layer.ChainID]pulledLayer
}

func (all *pulledLayers) Register(tar io.Reader, parent layer.ChainID) (layer.Layer, error) {
	diff, err := digest.FromReader(tar)
	if err != nil {
		return nil, err
	}
	all.mutex.Lock()
	defer all.mutex.Unlock()
	below := all.known[parent].diffs
	diffs := append(append([]layer.DiffID{}, below...), layer.DiffID(diff))
	one := pulledLayer{diffs: diffs}
	all.known[one.ChainID()] = one
	return one, nil
}

func (all *pulledLayers) Get(chain layer.ChainID) (layer.Layer, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	if one, ok := all.known[chain]; ok {
		return one, nil
	}
	return nil, layer.ErrLayerDoesNotExist
}

func (*pulledLayers) Release(layer.Layer) ([]layer.Metadata, error) {
	return nil, nil
}

type pulledLayer struct {
	layer.Layer
	diffs []layer.DiffID
}

func (one pulledLayer) ChainID() layer.ChainID { return identity.ChainID(one.diffs) }
func (one pulledLayer) DiffID() layer.DiffID   { return one.diffs[len(one.diffs)-1] }
func (one pulledLayer) Parent() layer.Layer {
	if len(one.diffs) == 1 {
		return nil
	}
	return pulledLayer{diffs: one.diffs[:len(one.diffs)-1]}
}
