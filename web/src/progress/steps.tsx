import { Icon } from "../../components/icon";
import type { IconName } from "../../components/icons";
import { dayAndTime, fullTime } from "../../format";
import { texts } from "../../texts";
import { groupName } from "./names";
import type { Step, StepState } from "./progress";
import type { App } from "./rights";

const words = texts.instance;

const LOOKS: Record<StepState, { icon: IconName | null; tone: string }> = {
  done: { icon: "check", tone: "k good" },
  waiting: { icon: "clock", tone: "k now" },
  failed: { icon: "alert", tone: "k bad" },
  cancelled: { icon: "x", tone: "k" },
  not_reached: { icon: null, tone: "k" },
};

/** Where an instance stands, as a list; the diagram says the same. */
export function Steps({ steps, hidden = false }: { steps: readonly Step[]; hidden?: boolean }) {
  return (
    <ol class={hidden ? "visually-hidden" : "line steps"}>
      {steps.map((step) => (
        <OneStep key={step.element.id} step={step} />
      ))}
    </ol>
  );
}

function OneStep({ step }: { step: Step }) {
  const { state } = step;
  const { name, called } = step.element;
  const look = LOOKS[state];
  return (
    <li>
      <span class={look.tone}>{look.icon !== null && <Icon name={look.icon} />}</span>
      <span>
        {state === "waiting" || state === "failed" ? (
          <b>{name}</b>
        ) : (
          <span class={state === "not_reached" ? "quiet" : undefined}>{name}</span>
        )}
        <br />
        <span class={state === "failed" ? "bad small" : "quiet small"}>{say(step)}</span>
        {called !== null && (
          <a class="link small mono" href={`/i/${encodeURIComponent(called)}`}>
            {called}
          </a>
        )}
      </span>
      {step.at !== null && (
        <time dateTime={step.at} title={fullTime(step.at)}>
          {dayAndTime(step.at)}
        </time>
      )}
    </li>
  );
}

/** Return the label of an outcome. */
export function outcomeLabel(app: App | null, element: string, outcome: string): string {
  return app?.tasks[element]?.outcomes.find((one) => one.id === outcome)?.label ?? outcome;
}

function say({ element, state, group, due }: Step): string {
  switch (state) {
    case "done":
      return doneAs(element);
    case "waiting":
      return waitsFor(element, group) + (due === null ? "" : `, ${words.dueAt(dayAndTime(due))}`);
    case "failed":
      return words.legend.failed;
    case "cancelled":
      return words.cancelledStep;
    default:
      return words.legend.not;
  }
}

function doneAs({ outcome_label: outcome, by_name: who }: Step["element"]): string {
  if (outcome !== null) {
    return who === null ? words.doneOutcome(outcome) : words.doneOutcomeBy(outcome, who);
  }
  return who === null ? words.legend.done : words.doneBy(who);
}

function waitsFor({ holder_name: holder }: Step["element"], group: number | null): string {
  if (holder !== null) {
    return words.waitsFor(holder);
  }
  const name = group === null ? "" : groupName(group);
  return name === "" ? words.legend.waiting : words.offeredTo(name);
}
