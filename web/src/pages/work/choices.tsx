import { useEffect, useRef, useState } from "preact/hooks";

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import { texts } from "../../texts";
import { type DueFilter, type Filters, type Sort, sortsOf } from "./filters";

const words = texts.work;
const TYPING_MS = 250;

/** The text filter: the list follows a moment after the last key. */
export function FindTasks({ value, onFind }: { value: string; onFind: (q: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div class="find">
      <Icon name="search" />
      <input
        type="search"
        aria-label={words.filter}
        placeholder={words.filter}
        value={text}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onFind(next), TYPING_MS);
        }}
      />
    </div>
  );
}

type Props = { filters: Filters; apps: readonly Schemas["AppSummary"][]; onChange: (change: Partial<Filters>) => void };

/** App, due time and order. */
export function Choices({ filters, apps, onChange }: Props) {
  const dues = Object.entries(words.dues);
  return (
    <>
      <Chip
        label={words.app}
        value={filters.app}
        options={[["", words.allApps], ...apps.map((app) => [app.code, app.name] as const)]}
        onChange={(app) => onChange({ app })}
      />
      {filters.tab !== "done" && (
        <Chip
          label={words.due}
          value={filters.due}
          options={dues}
          onChange={(due) => onChange({ due: due as DueFilter })}
        />
      )}
      <Chip
        label={words.sort}
        value={filters.sort}
        options={sortsOf(filters.tab).map((sort) => [sort, words.sorts[sort]] as const)}
        onChange={(sort) => onChange({ sort: sort as Sort })}
      />
    </>
  );
}

type ChipProps = {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
};

function Chip({ label, value, options, onChange }: ChipProps) {
  return (
    <label class="chip">
      <span>{label}:</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
