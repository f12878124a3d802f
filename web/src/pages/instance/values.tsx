import type { Schemas } from "../../api/client";
import type { Json } from "../../api/types";
import { texts } from "../../texts";
import type { App, InstanceView } from "./rights";
import { isNumeric, isSet, Value } from "./value";

const words = texts.instance;
const FILES = new Set(["file", "photo", "signature"]);

type Field = Schemas["Field"];
type Props = { view: InstanceView; app: App | null; apps: ReadonlySet<string> };

/** The values that are set, in the order of the app's fields, under its headings. */
export function Values({ view, app, apps }: Props) {
  const parts = partsOf(view, app);
  return (
    <section class="sheet pane" aria-labelledby="values">
      <div class="h">
        <h2 id="values">{words.values}</h2>
      </div>
      {parts.length === 0 && <p class="quiet">{words.noValues}</p>}
      <div class="stack">
        {parts.map((part) => (
          <div key={part.title}>
            {part.title !== "" && <h3 class="gap-s">{part.title}</h3>}
            <dl class="facts">
              {part.fields.map((field) => (
                <Fact key={field.id} field={field} value={view.values[field.id]} apps={apps} />
              ))}
            </dl>
          </div>
        ))}
      </div>
    </section>
  );
}

type Part = { title: string; fields: Field[] };

function partsOf(view: InstanceView, app: App | null): Part[] {
  const parts: Part[] = [{ title: "", fields: [] }];
  for (const field of app?.fields ?? fieldsOf(view)) {
    if (field.type === "separator") {
      parts.push({ title: field.label, fields: [] });
    } else if (!FILES.has(field.type) && isSet(view.values[field.id])) {
      parts[parts.length - 1]?.fields.push(field);
    }
  }
  return parts.filter((part) => part.fields.length > 0);
}

/** Fields of an app that the person may not see: they know only what they submitted, by the fields' ids. */
function fieldsOf(view: InstanceView): Field[] {
  return Object.keys(view.values).map((id, number) => {
    const plain = id.replaceAll("_", " ");
    const label = plain.charAt(0).toUpperCase() + plain.slice(1);
    return { number, id, label, type: "text", description: "", searchable: false };
  });
}

function Fact({ field, value, apps }: { field: Field; value: Json | undefined; apps: ReadonlySet<string> }) {
  const isWide = field.type === "table" || field.type === "multiline";
  return (
    <div class={isWide ? "wide-fact" : undefined}>
      <dt>{field.label}</dt>
      <dd class={isNumeric(field.type) ? "mono" : undefined}>
        {field.type === "table" && Array.isArray(value) ? (
          <Table field={field} lines={value} apps={apps} />
        ) : (
          <Value field={field} value={value} apps={apps} />
        )}
      </dd>
    </div>
  );
}

function Table({ field, lines, apps }: { field: Field; lines: readonly Json[]; apps: ReadonlySet<string> }) {
  const columns = field.columns ?? [];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways
    <section class="scroll" tabIndex={0} aria-label={field.label}>
      <table class="rows">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} class={isNumeric(column.type) ? "num" : undefined} scope="col">
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column.id} class={isNumeric(column.type) ? "num" : undefined}>
                  <Value field={column} value={cellOf(line, column.id)} apps={apps} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function cellOf(line: Json, column: string): Json | undefined {
  return typeof line === "object" && line !== null && !Array.isArray(line) ? line[column] : undefined;
}

/** Return the people whom values name, to read their names. */
export function peopleIn(view: InstanceView, app: App | null): number[] {
  const found: number[] = [];
  const add = (type: string, value: Json | undefined) => {
    if (type === "user" && typeof value === "number") {
      found.push(value);
    }
  };
  for (const field of app?.fields ?? []) {
    const value = view.values[field.id];
    add(field.type, value);
    for (const line of field.type === "table" && Array.isArray(value) ? value : []) {
      for (const column of field.columns ?? []) {
        add(column.type, cellOf(line, column.id));
      }
    }
  }
  return found;
}

export function namesGroups(app: App | null): boolean {
  return (app?.fields ?? []).some(
    (field) => field.type === "group" || field.columns?.some((one) => one.type === "group"),
  );
}
