import type { Schemas } from "../api/client";
import { Icon } from "../components/icon";
import type { IconName } from "../components/icons";
import { dayAndTime, fullTime, shortTime } from "../format";
import { groupName } from "../people";
import { texts } from "../texts";
import type { Step, StepState } from "./progress";

const words = texts.instance;

const LOOKS: Record<StepState, { icon: IconName | null; tone: string }> = {
  done: { icon: "check", tone: "k good" },
  waiting: { icon: "clock", tone: "k now" },
  failed: { icon: "alert", tone: "k bad" },
  cancelled: { icon: "x", tone: "k" },
  not_reached: { icon: null, tone: "k" },
};

type Props = {
  steps: readonly Step[];
  hidden?: boolean;
  /** Where no heading names the list. */
  label?: string;
  /**
   * Who started the instance and when, where nothing else on the page says so: in place of the start event. Times are
   * short then: the list stands beside something else.
   */
  started?: { who: string; at: string };
};

/** Where an instance stands, as a list; the diagram says the same. */
export function Steps({ steps, hidden = false, label, started }: Props) {
  const shown = started === undefined ? steps : steps.filter((step) => !isStart(step));
  return (
    <ol class={hidden ? "visually-hidden" : "line steps"} aria-label={label}>
      {started !== undefined && (
        <li>
          <span class={LOOKS.done.tone}>
            <Icon name="check" />
          </span>
          <span>{started.who === "" ? words.startedStep : words.startedStepBy(started.who)}</span>
          <time dateTime={started.at} title={fullTime(started.at)}>
            {shortTime(started.at)}
          </time>
        </li>
      )}
      {shown.map((step) => (
        <OneStep key={step.element.id} step={step} timeOf={started === undefined ? dayAndTime : shortTime} />
      ))}
    </ol>
  );
}

function isStart({ element }: Step): boolean {
  return element.kind === "startEvent" && element.within === null;
}

function OneStep({ step, timeOf }: { step: Step; timeOf: (at: string) => string }) {
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
          {timeOf(step.at)}
        </time>
      )}
    </li>
  );
}

/** Return the label of an outcome. */
export function outcomeLabel(app: Schemas["App"] | null, element: string, outcome: string): string {
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
