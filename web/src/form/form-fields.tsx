import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import { texts } from "../texts";
import type { UploadTarget } from "../uploads/queue";
import { FileField, FileList } from "./file-field";
import { type FormField, type FormState, filesIn, isEmpty, isFileField, isWritable, type Value } from "./form-state";
import { ValueInput } from "./inputs";
import type { LinkDraft } from "./link-entry";
import { ShownTable, ShownValue } from "./shown-value";
import { SignatureField } from "./signature-field";
import { TableField } from "./table-field";

type Props = {
  fields: readonly FormField[];
  state: FormState;
  target: UploadTarget;
  /** Files that the fields hold already. */
  held: Record<string, readonly Schemas["File"][]>;
};

type Part = { facts: FormField[] } | { short: FormField[] } | { one: FormField };

const SHORT: readonly FormField["type"][] = ["decimal", "integer", "date", "time", "datetime", "user", "group"];

/** Neighbours that are only read become one list of facts, short inputs stand side by side. */
function parts(fields: readonly FormField[]): Part[] {
  const found: Part[] = [];
  for (const field of fields.filter((one) => one.access !== "hide")) {
    const last = found[found.length - 1];
    if (!isWritable(field) && !isFileField(field) && field.type !== "table" && field.type !== "separator") {
      if (last !== undefined && "facts" in last) {
        last.facts.push(field);
      } else {
        found.push({ facts: [field] });
      }
    } else if (isWritable(field) && SHORT.includes(field.type)) {
      if (last !== undefined && "short" in last) {
        last.short.push(field);
      } else {
        found.push({ short: [field] });
      }
    } else {
      found.push({ one: field });
    }
  }
  return found;
}

/** The fields of a form in their order: to fill in, or to read. */
export function FormFields({ fields, state, target, held }: Props) {
  const values = state.values.value;
  const render = (field: FormField) => (
    <FieldRow key={field.id} field={field} state={state} target={target} held={held[field.id] ?? []} />
  );
  return (
    <>
      {parts(fields).map((part) => {
        if ("facts" in part) {
          return (
            <dl class="facts" key={part.facts[0]?.id}>
              {part.facts.map((field) => (
                <div key={field.id}>
                  <dt>{field.label}</dt>
                  <dd>
                    <ShownValue field={field} value={values[field.id]} />
                  </dd>
                </div>
              ))}
            </dl>
          );
        }
        if ("short" in part) {
          return (
            <div class="half" key={part.short[0]?.id}>
              {part.short.map(render)}
            </div>
          );
        }
        return render(part.one);
      })}
    </>
  );
}

type RowProps = { field: FormField; state: FormState; target: UploadTarget; held: readonly Schemas["File"][] };

const HAS_ONE_INPUT: readonly FormField["type"][] = [
  "text",
  "multiline",
  "decimal",
  "integer",
  "boolean",
  "date",
  "datetime",
  "time",
  "user",
  "group",
  "link",
];

function FieldRow({ field, state, target, held }: RowProps) {
  if (field.type === "separator") {
    return <h2 class="separator">{field.label}</h2>;
  }
  const value = state.values.value[field.id];
  if (!isWritable(field) && field.type === "table" && isEmpty(value)) {
    return null;
  }
  if (!isWritable(field) && isFileField(field) && held.length === 0) {
    return null;
  }
  const fault = state.faults.value[field.id];
  const describedBy =
    [field.description === "" ? null : `${field.id}-help`, fault === undefined ? null : `${field.id}-fault`]
      .filter((id) => id !== null)
      .join(" ") || undefined;
  const hasLabel = isWritable(field) && (HAS_ONE_INPUT.includes(field.type) || isLongChoice(field));
  const label = (
    <>
      {field.label}
      {isWritable(field) && (
        <span class="need">{field.access === "require" ? texts.task.required : texts.task.optional}</span>
      )}
    </>
  );
  return (
    <div class="field">
      {hasLabel ? (
        <label for={field.id} id={`${field.id}-label`}>
          {label}
        </label>
      ) : (
        <span class="label" id={`${field.id}-label`}>
          {label}
        </span>
      )}
      <Control field={field} value={value} state={state} target={target} held={held} describedBy={describedBy} />
      {field.description !== "" && (
        <p class="help" id={`${field.id}-help`}>
          {field.description}
        </p>
      )}
      {fault !== undefined && (
        <p class="error" id={`${field.id}-fault`}>
          <Icon name="alert" />
          {fault}
        </p>
      )}
    </div>
  );
}

function isLongChoice(field: FormField): boolean {
  return field.type === "choice" && (field.options ?? []).length > 4;
}

type ControlProps = RowProps & { value: Value | undefined; describedBy: string | undefined };

function Control({ field, value, state, target, held, describedBy }: ControlProps) {
  const set = (next: Value) => state.set(field.id, next);
  const fault = state.faults.value[field.id];
  const isRequired = field.access === "require";
  if (!isWritable(field)) {
    return field.type === "table" ? (
      <ShownTable field={field} value={value} />
    ) : (
      <FileList files={held} labelledBy={`${field.id}-label`} />
    );
  }
  if (field.type === "table") {
    return <TableField field={field} value={value} faults={state.faults.value} onChange={set} />;
  }
  if (isFileField(field)) {
    const Files = field.type === "signature" ? SignatureField : FileField;
    return (
      <Files
        field={field}
        target={target}
        value={filesIn(value)}
        held={held}
        isRequired={isRequired}
        fault={fault}
        describedBy={describedBy}
        onChange={set}
        draft={(state.drafts.value[field.id] as LinkDraft | undefined) ?? null}
        onDraft={(draft) => state.setDraft(field.id, draft)}
      />
    );
  }
  return (
    <ValueInput
      field={field}
      id={field.id}
      value={value}
      onChange={set}
      isInvalid={fault !== undefined}
      isRequired={isRequired}
      describedBy={describedBy}
    />
  );
}
