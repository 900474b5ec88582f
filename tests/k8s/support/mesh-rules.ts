import { identityRules } from "./identity-rules";
import type { K8sObject } from "./render";
import { trafficRules } from "./traffic-rules";

/**
 * What an overlay with a mesh must obey beyond the schemas and `istioctl analyze`.
 * @returns a line for each mistake
 */
export const meshProblems = (objects: K8sObject[]): string[] => [
  ...new Set([...trafficRules, ...identityRules].flatMap((rule) => rule(objects))),
];
