import { writeDocuments } from "../render";

/** `bun envoy/documents/write.ts <folder>` writes the documents, for the image of the edge. */
const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: bun envoy/documents/write.ts <folder>");
await writeDocuments(folder);
