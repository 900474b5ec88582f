import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Something that only the operator of a shop can supply. */
type OperatorValue = { name: string; pattern: RegExp; example: string };

/** Each is a file of `.secrets`. */
export const operatorSecrets = [
  { name: "STRIPE_SECRET_KEY", pattern: /^(sk|rk)_live_/, example: "sk_live_… (Stripe, API keys)" },
  { name: "STRIPE_WEBHOOK_SECRET", pattern: /^whsec_/, example: "whsec_… (Stripe, webhooks)" },
  { name: "SMTP_URL", pattern: /^smtps?:\/\//, example: "smtps://user:password@mail.example:465" },
] as const satisfies OperatorValue[];

export type OperatorSecret = (typeof operatorSecrets)[number]["name"];

/** Each is a variable of `.env`. */
export const settings: OperatorValue[] = [
  { name: "SHOP_URL", pattern: /^https?:\/\/[^/\s]+$/, example: "https://shop.example (the shop's public address)" },
  { name: "MAIL_FROM", pattern: /@/, example: "Shop <shop@shop.example>" },
];

/** The file of `.secrets` with everything that is generated. */
export const generatedFile = "generated.json";

/** A secret's value, without the last line break. Undefined if there is no file, or an empty one. */
export async function readSecret(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.trim() || undefined;
}

/** A line for each value that the operator must supply or correct. Never prints a value: it may be a secret. */
export async function operatorProblems(folder: string, env: Record<string, string | undefined>): Promise<string[]> {
  const secrets = await Promise.all(
    operatorSecrets.map(async (secret) =>
      problem(`.secrets/${secret.name}`, secret, await readSecret(folder, secret.name)),
    ),
  );
  return [
    ...secrets,
    ...settings.map((setting) => problem(`${setting.name} in .env`, setting, env[setting.name])),
  ].flat();
}

function problem(place: string, { pattern, example }: OperatorValue, value: string | undefined): string[] {
  if (value && pattern.test(value)) return [];
  return [problemLine(value ? "invalid" : "missing", place, example)];
}

export const problemLine = (what: "missing" | "invalid", place: string, remedy: string) =>
  `  ${what}  ${place.padEnd(32)}${remedy}`;
