import type { ComponentChildren } from "preact";

import { Icon } from "../components/icon";
import { texts } from "../texts";

type Props = { say: ComponentChildren; tone?: "good" | "bad"; children: ComponentChildren };

/** The bar under a form: what is the state, and the buttons that send it. */
export function Deck({ say, tone, children }: Props) {
  return (
    <div class="deck">
      <span class="state" role="status">
        {tone === "good" && <Icon name="check" tone="good" />}
        {tone === "bad" && <Icon name="alert" tone="bad" />}
        <span class={tone === "bad" ? "bad" : ""}>{say}</span>
      </span>
      {children}
    </div>
  );
}

/** Move the focus to the first field that has a fault, in the order of the page. */
export function focusFirstFault(): void {
  requestAnimationFrame(() => {
    const fault = document.querySelector(".form .error");
    const field = fault?.closest(".field");
    const control =
      fault?.closest("td")?.querySelector<HTMLElement>("input, select, textarea") ??
      field?.querySelector<HTMLElement>("input:not([type=file]), select, textarea, button");
    control?.focus();
    field?.scrollIntoView({ block: "center" });
  });
}

/** The note above a form that another person, or the process, has overtaken. */
export function Overtaken({ title, say, children }: { title: string; say: string; children?: ComponentChildren }) {
  return (
    <div class="note warn" role="alert">
      <Icon name="alert" />
      <div class="say">
        <b>{title}</b> {say}
      </div>
      {children}
    </div>
  );
}

/** Say which fields need attention; faults of no field of the form are said in full. */
export function sayFaults(faults: Record<string, string>, fields: readonly { id: string; access: string }[]): string {
  const shown = new Set(fields.filter((field) => field.access !== "hide").map((field) => field.id));
  const others = Object.entries(faults).filter(([at]) => !shown.has(at.split("/")[0] ?? ""));
  const here = Object.keys(faults).length - others.length;
  return [here > 0 ? texts.task.faults(here) : "", ...others.map(([, message]) => message)]
    .filter((s) => s !== "")
    .join(" ");
}
