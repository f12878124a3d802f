// What an instance asked of other systems: each attempt with what was sent and what came back.

import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { api, type Schemas, take } from "../../api/client";
import { Icon } from "../../components/icon";
import { ProblemNote, Skeleton } from "../../components/state";
import type { StoredFile } from "../../files/file";
import { dayAndTime, fullTime } from "../../format";
import { useLoad } from "../../load";
import { callTexts as words } from "../../texts-calls";
import { AttemptOf } from "./attempt";
import type { Stops } from "./instance";
import { callOf } from "./skipping";

type Call = Schemas["Call"];
type Props = {
  stops: Stops;
  files: readonly StoredFile[];
  /** The address of this part of the page. */
  here: string;
  nameOf: (element: string) => string;
};

const TONES = { waiting: "now", stopped: "bad", done: "good", failed: "bad", cancelled: "" };

/** All calls, newest first. The address may name one, and an attempt of it. */
export function Calls({ stops: { calls, incidents }, files, here, nameOf }: Props) {
  const { query } = useLocation();
  const named = Number(query.call);
  if (calls.length === 0) {
    return <p class="quiet">{words.none}</p>;
  }
  const newest = calls.toReversed();
  const first = newest.find((call) => call.id === named) ?? newest.find((call) => call.state !== "done") ?? newest[0];
  return (
    <>
      {newest.map((call) => (
        <CallCard
          key={call.id}
          call={call}
          name={nameOf(call.element)}
          files={files}
          here={here}
          isFirst={call === first}
          incident={incidents.find((one) => callOf(one) === call.id)?.id ?? null}
          attempt={call.id === named ? Number(query.attempt) : Number.NaN}
        />
      ))}
    </>
  );
}

type CardProps = {
  call: Call;
  name: string;
  files: readonly StoredFile[];
  here: string;
  isFirst: boolean;
  /** The number of the open incident that the call waits for. */
  incident: number | null;
  attempt: number;
};

function CallCard({ call, name, files, here, isFirst, incident, attempt }: CardProps) {
  const state = incident === null ? call.state : "stopped";
  const [isOpen, setOpen] = useState(isFirst);
  const next = call.next_attempt_at;
  return (
    <details class="sheet pane call" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{name}</h2>
        <span class={`badge ${TONES[state]}`}>
          {TONES[state] === "bad" && <Icon name="alert" />}
          {state === "done" && <Icon name="check" />}
          {words.states[state]}
        </span>
        <span class="quiet small">
          {words.kinds[call.kind] ?? call.kind} ·{" "}
          <time title={fullTime(call.opened_at)}>{words.opened(dayAndTime(call.opened_at))}</time>
          {call.closed_at !== null && (
            <time title={fullTime(call.closed_at)}> · {words.ended(dayAndTime(call.closed_at))}</time>
          )}
          {next !== null && <time title={fullTime(next)}> · {words.next(dayAndTime(next))}</time>}
        </span>
      </summary>
      {isOpen && <Attempts call={call} incident={incident} files={files} here={here} named={attempt} />}
    </details>
  );
}

type AttemptsProps = {
  call: Call;
  incident: number | null;
  files: readonly StoredFile[];
  here: string;
  named: number;
};

/** The attempts of a call, newest first; read again as soon as the call is in another state, or has stopped anew. */
function Attempts({ call, incident, files, here, named }: AttemptsProps) {
  const key = `call ${call.id} ${call.state} ${call.next_attempt_at ?? ""} ${incident ?? ""}`;
  const record = useLoad(key, () => take(api.GET("/api/v1/calls/{call}", { params: { path: { call: call.id } } })));
  if (record.data === null) {
    return record.problem === null ? (
      <Skeleton lines={2} />
    ) : (
      <ProblemNote problem={record.problem} onRetry={record.reload} />
    );
  }
  const attempts = record.data.attempts.toReversed();
  if (attempts.length === 0) {
    return <p class="quiet">{words.noAttempt}</p>;
  }
  return (
    <>
      {attempts.map((attempt) => (
        <AttemptOf
          key={attempt.number}
          attempt={attempt}
          files={files}
          here={here}
          address={`${here}?call=${call.id}&attempt=${attempt.number}`}
          isNamed={attempt.number === named}
        />
      ))}
    </>
  );
}
