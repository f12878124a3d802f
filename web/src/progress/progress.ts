// Where an instance stands, for the list and the diagram.

import { api, type Schemas, take } from "../api/client";

export type Progress = Schemas["Progress"];
export type StepState = Schemas["Element"]["state"];

/** What of an instance says more of its steps. */
type View = Pick<Schemas["InstanceView"], "state" | "tasks" | "waits">;

/** A step that people recognize; gateways and events without a name are drawn only. */
export type Step = {
  element: Schemas["Element"];
  state: StepState;
  /** Since when it waits, or when it ended. */
  at: string | null;
  /** Of a task: the group to which it is offered, and when it is due. */
  group: number | null;
  due: string | null;
};

export async function readProgress(instance: number): Promise<Progress> {
  return take(api.GET("/api/v1/instances/{instance}/progress", { params: { path: { instance } } }));
}

/** Return the steps of the list: what was reached, and while the process runs also what may still come. */
export function stepsOf(progress: Progress, view: View): Step[] {
  return progress.elements.filter((element) => isListed(element, view)).map((element) => stepOf(element, view));
}

/** What waits for a retry has failed, for people. */
function stateOf(element: Schemas["Element"]): StepState {
  return element.incident === null ? element.state : "failed";
}

function isListed(element: Schemas["Element"], view: View): boolean {
  if (element.state === "not_reached") {
    return view.state === "running" && isActivity(element);
  }
  return element.state !== "done" || isActivity(element) || (isEvent(element) && element.name !== element.id);
}

function isActivity(element: Schemas["Element"]): boolean {
  return /(task|activity|subprocess)$/i.test(element.kind);
}

function isEvent(element: Schemas["Element"]): boolean {
  return /event$/i.test(element.kind);
}

function stepOf(element: Schemas["Element"], view: View): Step {
  const state = stateOf(element);
  const task = element.state === "waiting" ? view.tasks.find((one) => one.id === element.task) : undefined;
  const wait = element.state === "waiting" ? view.waits.find((one) => one.element === element.id) : undefined;
  return {
    element,
    state,
    at: element.closed_at ?? element.opened_at,
    group: task !== undefined && task.holder === null ? task.group : null,
    due: task?.due_at ?? wait?.due_at ?? null,
  };
}

/** Return what is drawn: the state of each element that was reached, and the flows that were taken. */
export function statesOf(progress: Progress): Map<string, StepState> {
  const states = new Map<string, StepState>(progress.flows.map((flow) => [flow, "done"]));
  for (const element of progress.elements) {
    if (element.state !== "not_reached") {
      states.set(element.id, stateOf(element));
    }
  }
  return states;
}
