package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/distribution/reference"
	"github.com/docker/distribution/manifest/schema2"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/v2/daemon/internal/distribution"
	"github.com/moby/moby/v2/daemon/internal/distribution/metadata"
	"github.com/moby/moby/v2/daemon/internal/distribution/xfer"
	"github.com/moby/moby/v2/daemon/internal/image"
	"github.com/moby/moby/v2/daemon/internal/layer"
	"github.com/moby/moby/v2/daemon/internal/progress"
	refstore "github.com/moby/moby/v2/daemon/internal/refstore"
	registryservice "github.com/moby/moby/v2/daemon/pkg/registry"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// daemon/config: DefaultMaxConcurrentUploads.
const uploadsAtATime = 5

// pushClassic does what daemon/images/image_push.go does, with an image of the layout in place of one in the daemon's folders.
func pushClassic(ctx context.Context, named reference.Named, folder, manifest string, auth *registry.AuthConfig) error {
	blobs := layout(filepath.Join(folder, "blobs/sha256"))
	image, err := blobs.image(digest.Digest(manifest))
	if err != nil {
		return err
	}
	config, own, err := classicConfig(auth)
	if err != nil {
		return err
	}
	references, err := refstore.NewReferenceStore(filepath.Join(own, "repositories.json"))
	if err != nil {
		return err
	}
	if err := references.AddTag(named, image.config, true); err != nil {
		return err
	}
	config.ImageStore = blobs
	config.ReferenceStore = references
	return distribution.Push(ctx, named, &distribution.ImagePushConfig{
		Config:          config,
		ConfigMediaType: schema2.MediaTypeImageConfig,
		LayerStores:     image,
		UploadManager:   xfer.NewLayerUploadManager(uploadsAtATime),
	})
}

// classicConfig is what a push and a pull have in common, and a folder of its own that knows of nothing yet.
func classicConfig(auth *registry.AuthConfig) (distribution.Config, string, error) {
	own, err := os.MkdirTemp("", "classic")
	if err != nil {
		return distribution.Config{}, "", err
	}
	known, err := metadata.NewFSMetadataStore(own)
	if err != nil {
		return distribution.Config{}, "", err
	}
	service, err := registryservice.NewService(registryservice.ServiceOptions{})
	if err != nil {
		return distribution.Config{}, "", err
	}
	return distribution.Config{
		AuthConfig:       auth,
		ProgressOutput:   progress.DiscardOutput(),
		RegistryService:  service,
		ImageEventLogger: func(context.Context, string, string, events.Action) {},
		MetadataStore:    known,
	}, own, nil
}

// layout is the folder with the blobs of an image layout.
type layout string

func (blobs layout) Get(_ context.Context, id digest.Digest) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(blobs), id.Encoded()))
}

func (layout) Put(context.Context, []byte) (digest.Digest, error) {
	return "", errors.New("nothing is put into a layout")
}

// image reads what is to be known of an image before it is pushed.
func (blobs layout) image(id digest.Digest) (layers, error) {
	var manifest ocispec.Manifest
	var config image.Image
	if err := blobs.read(id, &manifest); err != nil {
		return layers{}, err
	}
	if err := blobs.read(manifest.Config.Digest, &config); err != nil {
		return layers{}, err
	}
	found := layers{config: manifest.Config.Digest, byChain: map[layer.ChainID]*oneLayer{}}
	var below *oneLayer
	root := image.NewRootFS()
	for index, diff := range config.RootFS.DiffIDs {
		root.Append(diff)
		blob := manifest.Layers[index]
		below = &oneLayer{chain: root.ChainID(), diff: diff, below: below, size: blob.Size, file: filepath.Join(string(blobs), blob.Digest.Encoded())}
		found.byChain[below.chain] = below
	}
	return found, nil
}

func (blobs layout) read(id digest.Digest, into any) error {
	bytes, err := blobs.Get(context.Background(), id)
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes, into)
}

// layers are those of one image.
type layers struct {
	config  digest.Digest
	byChain map[layer.ChainID]*oneLayer
}

func (all layers) Get(chain layer.ChainID) (distribution.PushLayer, error) {
	if one, ok := all.byChain[chain]; ok {
		return one, nil
	}
	return nil, errors.New("no such layer")
}

// oneLayer is stored as the classic store has it: not compressed.
type oneLayer struct {
	chain layer.ChainID
	diff  layer.DiffID
	below *oneLayer
	size  int64
	file  string
}

func (one *oneLayer) ChainID() layer.ChainID { return one.chain }
func (one *oneLayer) DiffID() layer.DiffID   { return one.diff }
func (one *oneLayer) Size() int64            { return one.size }
func (one *oneLayer) MediaType() string      { return schema2.MediaTypeUncompressedLayer }
func (one *oneLayer) Release()               {}

func (one *oneLayer) Parent() distribution.PushLayer {
	if one.below == nil {
		return nil
	}
	return one.below
}

func (one *oneLayer) Open() (io.ReadCloser, error) {
	file, err := os.Open(one.file)
	if err != nil {
		return nil, err
	}
	tar, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{tar, file}, nil
}
