package main

import (
	"context"
	"maps"
	"os"
	"sync"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/pkg/reference"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/util/contentutil"
	"github.com/moby/buildkit/util/pull"
	"github.com/moby/buildkit/util/resolver"
	"github.com/moby/buildkit/util/resolver/config"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"
)

// pullInto pulls an image into a content store in a folder: the manifests as source/containerimage does, then the layers as cache/blobs does,
// all at the same time.
func pullInto(ctx context.Context, name, folder string) error {
	store, err := local.NewLabeledStore(folder, &labels{of: map[digest.Digest]map[string]string{}})
	if err != nil {
		return err
	}
	sessions, err := session.NewManager()
	if err != nil {
		return err
	}
	source, err := reference.Parse(name)
	if err != nil {
		return err
	}
	plain := true
	hosts := resolver.NewRegistryConfig(map[string]config.RegistryConfig{os.Getenv("HOST"): {PlainHTTP: &plain}})
	own := resolver.DefaultPool.GetResolver(hosts, name, resolver.ScopeType{}, sessions, nil)
	puller := &pull.Puller{ContentStore: store, Resolver: own, Src: source, Platform: platforms.DefaultSpec()}
	found, err := puller.PullManifests(ctx, func(session.Group) remotes.Resolver { return own })
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, layer := range found.Descriptors {
		group.Go(func() error {
			return contentutil.Copy(ctx, store, found.Provider(nil), layer, found.Ref, nil)
		})
	}
	return group.Wait()
}

// labels keeps what buildkitd keeps in its database.
type labels struct {
	mutex sync.Mutex
	of    map[digest.Digest]map[string]string
}

func (all *labels) Get(id digest.Digest) (map[string]string, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	return maps.Clone(all.of[id]), nil
}

func (all *labels) Set(id digest.Digest, own map[string]string) error {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.of[id] = maps.Clone(own)
	return nil
}

func (all *labels) Update(id digest.Digest, more map[string]string) (map[string]string, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	own := maps.Clone(all.of[id])
	if own == nil {
		own = map[string]string{}
	}
	for key, value := range more {
		if value == "" {
			delete(own, key)
		} else {
			own[key] = value
		}
	}
	all.of[id] = own
	return maps.Clone(own), nil
}
