/** For `drizzle-kit generate`, after a change of the schema. */
export default { dialect: "postgresql", schema: "./store/schema.ts", out: "./store/migrations" };
