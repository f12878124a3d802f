// What the person may do with an instance, as the server said with it.

import type { Schemas } from "../../api/client";

export type InstanceView = Schemas["InstanceView"];
export type App = Schemas["App"];
export type Task = Schemas["Task"];

const OPEN = new Set(["unassigned", "assigned", "arrived"]);

export function isOpen(task: Task): boolean {
  return OPEN.has(task.state);
}

/** Whether the person holds the task, so that it waits for them. */
export function holds(task: Task): boolean {
  return task.may.includes("complete");
}

export function isOffered(task: Task): boolean {
  return task.may.includes("claim");
}

/** The open tasks that the person may complete in somebody's place. */
export function completable(view: InstanceView): Task[] {
  return view.tasks.filter((task) => task.may.includes("complete_by_hand"));
}
