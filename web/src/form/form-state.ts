// What a form holds while it is filled in: values as they are typed, and what is wrong with them.
//
// Typed values outlive a reload of the page: they are kept for the tab until the form was sent.

import { type Signal, signal } from "@preact/signals";

import type { Schemas } from "../api/client";
import type { Fault } from "../api/problem";
import { texts } from "../texts";
import { type FileValue, isPlace } from "./file-order";

export type FormField = Schemas["FormField"];
export type Value = Schemas["Value"];
export type Values = Record<string, Value>;

const FILE_TYPES: readonly FormField["type"][] = ["file", "photo", "signature"];

export function isFileField(field: { type: FormField["type"] }): boolean {
  return FILE_TYPES.includes(field.type);
}

export function isWritable(field: FormField): boolean {
  return field.access === "edit" || field.access === "require";
}

/**
 * The fields as the form shows them: one that its rules hid when the page was opened is left out, and not sent, until
 * the server finds a fault in it. With what was typed since, its rules show it.
 */
export function shownFields(fields: readonly FormField[], revealed: ReadonlySet<string>): FormField[] {
  return fields.map((field) =>
    field.hidden === true && !revealed.has(field.id) ? { ...field, access: "hide" as const } : field,
  );
}

/** The value of a file field. */
export function filesIn(value: Value | undefined): readonly FileValue[] {
  return Array.isArray(value) ? (value as FileValue[]) : [];
}

export function isEmpty(value: Value | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === "string" && value.trim() === "") ||
    (Array.isArray(value) && value.length === 0)
  );
}

type Kept = { values: Values; comment: string; drafts?: Values };

export class FormState {
  readonly values: Signal<Values>;
  readonly comment = signal("");
  /** What is typed and is no value yet: a link that was not added, by the field's id. */
  readonly drafts: Signal<Values>;
  /** By the field's id, `lines/2/quantity` for a cell. */
  readonly faults = signal<Record<string, string>>({});
  /** The fields in which the server has found a fault, and which are shown since. */
  readonly revealed = signal<ReadonlySet<string>>(new Set());
  readonly isChanged = signal(false);
  /** Whether what is shown was typed before the page was loaded. */
  readonly isRestored: boolean;
  readonly #key: string;

  /**
   * @param key names the form among those of the tab.
   * @param values as the server has them; of file fields the files' numbers.
   */
  constructor(key: string, values: Values) {
    this.#key = `satchel:form:${key}`;
    const kept = this.#read();
    this.values = signal({ ...values, ...kept?.values });
    this.comment.value = kept?.comment ?? "";
    this.drafts = signal(kept?.drafts ?? {});
    this.isRestored = kept !== null;
    this.isChanged.value = kept !== null;
  }

  set(field: string, value: Value): void {
    this.values.value = { ...this.values.value, [field]: value };
    this.#changed(field);
  }

  /** Keep what is typed beside a field; null is nothing. */
  setDraft(field: string, draft: Value): void {
    const { [field]: _, ...rest } = this.drafts.value;
    this.drafts.value = draft === null ? rest : { ...rest, [field]: draft };
    this.#changed(field);
  }

  setComment(text: string): void {
    this.comment.value = text;
    this.#changed("comment");
  }

  /** Show what the server refused; returns the ids of the fields. */
  refuse(faults: readonly Fault[]): string[] {
    const found: Record<string, string> = {};
    for (const fault of faults) {
      const field = fault.field ?? "";
      found[field] = found[field] === undefined ? fault.message : `${found[field]} ${fault.message}`;
    }
    this.faults.value = found;
    this.revealed.value = new Set([...this.revealed.value, ...Object.keys(found).map((at) => at.split("/")[0] ?? "")]);
    return Object.keys(found);
  }

  /** Forget what was typed: it was sent, or is not wanted. */
  forget(): void {
    sessionStorage.removeItem(this.#key);
    this.isChanged.value = false;
  }

  #changed(field: string): void {
    const rest = Object.entries(this.faults.value).filter(([at]) => at !== field && !at.startsWith(`${field}/`));
    this.faults.value = Object.fromEntries(rest);
    this.isChanged.value = true;
    try {
      const kept: Kept = { values: this.values.value, comment: this.comment.value, drafts: this.drafts.value };
      sessionStorage.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // The tab's storage is full or switched off: what is typed lasts as long as the page.
    }
  }

  #read(): Kept | null {
    try {
      const text = sessionStorage.getItem(this.#key);
      return text === null ? null : (JSON.parse(text) as Kept);
    } catch {
      return null;
    }
  }
}

/** Forget the forms of the tab: somebody signs out. */
export function forgetForms(): void {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("satchel:form:")) {
      sessionStorage.removeItem(key);
    }
  }
}

const WHOLE = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/;

type Typed = { value: Value; fault?: string };

/** Turn what was typed into what the API takes. */
function typed(type: FormField["type"], value: Value | undefined): Typed {
  if (isEmpty(value)) {
    return { value: null };
  }
  if (type === "integer" && typeof value === "string") {
    const text = value.trim();
    const whole = Number(text);
    return WHOLE.test(text) && Number.isSafeInteger(whole) ? { value: whole } : { value, fault: texts.fields.whole };
  }
  if (type === "decimal" && typeof value === "string") {
    const text = value.trim();
    return DECIMAL.test(text) ? { value: text.replace(",", ".") } : { value, fault: texts.fields.decimal };
  }
  return { value: value ?? null };
}

function typedRows(field: FormField, rows: Value | undefined): { value: Value; faults: Fault[] } {
  const faults: Fault[] = [];
  const sent: Values[] = [];
  for (const row of Array.isArray(rows) ? (rows as Values[]) : []) {
    if ((field.columns ?? []).every((column) => isEmpty(row[column.id]))) {
      continue;
    }
    const cells: Values = {};
    for (const column of field.columns ?? []) {
      const cell = typed(column.type, row[column.id]);
      if (cell.fault !== undefined) {
        faults.push({ field: `${field.id}/${sent.length}/${column.id}`, message: cell.fault });
      } else if (cell.value !== null) {
        cells[column.id] = cell.value;
      }
    }
    sent.push(cells);
  }
  return { value: sent.length === 0 ? null : sent, faults };
}

/** Return the values to send, and what is wrong before anything is sent. */
export function submission(
  fields: readonly FormField[],
  values: Values,
  drafts: Values,
  isComplete: boolean,
): { values: Values; faults: Fault[] } {
  const sent: Values = {};
  const faults: Fault[] = [];
  for (const field of fields.filter(isWritable)) {
    const given = values[field.id];
    const value = isFileField(field) ? filesIn(given).filter((entry) => !isPlace(entry)) : given;
    if (field.type === "separator") {
      continue;
    }
    if (isComplete && field.access === "require" && isEmpty(value)) {
      faults.push({
        field: field.id,
        message: isFileField(field) ? texts.task.requiredFile : texts.task.requiredValue,
      });
    }
    if (field.type === "table") {
      const rows = typedRows(field, value);
      sent[field.id] = rows.value;
      faults.push(...rows.faults);
    } else if (isFileField(field)) {
      sent[field.id] = value ?? [];
      if (drafts[field.id] !== undefined) {
        faults.push({ field: field.id, message: texts.fields.link.notAdded });
      }
    } else {
      const one = typed(field.type, value);
      sent[field.id] = one.value;
      if (one.fault !== undefined) {
        faults.push({ field: field.id, message: one.fault });
      }
    }
  }
  return { values: sent, faults };
}
