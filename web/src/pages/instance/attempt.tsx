import "./calls.css";

import { useEffect, useRef } from "preact/hooks";

import type { Schemas } from "../../api/client";
import { Icon } from "../../components/icon";
import type { StoredFile } from "../../files/file";
import { bytes, dayAndTime, fullTime, number } from "../../format";
import { callTexts as words } from "../../texts-calls";
import { type Exchange, exchangeOf } from "./exchange";

type Props = {
  attempt: Schemas["CallAttempt"];
  files: readonly StoredFile[];
  here: string;
  address: string;
  /** Whether the page's address names it. */
  isNamed: boolean;
};

const SECOND_MS = 1000;

/** One attempt: when, what was sent, what came back, and why it failed. */
export function AttemptOf({ attempt, files, here, address, isNamed }: Props) {
  const box = useRef<HTMLElement>(null);
  const exchange = exchangeOf(attempt.details);
  const heading = `attempt-${address.replaceAll(/\D+/g, "-")}`;
  useEffect(() => {
    if (isNamed) {
      box.current?.focus({ preventScroll: true });
      box.current?.scrollIntoView({ block: "center" });
    }
  }, [isNamed]);

  return (
    <section
      class={isNamed ? "attempt named" : "attempt"}
      ref={box}
      tabIndex={isNamed ? -1 : undefined}
      aria-labelledby={heading}
    >
      <div class="row-of">
        <h3 id={heading}>{words.attempt(attempt.number)}</h3>
        <span class={attempt.state === "failed" ? "bad" : attempt.state === "done" ? "good" : "quiet"}>
          {words.attemptStates[attempt.state]}
        </span>
        <span class="quiet small grow">
          <time title={fullTime(attempt.started_at)}>{dayAndTime(attempt.started_at)}</time>
          {attempt.ended_at !== null && `, ${words.took(timeBetween(attempt.started_at, attempt.ended_at))}`}
        </span>
        <a class="button icon" href={address} aria-label={words.link(attempt.number)}>
          <Icon name="link" />
        </a>
      </div>
      {attempt.message !== null && <p class="quote">{attempt.message}</p>}
      <Sent exchange={exchange} files={files} here={here} />
      <Answered exchange={exchange} files={files} here={here} />
    </section>
  );
}

function timeBetween(from: string, to: string): string {
  const ms = new Date(to).getTime() - new Date(from).getTime();
  return ms < SECOND_MS ? words.milliseconds(ms) : words.seconds(number(Math.round(ms / 100) / 10));
}

type PartProps = { exchange: Exchange; files: readonly StoredFile[]; here: string };

function Sent({ exchange, files, here }: PartProps) {
  if (exchange.line === null && exchange.filesSent.length === 0) {
    return null;
  }
  const { headers, parts, sentBytes, mediaType } = exchange;
  const isAlone = (id: number) => !parts.some((part) => part.file === id);
  return (
    <>
      <h4>{words.sent}</h4>
      {exchange.line !== null && (
        <pre class="wire">
          {exchange.line}
          {headers.map(([name, value]) => `\n${name}: ${value ?? `(${words.secret})`}`)}
        </pre>
      )}
      <dl class="defs">
        {sentBytes !== null && mediaType !== null && (
          <>
            <dt>{words.bodySent}</dt>
            <dd>{words.body(bytes(sentBytes), mediaType)}</dd>
          </>
        )}
        {parts.length > 0 && (
          <>
            <dt>{words.parts}</dt>
            {parts.map((part, at) => (
              <dd key={at}>
                <code>{part.name}</code> {part.file !== null && <FileLink id={part.file} files={files} here={here} />}
              </dd>
            ))}
          </>
        )}
        <Files label={words.filesSent} ids={exchange.filesSent.filter(isAlone)} files={files} here={here} />
      </dl>
    </>
  );
}

function Answered({ exchange, files, here }: PartProps) {
  const { status, receivedBytes, reply, note } = exchange;
  if (status === null && reply === "" && exchange.filesReceived.length === 0) {
    return null;
  }
  return (
    <>
      <h4>{words.answered}</h4>
      <dl class="defs">
        {status !== null && (
          <>
            <dt>{words.status}</dt>
            <dd class="mono">{status}</dd>
          </>
        )}
        {receivedBytes !== null && (
          <>
            <dt>{words.received}</dt>
            <dd>{bytes(receivedBytes)}</dd>
          </>
        )}
        <Files label={words.filesReceived} ids={exchange.filesReceived} files={files} here={here} />
        {note !== null && (
          <>
            <dt>{words.note}</dt>
            <dd>{note}</dd>
          </>
        )}
      </dl>
      {reply !== "" && <pre class="wire">{reply}</pre>}
    </>
  );
}

type FileProps = { id: number; files: readonly StoredFile[]; here: string };

function FileLink({ id, files, here }: FileProps) {
  const file = files.find((one) => one.id === id);
  return file === undefined ? (
    <span class="quiet">{words.file(id)}</span>
  ) : (
    <a class="link" href={`${here}?file=${id}`}>
      {file.name}
    </a>
  );
}

type FilesProps = { label: string; ids: readonly number[]; files: readonly StoredFile[]; here: string };

function Files({ label, ids, files, here }: FilesProps) {
  if (ids.length === 0) {
    return null;
  }
  return (
    <>
      <dt>{label}</dt>
      {ids.map((id) => (
        <dd key={id}>
          <FileLink id={id} files={files} here={here} />
        </dd>
      ))}
    </>
  );
}
