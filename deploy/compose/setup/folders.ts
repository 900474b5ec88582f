/** Where compose.yaml mounts the volumes and folders of the setup programs. */
export const folders = {
  /** Which data the volumes hold, and the secrets of the sandbox. */
  state: "/state",
  /** The operator's folder `.secrets`. */
  operator: "/operator",
  /** Below it, one folder for each program: the volume that the program sees as `/run/secrets` or `/etc/envoy`. */
  programs: "/programs",
};
