import { serviceNames } from "../../../services/_contracts/services";
import type { Scale } from "../config/env";
import { instancePort, type Ports } from "../config/ports";
import type { NamedPort } from "../process/port-holder";
import type { Store } from "../stores/embedded";

/** The ports that a stack listens on. Without `scale` it consists of the stores only. */
export function requiredPorts(ports: Ports, stores: Store[], scale: Scale | undefined): NamedPort[] {
  const named = (name: keyof Ports) => ({ name, port: ports[name] });
  if (!scale) return stores.map(named);
  const instances = serviceNames.flatMap((service) =>
    Array.from({ length: scale[service] ?? 1 }, (_, index) => ({
      name: `${service}-${index}`,
      port: instancePort(ports, service, index),
    })),
  );
  return [...stores.map(named), ...(["edge", "admin", "ops", "sandbox", "smtp"] as const).map(named), ...instances];
}
