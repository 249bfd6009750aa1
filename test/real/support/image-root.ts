import type { BuiltImage } from '../../packaging/image-builder.ts';

/**
 * The image as a runtime would start it, without a runtime: its root file system read-only, /etc/blobprobe mounted from outside,
 * user and group of the image, no capability. Namespaces of network and processes are those of the test. An emulator is there for
 * images of another machine, where the kernel does not know it by itself; a folder for temporary files, as an `emptyDir` at /tmp.
 */
const enter = [
  'set -e',
  'root=$1 config=$2 user=$3 emulator=$4 temporary=$5',
  'shift 5',
  'mount --bind "$root" "$root"',
  'mount --bind "$config" "$root/etc/blobprobe"',
  'mount -o remount,bind,ro "$root/etc/blobprobe"',
  'mount --rbind /dev "$root/dev"',
  'mount --rbind /proc "$root/proc"',
  'if [ -n "$emulator" ]; then',
  '  mount --bind "$emulator" "$root/emulator"',
  '  set -- /emulator "$@"',
  'fi',
  'if [ -n "$temporary" ]; then mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"; fi',
  'mount -o remount,bind,ro "$root"',
  'exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"',
].join('\n');

/**
 * Arguments for `unshare` that start a command in the image. The folder /etc/blobprobe is `config`, and must exist in the image;
 * `temporary`: /tmp can be written.
 */
export function enterImage(
  image: BuiltImage,
  config: string,
  command: readonly string[],
  { emulator = '', temporary = false } = {},
): string[] {
  const options = [image.rootFolder, config, image.config.User, emulator, temporary ? 'yes' : ''];
  return ['--mount', 'sh', '-c', enter, 'sh', ...options, ...command];
}

/** The image's own. PATH is for the programs that enter the image; what they start is named in full. */
export function imageEnvironment({ config }: BuiltImage): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(config.Env.map((entry) => entry.split(/=(.*)/s).slice(0, 2))),
    PATH: `${process.env['PATH']}:/usr/sbin`,
  };
}
