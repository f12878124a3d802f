import { useLayoutEffect, useRef } from "preact/hooks";

import { Icon } from "../components/icon";
import { texts } from "../texts";
import type { FormField, Value, Values } from "./form-state";
import { ValueInput } from "./inputs";

const words = texts.fields;

type Props = {
  field: FormField;
  value: Value | undefined;
  faults: Record<string, string>;
  onChange: (rows: Value) => void;
};

export function rowsOf(value: Value | undefined): Values[] {
  return Array.isArray(value) ? (value as Values[]) : [];
}

/** A table whose lines are typed in place: Enter in the last line adds one. */
export function TableField({ field, value, faults, onChange }: Props) {
  const rows = rowsOf(value);
  const columns = field.columns ?? [];
  const box = useRef<HTMLDivElement>(null);
  const isFull = field.max_rows !== undefined && rows.length >= field.max_rows;

  // As soon as the line is there: a key that is pressed meanwhile would go to the button.
  const wanted = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (wanted.current !== null) {
      box.current?.querySelector<HTMLElement>(`[id^="${field.id}-${wanted.current}-"]`)?.focus();
      wanted.current = null;
    }
  }, [rows.length, field.id]);

  const add = () => {
    wanted.current = rows.length;
    onChange([...rows, {}]);
  };
  const set = (line: number, column: string, cell: Value) =>
    onChange(rows.map((row, index) => (index === line ? { ...row, [column]: cell } : row)));

  return (
    <div ref={box}>
      {rows.length > 0 && (
        <div class="scroll">
          <table class="rows" aria-labelledby={`${field.id}-label`}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.id}>{column.label}</th>
                ))}
                <th class="fit">
                  <span class="visually-hidden">{words.remove}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, line) => (
                <tr key={line}>
                  {columns.map((column) => {
                    const fault = faults[`${field.id}/${line}/${column.id}`];
                    const id = `${field.id}-${line}-${column.id}`;
                    return (
                      <td
                        key={column.id}
                        onKeyDown={(event) => {
                          if (event.key === "Enter" && !event.ctrlKey && line === rows.length - 1 && !isFull) {
                            event.preventDefault();
                            add();
                          }
                        }}
                      >
                        <ValueInput
                          field={column}
                          id={id}
                          label={words.cell(column.label, line + 1)}
                          value={row[column.id]}
                          onChange={(cell) => set(line, column.id, cell)}
                          isInvalid={fault !== undefined}
                          isRequired={column.required}
                          describedBy={fault === undefined ? undefined : `${id}-fault`}
                        />
                        {fault !== undefined && (
                          <p class="error" id={`${id}-fault`}>
                            <Icon name="alert" />
                            {fault}
                          </p>
                        )}
                      </td>
                    );
                  })}
                  <td class="fit">
                    <button
                      class="button icon"
                      type="button"
                      aria-label={words.removeLine(line + 1)}
                      onClick={() => {
                        wanted.current = Math.max(0, line - 1);
                        onChange(rows.filter((_, index) => index !== line));
                      }}
                    >
                      <Icon name="x" />
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <button
        class="button plain"
        type="button"
        id={rows.length === 0 ? field.id : undefined}
        onClick={add}
        disabled={isFull}
      >
        <Icon name="plus" />
        {words.addLine}
      </button>
    </div>
  );
}
