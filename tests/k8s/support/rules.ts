import type { Overlay } from "../../../envoy/targets";
import { containers, ofKind, podTemplate, probes, scalers, selects, serving, workloads } from "./objects";
import { type K8sObject, nameOf } from "./render";

/** What the objects of an overlay must obey beyond the schemas. Each function makes a line for each mistake. */
type Rule = (objects: K8sObject[], overlay: Overlay) => string[];

/** A line for each object that `problem` finds something wrong with. */
const check = (objects: K8sObject[], problem: (object: K8sObject) => string | false | undefined): string[] =>
  objects.flatMap((object) => {
    const found = problem(object);
    return found ? [`${nameOf(object)}: ${found}`] : [];
  });

const imagesArePinned: Rule = (objects) =>
  check(workloads(objects), (workload) => {
    const loose = containers(workload).find(
      ({ image }) => !/:[\w.-]+(@sha256:\w{64})?$/.test(image) || /:latest\b/.test(image),
    );
    return loose && `the image ${loose.image} has no fixed tag`;
  });

/** As the Pod Security Standard "restricted", and a root file system that cannot be written. */
const podsAreRestricted: Rule = (objects) =>
  check(workloads(objects), (workload) => {
    const { spec } = podTemplate(workload);
    const { runAsNonRoot, seccompProfile } = spec.securityContext ?? {};
    if (!runAsNonRoot || seccompProfile?.type !== "RuntimeDefault") return "may run as root, or without seccomp";
    if (spec.automountServiceAccountToken !== false) return "gets a token for the API of Kubernetes";
    const loose = containers(workload).find(({ securityContext: context }) => {
      const { drop, add } = context?.capabilities ?? {};
      const locked = context?.allowPrivilegeEscalation === false && context.readOnlyRootFilesystem === true;
      return !locked || context.privileged || drop?.join() !== "ALL" || add;
    });
    return loose && `the container ${loose.name} is not restricted`;
  });

const resourcesAreBounded: Rule = (objects) =>
  check(workloads(objects), (workload) => {
    const loose = containers(workload).find(
      ({ resources }) => !resources?.requests?.cpu || !resources.requests.memory || !resources.limits?.memory,
    );
    return loose && `the container ${loose.name} has no requests, or no limit of memory`;
  });

/** Passwords in URLs, keys of Stripe, private keys. */
const secretValue = /:\/\/[^/\s]*:[^/\s]+@|\b[sr]k_(live|test)_|whsec_|"d":|-----BEGIN/;

const secretsAreReferences: Rule = (objects) => [
  ...check(objects, ({ kind }) => kind === "Secret" && "secrets do not belong among the manifests"),
  ...check(ofKind(objects, "ConfigMap"), ({ data }) => {
    const name = Object.keys(data).find((key) => secretValue.test(data[key]));
    return name && `${name} looks like a secret`;
  }),
  ...check(workloads(objects), (workload) => {
    const env = containers(workload).flatMap(({ env = [] }) => env);
    const secret = env.find(({ value = "" }) => secretValue.test(value));
    return secret && `${secret.name} looks like a secret`;
  }),
];

/** The role that may change tables is for the migration only. */
const onlyMigrationsMigrate: Rule = (objects) =>
  check(ofKind(objects, "Deployment", "StatefulSet"), (workload) => {
    const secrets = podTemplate(workload).spec.volumes?.map(({ secret }) => secret?.secretName) ?? [];
    return secrets.some((name) => name?.endsWith("-migration")) && "mounts the secret of a migration";
  });

const migrationsCarryTheTag: Rule = (objects) =>
  check(ofKind(objects, "Job"), (job) => {
    const { labels } = podTemplate(job).metadata;
    if (labels["app.kubernetes.io/component"] !== "migration") return;
    const tag = containers(job)[0]?.image.split(":").at(-1);
    const expected = `${labels["app.kubernetes.io/name"]}-migration-${tag}`;
    return job.metadata.name !== expected && `is not named ${expected}`;
  });

const sandboxIsLocal: Rule = (objects, overlay) =>
  overlay === "local"
    ? []
    : check(objects, (object) => /\bsandbox\b|STRIPE_API_URL/.test(JSON.stringify(object)) && "uses the sandbox");

const servingIsAvailable: Rule = (objects) =>
  check(serving(objects), (deployment) => {
    const missing = probes.filter((probe) => !podTemplate(deployment).spec.containers[0]?.[probe]);
    if (missing.length > 0) return `has no ${missing.join(", ")}`;
    const budgets = ofKind(objects, "PodDisruptionBudget");
    if (budgets.filter(({ spec }) => selects(spec.selector.matchLabels, deployment)).length !== 1)
      return "does not have one PodDisruptionBudget";
    const count = scalers(objects, deployment).length;
    if (count !== 1) return `has ${count} autoscalers`;
    return deployment.spec.replicas !== undefined && "sets `replicas`, which the autoscaler owns";
  });

/** The redis operator labels the pods of this Service. */
const ofOperator = new Set(["redis"]);

const selectorsSelect: Rule = (objects, overlay) => [
  ...check(workloads(objects), (workload) => {
    const selector = workload.spec.selector?.matchLabels;
    return selector && !selects(selector, workload) && "does not select its own pods";
  }),
  ...check(ofKind(objects, "Service"), ({ spec, metadata }) => {
    if (spec.type === "ExternalName" || (overlay !== "local" && ofOperator.has(metadata.name))) return;
    const found = workloads(objects).filter((workload) => selects(spec.selector, workload));
    return found.length !== 1 && `selects the pods of ${found.length} workloads`;
  }),
];

/** A name that a pod refers to and that is not among the objects would keep it from starting. */
const referencesExist: Rule = (objects) => {
  const names = new Set(objects.map(nameOf));
  return check(workloads(objects), (workload) => {
    const { spec } = podTemplate(workload);
    const wanted = [
      ...containers(workload).flatMap(({ envFrom = [] }) => envFrom.map((from) => from.configMapRef?.name)),
      ...(spec.volumes ?? []).map(({ configMap }) => configMap?.name),
    ].flatMap((name) => (name ? [`ConfigMap/${name}`] : []));
    if (spec.serviceAccountName) wanted.push(`ServiceAccount/${spec.serviceAccountName}`);
    const missing = wanted.find((name) => !names.has(name));
    return missing && `refers to ${missing}, which does not exist`;
  });
};

const rules: Rule[] = [
  imagesArePinned,
  podsAreRestricted,
  resourcesAreBounded,
  secretsAreReferences,
  onlyMigrationsMigrate,
  migrationsCarryTheTag,
  sandboxIsLocal,
  servingIsAvailable,
  selectorsSelect,
  referencesExist,
];

/** @returns a line for each mistake in the objects of an overlay */
export const ruleProblems = (objects: K8sObject[], overlay: Overlay): string[] =>
  rules.flatMap((rule) => rule(objects, overlay));
