// What the person may do with an instance, by their rights and the open tasks that they hold; the server decides again.

import type { Schemas } from "../../api/client";
import { me } from "../../session/session";

export type InstanceView = Schemas["InstanceView"];
export type App = Schemas["App"];
export type Task = Schemas["Task"];

const OPEN = new Set(["unassigned", "assigned", "arrived"]);
const WRITABLE = new Set(["edit", "require"]);

export function isOpen(task: Task): boolean {
  return OPEN.has(task.state);
}

export function mayIn(app: number, right: Schemas["Grant"]["right"]): boolean {
  const who = me.value;
  return (
    who !== null && (who.admin || [String(app), "*"].some((of) => (who.rights[of] ?? []).some((one) => one === right)))
  );
}

export function holds(task: Task): boolean {
  return isOpen(task) && task.holder !== null && task.holder === me.value?.id;
}

export function isOffered(task: Task, app: number): boolean {
  if (!isOpen(task) || task.holder !== null) {
    return false;
  }
  return task.group === null ? mayIn(app, "start") : (me.value?.groups.includes(task.group) ?? false);
}

/** Whether the person may add files to the instance outside a task's form. */
export function mayAddFiles(view: InstanceView): boolean {
  return view.state === "running" && mayIn(view.app_id, "modify");
}

/** Whether the person may rename or delete what a field holds (null: the attachments). */
export function mayChangeFiles(view: InstanceView, app: App | null, field: string | null): boolean {
  if (mayIn(view.app_id, "modify")) {
    return true;
  }
  return (
    field !== null &&
    view.tasks.some((task) => holds(task) && WRITABLE.has(app?.tasks[task.element]?.fields[field] ?? "hide"))
  );
}

export function mayComment(view: InstanceView): boolean {
  return mayIn(view.app_id, "modify") || view.tasks.some(holds);
}
