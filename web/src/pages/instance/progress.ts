// Where an instance stands: what is done, what it waits for, what failed, in the order of time.

import type { Schemas } from "../../api/client";
import { type InstanceView, isOpen } from "./rights";

export type StepState = "done" | "waiting" | "failed" | "cancelled";

export type Step = {
  key: string;
  element: string;
  name: string;
  state: StepState;
  /** When it ended; of one that waits, since when. */
  at: string;
  /** Who completed it, or who holds it. */
  person: number | null;
  group: number | null;
  outcome: string | null;
  due: string | null;
  /** How often a call was tried, or why it failed. */
  reason: string | null;
};

const TASK_STATES: Record<string, StepState> = { failed: "failed", cancelled: "cancelled" };

type Known = {
  view: InstanceView;
  calls: readonly Schemas["Call"][];
  incidents: readonly Schemas["Incident"][];
  nameOf: (element: string) => string;
};

/** Return the steps of an instance as far as its tasks, waits, calls and incidents show them. */
export function stepsOf({ view, calls, incidents, nameOf }: Known): Step[] {
  const none = { person: null, group: null, outcome: null, due: null, reason: null };
  const stopped = new Map(incidents.map((incident) => [incident.element, incident]));
  const steps: Step[] = view.tasks.map((task) => ({
    ...none,
    key: `task-${task.id}`,
    element: task.element,
    name: task.name,
    state: isOpen(task) ? "waiting" : (TASK_STATES[task.state] ?? "done"),
    at: task.closed_at ?? task.opened_at,
    person: isOpen(task) ? task.holder : task.closed_by,
    group: isOpen(task) && task.holder === null ? task.group : null,
    outcome: task.outcome,
    due: isOpen(task) ? task.due_at : null,
  }));
  for (const call of calls) {
    steps.push({
      ...none,
      key: `call-${call.id}`,
      element: call.element,
      name: nameOf(call.element),
      state: call.state === "waiting" || call.state === "failed" || call.state === "cancelled" ? call.state : "done",
      at: call.closed_at ?? call.opened_at,
      due: call.state === "waiting" ? call.next_attempt_at : null,
      reason: call.error,
    });
  }
  for (const [index, wait] of view.waits.entries()) {
    steps.push({
      ...none,
      key: `wait-${index}`,
      element: wait.element,
      name: wait.name ?? nameOf(wait.element),
      state: "waiting",
      at: view.started_at,
      due: wait.due_at,
    });
  }
  const failing = steps.map((step) => {
    const incident = step.state === "waiting" ? stopped.get(step.element) : undefined;
    return incident === undefined ? step : { ...step, state: "failed" as const, at: incident.opened_at };
  });
  for (const incident of incidents) {
    if (!failing.some((step) => step.element === incident.element)) {
      failing.push({
        ...none,
        key: `incident-${incident.id}`,
        element: incident.element,
        name: nameOf(incident.element),
        state: "failed",
        at: incident.opened_at,
      });
    }
  }
  return failing.sort((a, b) => rank(a) - rank(b) || a.at.localeCompare(b.at));
}

/** What waits or failed comes after what has ended. */
function rank(step: Step): number {
  return { done: 0, cancelled: 0, failed: 1, waiting: 2 }[step.state];
}

const WEIGHT: Record<StepState, number> = { cancelled: 0, done: 1, waiting: 2, failed: 3 };

/** Return one state for each element: of a repeated one, the state that needs most attention. */
export function statesOf(steps: readonly Step[]): Map<string, StepState> {
  const states = new Map<string, StepState>();
  for (const step of steps) {
    const known = states.get(step.element);
    if (known === undefined || WEIGHT[step.state] > WEIGHT[known]) {
      states.set(step.element, step.state);
    }
  }
  return states;
}
