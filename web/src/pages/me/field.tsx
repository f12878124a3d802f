import type { ComponentChildren } from "preact";

import { Icon } from "../../components/icon";

type Props = {
  id: string;
  label: string;
  help?: ComponentChildren;
  fault?: string | null | undefined;
  children: ComponentChildren;
};

/** A label, an input with this id, what helps to fill it in, and what is wrong with it. */
export function Field({ id, label, help, fault, children }: Props) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {help !== undefined && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {fault !== null && fault !== undefined && (
        <p class="error" id={`${id}-fault`} role="alert">
          <Icon name="alert" />
          {fault}
        </p>
      )}
    </div>
  );
}

/** Return what describes the input of a field to screen readers. */
export function described(id: string, { help, fault }: { help?: boolean; fault?: string | null | undefined }) {
  const ids = [help === true ? `${id}-help` : null, fault === null || fault === undefined ? null : `${id}-fault`];
  const found = ids.filter((one) => one !== null).join(" ");
  return {
    "aria-invalid": fault !== null && fault !== undefined,
    "aria-describedby": found === "" ? undefined : found,
  };
}
