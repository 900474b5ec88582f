import { describe, expect, test } from "bun:test";
import { Parser } from "@asyncapi/parser";
import { type MessageType, messages } from "../../services/_contracts/messages";

const text = await Bun.file(`${import.meta.dir}/../../docs/asyncapi.json`).text();
/** The one thing the parser may say: that there is a newer version of the format. */
const newerFormat = "asyncapi-latest-version";
const findings = async (source: string) => {
  const { document, diagnostics } = await new Parser().parse(source);
  return { document, problems: diagnostics.filter((it) => it.code !== newerFormat).map((it) => it.message) };
};

test("docs/asyncapi.json is AsyncAPI 3.0, its references included", async () => {
  const { document, problems } = await findings(text);
  expect(problems).toEqual([]);
  expect(document?.version()).toBe("3.0.0");
  const sent = (Object.keys(messages) as MessageType[]).filter((type) => messages[type].to.length > 0);
  const ids = (document?.messages().all() ?? []).map((message) => message.name());
  expect(ids.sort()).toEqual(sent.sort() as (string | undefined)[]);
});

describe("the parser notices", () => {
  test.each([
    ["a reference to nothing", text.replace("#/components/messages/order.confirmed", "#/components/messages/nobody")],
    ["no version", text.replace('"asyncapi": "3.0.0",', "")],
    ["an operation that is neither sent nor received", text.replace('"action": "send"', '"action": "tell"')],
  ])("%s", async (_what, broken) => {
    expect(broken).not.toBe(text);
    expect((await findings(broken)).problems).not.toEqual([]);
  });
});

test("the parts of order's queue, its commands and their answers are there", async () => {
  const { document } = await findings(text);
  expect(
    document
      ?.channels()
      .all()
      .map((channel) => channel.address())
      .sort(),
  ).toEqual(["inventory", "notification", "order", "payment"]);
  const charge = document?.operations().get("order.sends.payment.charge");
  expect(charge?.isSend()).toBe(true);
  const replies = charge
    ?.reply()
    ?.messages()
    .all()
    .map((message) => message.name());
  expect(replies).toEqual(["payment.processed", "payment.failed"]);
});

test("every example is what its message's schema says of the envelope", () => {
  const { messages: described, schemas } = JSON.parse(text).components;
  for (const [type, message] of Object.entries<Described>(described)) {
    const [{ payload: example }] = message.examples;
    const { properties } = message.payload.allOf[1];
    for (const name of schemas.CloudEvent.required) expect(Object.keys(example)).toContain(name);
    expect([example.type, example.source]).toEqual([type, properties.source.const]);
    expect(properties.dataschema.enum).toContain(example.dataschema);
    const version = example.dataschema.split(":").at(-1);
    expect(properties.data.$ref).toBe(`#/components/schemas/${type}.v${version}`);
  }
});

type Described = {
  examples: [{ payload: { type: string; source: string; dataschema: string } }];
  payload: {
    allOf: [
      unknown,
      { properties: { source: { const: string }; dataschema: { enum: string[] }; data: { $ref: string } } },
    ];
  };
};
