import type { ClientProfile, ClientVersions } from './client-profile.ts';
import { buildkit, containerd } from './containerd.ts';
import { podman, skopeo } from './containers-image.ts';
import { chunked, monolithic } from './controls.ts';
import { docker, dockerContainerd } from './docker.ts';
import { crane } from './go-containerregistry.ts';
import { oras } from './oras.ts';
import { regctl } from './regclient.ts';

/** Every client that can be emulated: a new client is a file of its own and a line here. */
const clients = {
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
} as const satisfies Readonly<Record<string, ClientVersions>>;

type Client = keyof typeof clients;
type Version<C extends Client> = Exclude<keyof (typeof clients)[C] & string, ''>;
/** `docker` is the newest docker; `docker@29.0` that version. */
export type ClientName = Client | { [C in Client]: `${C}@${Version<C>}` }[Client];

/** One profile for each row: the newest of a client under its plain name, older ones with their version. */
export const clientRows: readonly (ClientProfile & { readonly name: ClientName })[] = Object.entries<ClientVersions>(
  clients,
).flatMap(([client, versions]) =>
  Object.entries(versions).map(([version, row], index) => ({
    ...row,
    version,
    name: (index === 0 ? client : `${client}@${version}`) as ClientName,
  })),
);

/** The newest version is also known by its number, so that it can be held on to. */
const named = clientRows.flatMap((row) =>
  row.version === '' || row.name.includes('@')
    ? [row]
    : [row, { ...row, name: `${row.name}@${row.version}` as ClientName }],
);

/** Every profile under each of its names. */
export const clientProfiles = Object.fromEntries(named.map((profile) => [profile.name, profile])) as Readonly<
  Record<ClientName, ClientProfile>
>;

/** All names that the configuration may use. */
export const clientNames = named.map(({ name }) => name) as [ClientName, ...ClientName[]];
