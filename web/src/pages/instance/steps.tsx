import { Icon } from "../../components/icon";
import type { IconName } from "../../components/icons";
import { dayAndTime, fullTime } from "../../format";
import { texts } from "../../texts";
import { groupName, personName } from "./names";
import type { Step, StepState } from "./progress";
import type { App } from "./rights";

const words = texts.instance;

const LOOKS: Record<StepState, { icon: IconName; tone: string }> = {
  done: { icon: "check", tone: "k good" },
  waiting: { icon: "clock", tone: "k now" },
  failed: { icon: "alert", tone: "k bad" },
  cancelled: { icon: "x", tone: "k" },
};

/** Where an instance stands, as a list; the diagram says the same. */
export function Steps({ steps, app, hidden = false }: { steps: readonly Step[]; app: App | null; hidden?: boolean }) {
  return (
    <ol class={hidden ? "visually-hidden" : "line steps"}>
      {steps.map((step) => (
        <li key={step.key}>
          <span class={LOOKS[step.state].tone}>
            <Icon name={LOOKS[step.state].icon} />
          </span>
          <span>
            {step.state === "done" || step.state === "cancelled" ? step.name : <b>{step.name}</b>}
            <br />
            <span class={step.state === "failed" ? "bad small" : "quiet small"}>{say(step, app)}</span>
          </span>
          <time dateTime={step.at} title={fullTime(step.at)}>
            {dayAndTime(step.at)}
          </time>
        </li>
      ))}
    </ol>
  );
}

/** Return the label of an outcome. */
export function outcomeLabel(app: App | null, element: string, outcome: string): string {
  return app?.tasks[element]?.outcomes.find((one) => one.id === outcome)?.label ?? outcome;
}

function say(step: Step, app: App | null): string {
  const who = step.person === null ? "" : personName(step.person);
  if (step.state === "done" && step.outcome !== null) {
    const outcome = outcomeLabel(app, step.element, step.outcome);
    return who === "" ? words.doneOutcome(outcome) : words.doneOutcomeBy(outcome, who);
  }
  if (step.state === "done") {
    return who === "" ? words.legend.done : words.doneBy(who);
  }
  if (step.state === "waiting") {
    const due = step.due === null ? "" : `, ${words.dueAt(dayAndTime(step.due))}`;
    if (who !== "") {
      return words.waitsFor(who) + due;
    }
    const group = step.group === null ? "" : groupName(step.group);
    return (group === "" ? words.legend.waiting : words.offeredTo(group)) + due;
  }
  return step.state === "failed" && step.reason !== null
    ? words.failedBecause(step.reason.replaceAll("_", " "))
    : step.state === "failed"
      ? words.legend.failed
      : words.cancelledStep;
}
