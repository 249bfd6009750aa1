/** What `build_info` and `--version` say about this program. */
export interface BuildInfo {
  readonly version: string;
  /** Commit the build was made from; images set it in `BLOBPROBE_REVISION`. */
  readonly revision: string;
  readonly nodeVersion: string;
}
