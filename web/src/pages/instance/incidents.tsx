import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { Icon } from "../../components/icon";
import { ProblemNote } from "../../components/state";
import { dayAndTime, fullTime, shortTime } from "../../format";
import { texts } from "../../texts";
import { callTexts } from "../../texts-calls";
import { type Retry, useRetry } from "./retries";
import type { InstanceView } from "./rights";
import { callOf, SkipDialog } from "./skipping";

const words = texts.instance;

type Incident = Schemas["Incident"];
type Props = {
  view: InstanceView;
  incidents: readonly Incident[];
  nameOf: (element: string) => string;
  onChange: () => Promise<void>;
};

/** What stopped the instance, and the way to continue. */
export function Incidents({ view, incidents, nameOf, onChange }: Props) {
  const { retry, begin, end } = useRetry(view.id, onChange);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [skipping, setSkipping] = useState<Incident | null>(null);
  const mayAct = view.may.includes("retry");

  async function run(incident: Incident) {
    try {
      await take(api.POST("/api/v1/incidents/{incident}/retry", { params: { path: { incident: incident.id } } }));
      setProblem(null);
      begin(incident);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await onChange();
  }

  /** While a step is retried, the note about the retry stands for its incident. */
  const isShown = (incident: Incident) =>
    retry === null || retry.state === "failed" || incident.element !== retry.incident.element;
  const hasFailed = (incident: Incident) =>
    retry?.state === "failed" && incident.element === retry.incident.element && incident.id !== retry.incident.id;

  return (
    <>
      {problem !== null && <ProblemNote problem={problem} />}
      {incidents.filter(isShown).map((incident) => (
        <Banner
          key={incident.id}
          incident={incident}
          name={nameOf(incident.element)}
          isAgain={hasFailed(incident)}
          calls={`/i/${view.identifier}/calls`}
          onRetry={mayAct ? () => void run(incident) : null}
          onSkip={mayAct && callOf(incident) !== null ? () => setSkipping(incident) : null}
        />
      ))}
      {retry !== null && retry.state !== "failed" && (
        <RetryNote retry={retry} name={nameOf(retry.incident.element)} onClose={end} />
      )}
      {skipping !== null && (
        <SkipDialog
          incident={skipping}
          name={nameOf(skipping.element)}
          onClose={() => setSkipping(null)}
          onDone={() => {
            setSkipping(null);
            end();
            void onChange();
          }}
        />
      )}
    </>
  );
}

type BannerProps = {
  incident: Incident;
  name: string;
  isAgain: boolean;
  calls: string;
  onRetry: (() => void) | null;
  onSkip: (() => void) | null;
};

function Banner({ incident, name, isAgain, calls, onRetry, onSkip }: BannerProps) {
  const call = callOf(incident);
  return (
    <div class="note bad" role="alert">
      <Icon name="alert" />
      <div class="say">
        <b>{isAgain ? words.retryStates.failed(name) : words.stopped(name)}</b>
        <br />
        <span class="small">
          {incident.message}{" "}
          <time title={fullTime(incident.opened_at)}>{words.since(shortTime(incident.opened_at))}</time>{" "}
          {onRetry === null ? words.askForRetry : words.retrySay}{" "}
          {call !== null && (
            <a class="link" href={`${calls}?call=${call}`}>
              {callTexts.lookAt}
            </a>
          )}
        </span>
      </div>
      {onSkip !== null && (
        <button class="button" type="button" onClick={onSkip}>
          {callTexts.skipAsk}
          <span class="visually-hidden"> {name}</span>
        </button>
      )}
      {onRetry !== null && (
        <button class="button first" type="button" onClick={onRetry}>
          <Icon name="retry" />
          {words.retry}
          <span class="visually-hidden"> {name}</span>
        </button>
      )}
    </div>
  );
}

function RetryNote({ retry, name, onClose }: { retry: Retry; name: string; onClose: () => void }) {
  const isDone = retry.state === "done";
  const say = {
    waiting: words.retryStates.waiting(name),
    running: words.retryStates.running(name),
    later: words.retryStates.later(name, retry.next === null ? "" : dayAndTime(retry.next)),
    done: words.retryStates.done(name),
    failed: words.retryStates.failed(name),
  }[retry.state];
  return (
    <div class={isDone ? "note good" : "note info"} role="status">
      <Icon name={isDone ? "check" : "clock"} />
      <div class="say">
        <b>{say}</b>
      </div>
      {isDone && (
        <button class="button icon" type="button" aria-label={texts.close} onClick={onClose}>
          <Icon name="x" />
        </button>
      )}
    </div>
  );
}
