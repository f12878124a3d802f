// Writes the types of an OpenAPI description: node api-types.mjs description.json types.ts
//
// The schema `Value` is any JSON value. openapi-typescript would write `unknown`, or, for a schema that refers to
// itself, a type that TypeScript refuses (TS2502); it becomes the recursive type `Json` instead.

import { readFile, writeFile } from "node:fs/promises";

import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const VALUE = "#/components/schemas/Value";
const JSON_TYPE = `
/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [member: string]: Json };
`;

const [description, types] = process.argv.slice(2);
if (types === undefined) {
  console.error("usage: node api-types.mjs description.json types.ts");
  process.exit(2);
}
const ast = await openapiTS(JSON.parse(await readFile(description, "utf8")), {
  silent: true,
  defaultNonNullable: false, // a member that has its default is left out of replies, and may be of bodies
  transform: (_schema, { path }) => (path === VALUE ? ts.factory.createTypeReferenceNode("Json") : undefined),
});
await writeFile(types, `// Generated from the API's description. Do not edit.\n${JSON_TYPE}\n${astToString(ast)}`);
