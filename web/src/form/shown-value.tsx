import { useEffect } from "preact/hooks";

import { dayAndTime, number, plainDate } from "../format";
import { groupName, learnGroups, usePersonName } from "../people";
import { texts } from "../texts";
import type { FormField, Value } from "./form-state";
import { rowsOf } from "./table-field";

const words = texts.fields;

type Declared = Pick<FormField, "type" | "options" | "max_stars">;

const SAFE_LINK = /^(https?|mailto|tel):/i;

/** A value as it is read: dates in the browser's language, options by their labels, people by name. */
export function ShownValue({ field, value }: { field: Declared; value: Value | undefined }) {
  if (field.type === "user" && typeof value === "number") {
    return <PersonName id={value} />;
  }
  if (field.type === "group" && typeof value === "number") {
    return <GroupName id={value} />;
  }
  const text = textOf(field, value);
  if (field.type === "link" && SAFE_LINK.test(text)) {
    return (
      <a class="link" href={text} rel="noopener noreferrer" target="_blank">
        {text}
      </a>
    );
  }
  if (field.type === "multiline") {
    return <span class="lines">{text}</span>;
  }
  return <>{text}</>;
}

export function PersonName({ id }: { id: number }) {
  return <>{usePersonName(id)}</>;
}

function GroupName({ id }: { id: number }) {
  useEffect(() => void learnGroups(), []);
  return <>{groupName(id)}</>;
}

function textOf(field: Declared, value: Value | undefined): string {
  if (value === null || value === undefined || value === "") {
    return "–";
  }
  const label = (id: Value) => field.options?.find((option) => option.id === id)?.label ?? String(id);
  switch (field.type) {
    case "boolean":
      return value === true ? words.yes : words.no;
    case "date":
      return plainDate(String(value));
    case "datetime":
      return dayAndTime(String(value));
    case "time":
      return String(value).slice(0, 5);
    case "choice":
      return label(value);
    case "choices":
      return Array.isArray(value) ? value.map(label).join(", ") : String(value);
    case "integer":
      return typeof value === "number" ? number(value) : String(value);
    case "decimal":
      return decimal(String(value));
    case "rating":
      return typeof value === "number" ? `${"★".repeat(value)} ${words.stars(value)}` : String(value);
    default:
      return String(value);
  }
}

/** A decimal with the separators of the browser's language; its digits stay as they are. */
function decimal(text: string): string {
  const [whole = "0", part] = text.split(".");
  const parts = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1 }).formatToParts(1.1);
  const point = parts.find((one) => one.type === "decimal")?.value ?? ".";
  const grouped = `${whole === "-0" ? "-" : ""}${new Intl.NumberFormat().format(BigInt(whole))}`;
  return part === undefined ? grouped : `${grouped}${point}${part}`;
}

/** A table as it is read. */
export function ShownTable({ field, value }: { field: FormField; value: Value | undefined }) {
  const columns = field.columns ?? [];
  return (
    <div class="scroll">
      <table class="rows" aria-labelledby={`${field.id}-label`}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} class={column.type === "integer" || column.type === "decimal" ? "num" : ""}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(value).map((row, line) => (
            <tr key={line}>
              {columns.map((column) => (
                <td key={column.id} class={column.type === "integer" || column.type === "decimal" ? "num" : ""}>
                  <ShownValue field={column} value={row[column.id]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
