// Names every reply of an API's types (see api-types.mjs) that says nothing about what is in it:
// node check-replies.mjs types.ts
//
// Walks the content of each 2xx response of `paths`, through components, and reports `unknown`, `any` and objects
// without members. Prints a line for each: where, and the type. Exits with 1 if there is one, with 2 if there is
// nothing to check.

import { readFileSync } from "node:fs";

import ts from "typescript";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node check-replies.mjs types.ts");
  process.exit(2);
}
const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
const declared = new Map();
for (const statement of source.statements) {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    declared.set(statement.name.text, ts.isInterfaceDeclaration(statement) ? statement : statement.type);
  }
}

const nameOf = (member) => member.name?.text ?? member.name?.getText(source);

/** Return the named members of a type, through references; none for `never` and other types without members. */
function membersOf(node) {
  const found = resolve(node);
  const members = ts.isTypeLiteralNode(found) || ts.isInterfaceDeclaration(found) ? found.members : [];
  return members.filter((member) => ts.isPropertySignature(member) && member.type !== undefined);
}

function memberOf(node, name) {
  return membersOf(node).find((member) => nameOf(member) === name)?.type;
}

/** Return what `components["schemas"]["Task"]`, `operations["get_me"]` and other names stand for. */
function resolve(node) {
  if (ts.isParenthesizedTypeNode(node)) {
    return resolve(node.type);
  }
  if (ts.isIndexedAccessTypeNode(node) && ts.isLiteralTypeNode(node.indexType)) {
    const found = memberOf(node.objectType, node.indexType.literal.text);
    if (found === undefined) {
      throw new Error(`${node.getText(source)} leads nowhere`);
    }
    return resolve(found);
  }
  if (ts.isTypeReferenceNode(node) && declared.has(node.typeName.getText(source))) {
    return resolve(declared.get(node.typeName.getText(source)));
  }
  return node;
}

const seen = new Set();
const faults = [];

/** Report what says nothing, in one type and all that it contains; each component once. */
function walk(node, place) {
  const text = node.getText(source);
  if (ts.isIndexedAccessTypeNode(node) || (ts.isTypeReferenceNode(node) && declared.has(text))) {
    if (!seen.has(text)) {
      seen.add(text);
      walk(resolve(node), place);
    }
  } else if (node.kind === ts.SyntaxKind.UnknownKeyword || node.kind === ts.SyntaxKind.AnyKeyword) {
    faults.push(`${place}: ${text}`);
  } else if (ts.isTypeReferenceNode(node) && text.replace(/\s/g, "") === "Record<string,never>") {
    faults.push(`${place}: an object without members`);
  } else if (ts.isTypeLiteralNode(node)) {
    for (const member of node.members) {
      walk(member.type, `${place}/${ts.isIndexSignatureDeclaration(member) ? "*" : nameOf(member)}`);
    }
  } else if (ts.isArrayTypeNode(node)) {
    walk(node.elementType, `${place}/*`);
  } else if (ts.isTupleTypeNode(node)) {
    for (const [index, element] of node.elements.entries()) {
      walk(element, `${place}/${index}`);
    }
  } else {
    ts.forEachChild(node, (child) => {
      if (ts.isTypeNode(child)) {
        walk(child, place); // unions, intersections, parentheses, arguments of Omit and the like
      }
    });
  }
}

let replies = 0;
const paths = declared.get("paths");
for (const path of paths === undefined ? [] : membersOf(paths)) {
  for (const method of membersOf(path.type)) {
    const responses = memberOf(method.type, "responses");
    for (const response of responses === undefined ? [] : membersOf(responses)) {
      const content = nameOf(response).startsWith("2") ? memberOf(response.type, "content") : undefined;
      for (const media of content === undefined ? [] : membersOf(content)) {
        replies += 1;
        walk(media.type, `${nameOf(method).toUpperCase()} ${nameOf(path)} ${nameOf(response)} ${nameOf(media)}`);
      }
    }
  }
}
for (const fault of faults) {
  console.log(fault);
}
console.error(`${replies} replies checked, ${faults.length} places say nothing`);
process.exit(faults.length > 0 ? 1 : replies > 0 ? 0 : 2);
