import type { ComponentChildren } from "preact";

import type { Schemas } from "../../api/client";
import { linkable } from "../../files/file";
import { dateAndTime, exactNumber, plainDate } from "../../format";
import { texts } from "../../texts";
import { groupName, personName } from "./names";

const words = texts.instance;
const list = new Intl.ListFormat(undefined, { type: "conjunction" });

/** A field, or a column of a table. */
type Shown = Pick<Schemas["Column"], "id" | "label" | "type" | "options">;

/** Whether a value is one that the page shows. */
export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

export function isNumeric(type: string): boolean {
  return type === "decimal" || type === "integer";
}

/** A value as people write it, by the type of its field; what does not fit the type is shown as it is. */
export function Value({ field, value, apps }: { field: Shown; value: unknown; apps: ReadonlySet<string> }) {
  if (!isSet(value)) {
    return "";
  }
  switch (field.type) {
    case "decimal":
    case "integer":
      return exactNumber(String(value));
    case "boolean":
      return value === true ? texts.fields.yes : texts.fields.no;
    case "date":
      return plainDate(String(value));
    case "datetime":
      return dateAndTime(String(value));
    case "time":
      return String(value).replace(/^(\d\d:\d\d):00$/, "$1");
    case "choice":
      return labelOf(field, value);
    case "choices":
      return list.format((Array.isArray(value) ? value : [value]).map((one) => labelOf(field, one)));
    case "rating":
      return texts.fields.stars(Number(value));
    case "user":
      return personName(Number(value)) || words.person(Number(value));
    case "group":
      return groupName(Number(value)) || words.group(Number(value));
    case "link":
      return <Address address={String(value)} />;
    default:
      return <Text text={typeof value === "string" ? value : JSON.stringify(value)} apps={apps} />;
  }
}

function labelOf(field: Shown, value: unknown): string {
  return field.options?.find((option) => option.id === value)?.label ?? String(value);
}

function Address({ address }: { address: string }) {
  const href = linkable(address);
  if (href === null) {
    return address;
  }
  return (
    <a class="link" href={href} target="_blank" rel="noopener noreferrer">
      {address}
    </a>
  );
}

/** A text that is the identifier of another instance, such as PUR-12, leads there. */
function Text({ text, apps }: { text: string; apps: ReadonlySet<string> }): ComponentChildren {
  const code = /^([A-Z][A-Z0-9_]*)-[1-9][0-9]*$/.exec(text)?.[1];
  if (code === undefined || !apps.has(code)) {
    return text;
  }
  return (
    <a class="link mono" href={`/i/${text}`}>
      {text}
    </a>
  );
}
