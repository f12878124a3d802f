// The inputs of single values: of fields, and of the cells of a table.

import { texts } from "../texts";
import type { FormField, Value } from "./form-state";
import { GroupInput, PersonInput } from "./person-input";

const words = texts.fields;

export type Declared = Pick<
  FormField,
  "type" | "options" | "max_length" | "min" | "max" | "digits" | "disable_future" | "disable_past" | "max_stars"
>;

export type InputProps = {
  field: Declared;
  id: string;
  value: Value | undefined;
  onChange: (value: Value) => void;
  isInvalid: boolean;
  isRequired: boolean;
  describedBy: string | undefined;
  /** Where no <label> names the input. */
  label?: string;
};

const MOST_RADIOS = 4;
const DEFAULT_STARS = 5;

/** One value's input, by its type. */
export function ValueInput(props: InputProps) {
  const { field, value, onChange } = props;
  const text = value === null || value === undefined ? "" : String(value);
  switch (field.type) {
    case "multiline":
      return (
        <textarea rows={3} {...plain(props)} value={text} onInput={(event) => onChange(event.currentTarget.value)} />
      );
    case "decimal":
    case "integer":
      return (
        <input
          class="number"
          inputMode={field.type === "decimal" ? "decimal" : "numeric"}
          {...plain(props)}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "date":
      return <DateInput {...props} type="date" text={text} />;
    case "time":
      return <DateInput {...props} type="time" text={text} />;
    case "datetime":
      return <DateTimeInput {...props} text={text} />;
    case "boolean":
      return (
        <select
          {...plain(props)}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value === "" ? null : event.currentTarget.value === "true")}
        >
          <option value="">{props.isRequired ? words.choose : ""}</option>
          <option value="true">{words.yes}</option>
          <option value="false">{words.no}</option>
        </select>
      );
    case "choice":
      return <Choice {...props} text={text} />;
    case "choices":
      return <Choices {...props} />;
    case "rating":
      return <Stars {...props} />;
    case "user":
      return <PersonInput {...props} />;
    case "group":
      return <GroupInput {...props} />;
    default:
      return (
        <input
          type={field.type === "link" ? "url" : "text"}
          {...plain(props)}
          value={text}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

/** What every input says of itself. */
export function plain({ id, isInvalid, isRequired, describedBy, label }: Omit<InputProps, "field">) {
  return {
    id,
    "aria-invalid": isInvalid,
    "aria-required": isRequired,
    "aria-describedby": describedBy,
    "aria-label": label,
  } as const;
}

function DateInput(props: InputProps & { type: "date" | "time"; text: string }) {
  const { field, type, text, onChange } = props;
  const day = dayOf(new Date());
  return (
    <input
      type={type}
      class="when"
      {...plain(props)}
      max={type === "date" && field.disable_future === true ? day : undefined}
      min={type === "date" && field.disable_past === true ? day : undefined}
      value={type === "time" ? text.slice(0, 5) : text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

const pad = (value: number) => String(value).padStart(2, "0");
const dayOf = (at: Date) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;

/** A moment, shown and typed in the time zone of the browser. */
function DateTimeInput(props: InputProps & { text: string }) {
  const at = new Date(props.text);
  const shown = Number.isNaN(at.getTime()) ? "" : `${dayOf(at)}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return (
    <input
      type="datetime-local"
      class="when"
      {...plain(props)}
      value={shown}
      onInput={(event) => {
        const given = new Date(event.currentTarget.value);
        props.onChange(Number.isNaN(given.getTime()) ? null : given.toISOString());
      }}
    />
  );
}

/** A few options as buttons in a row, more as a list. */
function Choice(props: InputProps & { text: string }) {
  const { field, id, text, onChange } = props;
  const options = field.options ?? [];
  if (options.length > MOST_RADIOS || props.label !== undefined) {
    return (
      <select {...plain(props)} value={text} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{props.isRequired ? words.choose : ""}</option>
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.label}
          </option>
        ))}
      </select>
    );
  }
  return (
    <div class="row-of">
      <div class="seg" role="radiogroup" aria-labelledby={`${id}-label`} aria-describedby={props.describedBy}>
        {options.map((option, index) => (
          <label key={option.id}>
            <input
              type="radio"
              id={index === 0 ? id : undefined}
              name={id}
              checked={text === option.id}
              onChange={() => onChange(option.id)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      {text !== "" && !props.isRequired && (
        <button class="button plain" type="button" onClick={() => onChange(null)}>
          {words.clear}
        </button>
      )}
    </div>
  );
}

function Choices(props: InputProps) {
  const { field, id, value, onChange } = props;
  const chosen = Array.isArray(value) ? value : [];
  return (
    // biome-ignore lint/a11y/useSemanticElements: the field around it is the group's label
    <div role="group" aria-labelledby={`${id}-label`} aria-describedby={props.describedBy}>
      {(field.options ?? []).map((option, index) => (
        <label class="tick" key={option.id}>
          <input
            type="checkbox"
            id={index === 0 ? id : undefined}
            checked={chosen.includes(option.id)}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, option.id] : chosen.filter((one) => one !== option.id))
            }
          />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  );
}

function Stars(props: InputProps) {
  const { field, id, value, onChange } = props;
  const most = field.max_stars ?? DEFAULT_STARS;
  const given = typeof value === "number" ? value : 0;
  return (
    <div class="row-of">
      <div class="stars" role="radiogroup" aria-labelledby={`${id}-label`} aria-label={props.label}>
        {Array.from({ length: most }, (_, index) => index + 1).map((stars) => (
          <label key={stars} class={stars <= given ? "on" : ""}>
            <input
              type="radio"
              id={stars === 1 ? id : undefined}
              name={id}
              aria-label={words.stars(stars)}
              checked={stars === given}
              onChange={() => onChange(stars)}
            />
            <span aria-hidden="true">{stars <= given ? "★" : "☆"}</span>
          </label>
        ))}
      </div>
      {given > 0 && !props.isRequired && (
        <button class="button plain" type="button" onClick={() => onChange(null)}>
          {words.clear}
        </button>
      )}
    </div>
  );
}
