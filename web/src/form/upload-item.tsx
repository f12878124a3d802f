import { useId, useRef, useState } from "preact/hooks";

import { Icon } from "../components/icon";
import { bytes, span } from "../format";
import { texts } from "../texts";
import { isImage } from "../uploads/check";
import { chooseAgain, pause, proceed, type Row, remove } from "../uploads/queue";
import { msLeft } from "../uploads/rows";
import { FileItem, type Moves, useObjectUrl } from "./file-item";

const words = texts.uploads;

type Props = {
  row: Row;
  /** Where its number is in the value of a form, this takes it out of both. */
  onRemove?: () => void;
  /** Whether the field holds fewer files than it may. */
  hasRoom: boolean;
  moves?: Moves | undefined;
};

/** An upload in a list. */
export function UploadItem({ row, onRemove = () => remove(row), hasRoom, moves }: Props) {
  const state = row.state.value;
  const fits = state.is === "refused" && state.waitsForRoom === true && hasRoom;
  const picture = useObjectUrl(isImage(row) ? row.file.value : null);
  const percent = row.size === 0 ? 0 : Math.floor((row.sent.value / row.size) * 100);
  const isLeft = state.is !== "done" && state.is !== "refused";
  return (
    <FileItem
      name={row.name}
      picture={picture}
      isBad={state.is === "broken" || (state.is === "refused" && !fits) || state.is === "lost"}
      moves={moves}
      meta={fits ? <SendNow row={row} /> : <Meta row={row} percent={percent} />}
      acts={
        <>
          {(state.is === "sending" || state.is === "paused" || state.is === "broken") && (
            <button
              class="button icon"
              type="button"
              aria-label={
                state.is === "sending"
                  ? words.pause(row.name)
                  : state.is === "paused"
                    ? words.resume(row.name)
                    : words.retry(row.name)
              }
              onClick={() => (state.is === "sending" ? pause(row) : proceed(row))}
            >
              <Icon name={state.is === "sending" ? "pause" : state.is === "paused" ? "proceed" : "retry"} />
            </button>
          )}
          {state.is === "refused" && state.mayRetry && (
            <button class="button icon" type="button" aria-label={words.retry(row.name)} onClick={() => proceed(row)}>
              <Icon name="retry" />
            </button>
          )}
          <button
            class="button icon"
            type="button"
            aria-label={isLeft ? words.cancel(row.name) : words.remove(row.name)}
            onClick={onRemove}
          >
            <Icon name="x" />
          </button>
        </>
      }
    >
      {(state.is === "sending" || state.is === "paused" || (state.is === "lost" && percent > 0)) && (
        <progress class="bar" value={percent} max={100} aria-label={row.name} />
      )}
    </FileItem>
  );
}

function Meta({ row, percent }: { row: Row; percent: number }) {
  const state = row.state.value;
  switch (state.is) {
    case "waiting":
      return (
        <>
          <span>{words.waiting}</span>
          <span>{bytes(row.size)}</span>
        </>
      );
    case "sending": {
      const left = msLeft(row);
      if (row.sent.value >= row.size) {
        return <span>{words.finishing}</span>;
      }
      return (
        <>
          <span>{words.of(bytes(row.sent.value), bytes(row.size))}</span>
          {row.speed.value !== null && <span>{words.speed(bytes(Math.round(row.speed.value)))}</span>}
          {left !== null && <span>{words.left(span(left))}</span>}
        </>
      );
    }
    case "paused":
      return <span>{words.paused(percent)}</span>;
    case "broken":
      return <span class="bad">{words.broken(percent)}</span>;
    case "lost":
      return <ChooseAgain row={row} />;
    case "done":
      return (
        <>
          <span class="good">{words.done}</span>
          <span>{bytes(row.size)}</span>
        </>
      );
    default:
      return (
        <span class="bad" role="alert">
          {state.reason}
        </span>
      );
  }
}

/** The field was full, and is not any more. */
function SendNow({ row }: { row: Row }) {
  return (
    <>
      <span role="status">{words.roomNow}</span>
      <button class="button" type="button" onClick={() => proceed(row)}>
        {words.sendNow}
        <span class="visually-hidden"> {row.name}</span>
      </button>
    </>
  );
}

/** The browser did not keep the file: it continues once the person chooses it again. */
function ChooseAgain({ row }: { row: Row }) {
  const input = useRef<HTMLInputElement>(null);
  const [fault, setFault] = useState<string | null>(null);
  const id = useId();
  return (
    <>
      <span id={id}>{fault ?? words.chooseAgain}</span>
      <button class="button" type="button" aria-describedby={id} onClick={() => input.current?.click()}>
        {words.continueWith}
        <span class="visually-hidden"> {row.name}</span>
      </button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file !== undefined) {
            setFault(chooseAgain(row, file));
          }
        }}
      />
    </>
  );
}
