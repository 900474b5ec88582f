import { bundledImages } from "../../../deploy/images/programs";
import type { Build } from "./builder";

export const images = [...bundledImages, "edge"];

/** How to build an image: the target and the arguments of the Dockerfile. */
export function buildOf(image: string, version = "dev"): Pick<Build, "target" | "args"> {
  if (image === "edge") return { target: "edge", args: { VERSION: version } };
  return { target: "service", args: { SERVICE: image, VERSION: version } };
}
