// Completing a task in somebody's place.

import { useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { announce } from "../../components/announce";
import { Dialog } from "../../components/dialog";
import { texts } from "../../texts";
import { moveTexts as words } from "../../texts-moves";
import { Reason, Refused, useAsked } from "./by-hand";
import { type App, completable, type InstanceView } from "./rights";

type Props = { view: InstanceView; app: App | null; onClose: () => void; onDone: () => void };

/** Ask which task, how it ends, and why. */
export function CompleteDialog({ view, app, onClose, onDone }: Props) {
  const tasks = completable(view);
  const [number, setNumber] = useState(tasks[0]?.id);
  const [outcome, setOutcome] = useState("");
  const [isMissing, setMissing] = useState(false);
  const asked = useAsked();
  const task = tasks.find((one) => one.id === number);
  const outcomes = (task === undefined ? undefined : app?.tasks[task.element]?.outcomes) ?? [];

  async function send(reason: string) {
    const isLacking = outcomes.length > 0 && outcome === "";
    setMissing(isLacking);
    if (task === undefined || isLacking) {
      return;
    }
    const params = { path: { instance: view.id, task: task.id } };
    const body = { reason, outcome: outcomes.length > 0 ? outcome : null };
    await take(api.POST("/api/v1/instances/{instance}/tasks/{task}/complete", { params, body }));
    announce(words.completed(task.name));
    onDone();
  }

  return (
    <Dialog title={words.completeTitle} onClose={onClose}>
      <form class="stack" noValidate onSubmit={(event) => void asked.submit(event, send)} aria-busy={asked.isBusy}>
        <Refused problem={asked.problem} />
        <p>{words.completeSay}</p>
        <div class="field">
          <label for="which-task">{words.task}</label>
          <select
            id="which-task"
            value={number}
            onChange={(event) => {
              setNumber(Number(event.currentTarget.value));
              setOutcome("");
            }}
          >
            {tasks.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </div>
        {outcomes.length > 0 && (
          <div class="field">
            <label for="which-outcome">{words.outcome}</label>
            <select
              id="which-outcome"
              value={outcome}
              aria-required="true"
              aria-invalid={isMissing}
              aria-describedby={isMissing ? "outcome-fault" : undefined}
              onChange={(event) => setOutcome(event.currentTarget.value)}
            >
              <option value="">{words.choose}</option>
              {outcomes.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.label}
                </option>
              ))}
            </select>
            {isMissing && (
              <p class="error" id="outcome-fault" role="alert">
                {words.outcomeMissing}
              </p>
            )}
          </div>
        )}
        <Reason asked={asked} />
        <div class="row-of end">
          <button class="button" type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="button danger" type="submit">
            {words.complete}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
