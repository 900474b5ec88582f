import type { AppError } from "../errors/app-error";

/** The code of the error with which `work` fails, or "nothing thrown". */
export const errorCode = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing thrown",
    (error: AppError) => error.code,
  );
