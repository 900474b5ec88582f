import { expect, test } from "bun:test";
import { AppError, errorMessage } from "./app-error";
import { toProblem } from "./problem";

test("an error keeps its internal message and cause for the log; its problem does not contain them", () => {
  const cause = new Error("connection refused");
  const error = new AppError("user.unavailable", {
    kind: "unavailable",
    public: "Later.",
    internal: "no route",
    cause,
  });
  expect(error).toMatchObject({ name: "AppError", message: "no route", status: 503, cause });
  expect(toProblem(error, "t1")).toEqual({
    type: "urn:shop:error:user.unavailable",
    title: "Later.",
    status: 503,
    code: "user.unavailable",
    traceId: "t1",
  });
});

test("a thrown value that is no error has a message", () => {
  expect(errorMessage("just text")).toBe("just text");
});
