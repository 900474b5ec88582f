import asyncApi from "../../docs/asyncapi.json" with { type: "text" };
// @ts-expect-error: TypeScript knows no .css files
import eventsPageStyles from "./events-page.css" with { type: "text" };
import verifyEmailPage from "./verify-email.html" with { type: "text" };

/**
 * The files that documents are made of. They are imported, not read from disk, so that a bundle contains them. TypeScript
 * derives the type of an import from the file's name and ignores that these are imported as text.
 */
export const texts = { asyncApi, eventsPageStyles, verifyEmailPage } as unknown as {
  asyncApi: string;
  eventsPageStyles: string;
  verifyEmailPage: string;
};
