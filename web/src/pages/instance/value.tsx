import type { ComponentChildren } from "preact";

import type { Schemas } from "../../api/client";
import type { Json } from "../../api/types";
import { ShownValue } from "../../form/shown-value";

/** A field, or a column of a table. */
type Shown = Pick<Schemas["Column"], "type" | "options" | "max_stars">;

/** Whether a value is one that the page shows. */
export function isSet(value: Json | undefined): value is Json {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

export function isNumeric(type: string): boolean {
  return type === "decimal" || type === "integer";
}

type Props = { field: Shown; value: Json | undefined; apps: ReadonlySet<string> };

/** A value as people write it, and identifiers lead to their instances. */
export function Value({ field, value, apps }: Props) {
  if (!isSet(value)) {
    return "";
  }
  if (field.type === "text") {
    return <Text text={String(value)} apps={apps} />;
  }
  return <ShownValue field={field} value={value} />;
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
