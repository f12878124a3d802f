// Where the person is signed in.

import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../../api/client";
import { asProblem, type Problem } from "../../api/problem";
import { announce } from "../../components/announce";
import { ProblemNote, Skeleton } from "../../components/state";
import { dayAndTime, fullTime } from "../../format";
import type { Loaded } from "../../load";
import { signOut } from "../../session/session";
import { texts } from "../../texts";
import { meTexts } from "../../texts-me";
import { deviceOf } from "./device-name";

const words = meTexts.sessions;

export type OwnSession = Schemas["OwnSession"];

export async function readSessions(): Promise<readonly OwnSession[]> {
  return (await take(api.GET("/api/v1/me/sessions"))).items;
}

export function Sessions({ list }: { list: Loaded<readonly OwnSession[]> }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const items = [...(list.data ?? [])].sort((one, other) => Number(other.current) - Number(one.current));
  const hasOthers = items.some((one) => !one.current);

  async function run(act: () => Promise<unknown>, say: string) {
    try {
      await act();
      setProblem(null);
      announce(say);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await list.reload();
  }

  const end = (one: OwnSession) =>
    run(
      () => take(api.DELETE("/api/v1/credentials/{credential}", { params: { path: { credential: one.id } } })),
      words.ended,
    );

  return (
    <section class="sheet pane" aria-labelledby="sessions">
      <div class="h">
        <h2 id="sessions">{words.title}</h2>
        <span class="grow" />
        {hasOthers && (
          <button
            class="button danger"
            type="button"
            onClick={() => void run(() => take(api.DELETE("/api/v1/me/sessions")), words.othersEnded)}
          >
            {words.endOthers}
          </button>
        )}
      </div>
      <div class="stack">
        <p class="quiet small">{words.say}</p>
        {problem !== null && <ProblemNote problem={problem} />}
        {list.problem !== null && <ProblemNote problem={list.problem} onRetry={list.reload} />}
        {list.data === null && list.problem === null && <Skeleton lines={2} />}
        <ul class="list grants">
          {items.map((one) => (
            <li key={one.id}>
              <div class="body">
                <span class="name" title={one.device}>
                  {nameOf(one)} {one.current && <span class="badge now">{words.current}</span>}
                </span>
                <span class="meta">
                  <span title={fullTime(one.opened_at)}>{words.opened(dayAndTime(one.opened_at))}</span>
                  <span title={fullTime(one.expires_at)}>{words.ends(dayAndTime(one.expires_at))}</span>
                </span>
              </div>
              {one.current ? (
                <button class="button" type="button" onClick={() => void signOut()}>
                  {texts.nav.signOut}
                </button>
              ) : (
                <button
                  class="button danger"
                  type="button"
                  aria-label={words.endThe(nameOf(one), dayAndTime(one.opened_at))}
                  onClick={() => void end(one)}
                >
                  {words.end}
                </button>
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function nameOf(session: OwnSession): string {
  const device = deviceOf(session.device);
  if (device === null) {
    return words.unknown;
  }
  return device.system === null ? device.browser : words.on(device.browser, device.system);
}
