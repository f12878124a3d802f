// Moving an instance by hand: what is open is cancelled, and something else started.

import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { announce } from "../../components/announce";
import { Dialog } from "../../components/dialog";
import { ProblemNote, Skeleton } from "../../components/state";
import { useLoad } from "../../load";
import { readProgress } from "../../progress/progress";
import { texts } from "../../texts";
import { moveTexts as words } from "../../texts-moves";
import { Reason, Refused, useAsked } from "./by-hand";
import type { InstanceView } from "./rights";

type Token = Schemas["Token"];
type Element = Schemas["Element"];
type Props = { view: InstanceView; onClose: () => void; onDone: () => void };

/** Where a token can be started without naming the flow that it comes over. */
const STARTABLE = /task|activity|subprocess|catchevent|exclusivegateway|eventbasedgateway/i;

/** Ask what to cancel, where to start, and why. */
export function MoveDialog({ view, onClose, onDone }: Props) {
  const params = { path: { instance: view.id } };
  const read = useLoad(`tokens ${view.id}`, () => take(api.GET("/api/v1/instances/{instance}/tokens", { params })));
  const progress = useLoad(`progress ${view.id}`, () => readProgress(view.id));
  const [cancelled, setCancelled] = useState<readonly number[]>([]);
  const [at, setAt] = useState("");
  const [within, setWithin] = useState<number | null>(null);
  const [isNothing, setNothing] = useState(false);
  const asked = useAsked();
  const elements = progress.data?.elements ?? [];
  const tokens = read.data?.items ?? [];
  const runs = runsAround(elements, tokens, at);
  const chosenRun = runs.find((one) => one.id === within) ?? runs[0];
  const problem = read.problem ?? progress.problem;

  async function send(reason: string) {
    const start = at === "" ? [] : [{ at, within: runs.length > 1 ? (chosenRun?.id ?? null) : null }];
    setNothing(cancelled.length === 0 && start.length === 0);
    if (cancelled.length === 0 && start.length === 0) {
      return;
    }
    await take(
      api.POST("/api/v1/instances/{instance}/tokens", { params, body: { cancel: [...cancelled], start, reason } }),
    );
    announce(words.moved(view.identifier));
    onDone();
  }

  return (
    <Dialog title={words.title(view.identifier)} onClose={onClose}>
      <form class="stack" noValidate onSubmit={(event) => void asked.submit(event, send)} aria-busy={asked.isBusy}>
        <Refused problem={asked.problem} />
        <p>{words.say}</p>
        {problem !== null && <ProblemNote problem={problem} onRetry={read.reload} />}
        {problem === null && (read.data === null || progress.data === null) && <Skeleton lines={3} />}
        <fieldset class="field">
          <legend class="label">{words.cancel}</legend>
          {tokens
            .filter((token) => token.may.includes("cancel"))
            .map((token) => (
              <label class="tick" key={token.id}>
                <input
                  type="checkbox"
                  checked={cancelled.includes(token.id)}
                  onChange={(event) =>
                    setCancelled(
                      event.currentTarget.checked
                        ? [...cancelled, token.id]
                        : cancelled.filter((other) => other !== token.id),
                    )
                  }
                />
                <span>
                  {token.name} <span class="quiet">{aboutToken(token, tokens)}</span>
                </span>
              </label>
            ))}
        </fieldset>
        <div class="field">
          <label for="start-at">{words.start}</label>
          <select id="start-at" value={at} onChange={(event) => setAt(event.currentTarget.value)}>
            <option value="">{words.startNone}</option>
            {elements
              .filter((element) => STARTABLE.test(element.kind) && !/boundary/i.test(element.kind))
              .map((element) => (
                <option key={element.id} value={element.id}>
                  {nameOf(element, elements)}
                </option>
              ))}
          </select>
        </div>
        {runs.length > 1 && (
          <div class="field">
            <label for="start-within">{words.within}</label>
            <select
              id="start-within"
              value={chosenRun?.id}
              onChange={(event) => setWithin(Number(event.currentTarget.value))}
            >
              {runs.map((run) => (
                <option key={run.id} value={run.id}>
                  {words.run(run.id)}
                </option>
              ))}
            </select>
          </div>
        )}
        {isNothing && (
          <p class="error" role="alert">
            {words.nothing}
          </p>
        )}
        <Reason asked={asked} />
        <div class="row-of end">
          <button class="button" type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="button danger" type="submit">
            {words.move}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Return the open runs of the subprocess around an element. */
function runsAround(elements: readonly Element[], tokens: readonly Token[], at: string): Token[] {
  const around = elements.find((element) => element.id === at)?.within ?? null;
  return around === null ? [] : tokens.filter((token) => token.mode === "scope" && token.element === around);
}

function aboutToken(token: Token, tokens: readonly Token[]): string {
  const around = tokens.find((one) => one.id === token.within);
  const known: Readonly<Record<string, string>> = words.modes;
  const parts = [
    token.part_of === null ? (known[token.mode] ?? "") : words.repetition,
    around === undefined ? "" : `${words.insideOf(around.name)} (${words.run(around.id)})`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function nameOf(element: Element, elements: readonly Element[]): string {
  const around = elements.find((one) => one.id === element.within);
  return around === undefined ? element.name : `${element.name}, ${words.insideOf(around.name)}`;
}
