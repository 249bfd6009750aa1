import type { ClientName, ClientProfile } from './client-profile.ts';
import { buildkit, containerd } from './profiles/containerd.ts';
import { docker, dockerContainerd } from './profiles/docker.ts';
import { chunked, monolithic, oras, regctl } from './profiles/others.ts';
import { crane, podman, skopeo } from './profiles/patching.ts';

/** Every client that can be emulated, by name: a new client is a new row. */
export const clientProfiles: Readonly<Record<ClientName, ClientProfile>> = {
  docker,
  'docker-containerd': dockerContainerd,
  buildkit,
  containerd,
  crane,
  skopeo,
  podman,
  regctl,
  oras,
  chunked,
  monolithic,
};
