import type { DataFor } from "@shop/contracts/messages";
import type { Message } from "@shop/kit/messages";
import type { Deps } from "../deps";
import { notify } from "./notify";

export const welcomeUser = (deps: Deps, user: DataFor<"user.registered">, message: Message): Promise<void> => {
  const { userId, email, name } = user;
  return notify(deps, message, { userId, email, template: "welcome", data: { name } });
};
