interface Container {
  readonly name: string;
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly ports?: readonly { readonly hostPort?: number }[];
}

export interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly containers: readonly Container[];
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** What the Pod Security Standard "restricted" (kubernetes.io/docs/concepts/security/pod-security-standards) forbids of this pod. */
export function restrictedViolations(pod: PodSpec): string[] {
  const { securityContext } = pod;
  const volumes = pod.volumes ?? [];
  return [
    ...complaint(pod.hostNetwork === true || pod.hostPID === true || pod.hostIPC === true, 'host namespaces'),
    ...complaint(securityContext?.runAsNonRoot !== true, 'runAsNonRoot'),
    ...complaint(securityContext?.runAsUser === 0, 'runAsUser'),
    ...complaint(
      !['RuntimeDefault', 'Localhost'].includes(securityContext?.seccompProfile?.type ?? ''),
      'seccompProfile',
    ),
    ...complaint(
      volumes.some((volume) => !allowedVolumes.some((type) => type in volume)),
      'volume types',
    ),
    ...pod.containers.flatMap(containerViolations),
  ];
}

function containerViolations({ name, securityContext, ports }: Container): string[] {
  const capabilities = securityContext?.capabilities;
  return [
    ...complaint(securityContext?.allowPrivilegeEscalation !== false, `${name}: allowPrivilegeEscalation`),
    ...complaint(securityContext?.privileged === true, `${name}: privileged`),
    ...complaint(!(capabilities?.drop ?? []).includes('ALL'), `${name}: capabilities.drop`),
    ...complaint(
      (capabilities?.add ?? []).some((one) => one !== 'NET_BIND_SERVICE'),
      `${name}: capabilities.add`,
    ),
    ...complaint(
      (ports ?? []).some(({ hostPort }) => hostPort !== undefined),
      `${name}: hostPort`,
    ),
  ];
}

function complaint(violated: boolean, what: string): string[] {
  return violated ? [what] : [];
}
