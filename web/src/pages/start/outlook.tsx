// What happens once an app is started, by the activities of its process, and who sees what is submitted.

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import type { IconName } from "../../components/icons";
import { span } from "../../format";
import { texts } from "../../texts";

const words = texts.start;
const SECOND_MS = 1000;
const MOST_STEPS = 10;

type App = Schemas["App"];
type Step = Schemas["Step"];

/** The steps of the process, in the order in which it comes to them. */
export function NextSteps({ steps }: { steps: readonly Step[] }) {
  const shown = steps.filter((step) => step.kind !== "subProcess");
  if (shown.length === 0) {
    return null;
  }
  return (
    <section class="sheet" aria-labelledby="next">
      <h2 id="next">{words.next}</h2>
      <ol class="line">
        {shown.slice(0, MOST_STEPS).map((step) => (
          <li key={step.id}>
            <span class="k">
              <Icon name={iconOf(step)} />
            </span>
            <span>
              {isTask(step) ? <b>{step.name}</b> : step.name}
              <br />
              <span class="quiet small">{sayOf(step)}</span>
            </span>
          </li>
        ))}
      </ol>
      {shown.length > MOST_STEPS && <p class="quiet small">{words.moreSteps(shown.length - MOST_STEPS)}</p>}
    </section>
  );
}

/** Who sees it: the person, those who get its tasks, and those who may look into the app. */
export function WhoSees({ app }: { app: App }) {
  const tasks = app.steps.filter(isTask);
  const groups = new Set(tasks.flatMap((step) => (step.group === null ? [] : [step.group])));
  const isElse = tasks.some((step) => step.assigned !== "group" && step.assigned !== "starter");
  const who = [
    words.sees.you,
    ...[...groups].map(words.sees.group),
    ...(isElse ? [words.sees.tasks] : []),
    words.sees.viewers(app.name),
  ];
  return (
    <section class="sheet" aria-labelledby="who-sees">
      <h2 id="who-sees">{words.sees.title}</h2>
      <p class="small quiet">{new Intl.ListFormat("en", { type: "conjunction" }).format(who)}.</p>
    </section>
  );
}

function isTask(step: Step): boolean {
  return step.kind === "userTask";
}

function iconOf(step: Step): IconName {
  if (isTask(step)) {
    return step.assigned === "group" || step.assigned === "starters" ? "users" : "user";
  }
  return step.kind === "callActivity" ? "shape" : step.kind === "receiveTask" ? "inbox" : "send";
}

function dueOf({ due_s: due, due_working_days: days, due_working_s: working }: Step): string | null {
  if (typeof days === "number") {
    return words.steps.within(words.steps.workingDays(days));
  }
  if (typeof working === "number") {
    return words.steps.within(words.steps.working(span(working * SECOND_MS)));
  }
  return due === null ? null : words.steps.within(span(due * SECOND_MS));
}

function sayOf(step: Step): string {
  const { assigned, group } = step;
  const parts = [
    assigned === null ? (words.steps.kinds[step.kind] ?? words.steps.automatic) : words.steps.assigned[assigned](group),
    dueOf(step),
    step.certain ? null : words.steps.perhaps,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
