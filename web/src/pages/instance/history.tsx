import { useRef, useState } from "preact/hooks";

import { api, take } from "../../api/client";
import { Icon } from "../../components/icon";
import { ProblemNote, Skeleton } from "../../components/state";
import { fullTime, shortTime } from "../../format";
import { type Loaded, useLoad } from "../../load";
import { learnPeople } from "../../people";
import { texts } from "../../texts";
import type { InstanceView } from "./rights";
import { type Event, type Known, lineOf } from "./sentences";

const words = texts.instance;
const PAGE = 200;
/** Members of events that hold numbers of people. */
const PEOPLE = ["user", "in_place_of", "back_from"] as const;

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
const SHOWN_AT_FIRST = 30;

/** An instance's history, newest first. */
export function useHistory(view: InstanceView | null): Loaded<readonly Event[]> {
  const isVisible = view?.may.includes("history") === true;
  const id = view?.id ?? 0;
  const known = useRef<{ id: number; events: readonly Event[] }>({ id: 0, events: [] });
  return useLoad<readonly Event[]>(isVisible ? `history ${id}` : "history of nothing", async () => {
    if (!isVisible) {
      return [];
    }
    const before = known.current.id === id ? known.current.events : [];
    const events = [...(await readSince(id, before[0]?.id ?? 0)), ...before];
    known.current = { id, events };
    return events;
  });
}

/** Return the lines after one, newest first; the server lists them oldest first. */
async function readSince(instance: number, last: number): Promise<Event[]> {
  const events: Event[] = [];
  let cursor: string | null = String(last);
  while (cursor !== null) {
    const params = { path: { instance }, query: { cursor, limit: PAGE } };
    const page: { items: Event[]; next: string | null } = await take(
      api.GET("/api/v1/instances/{instance}/history", { params }),
    );
    events.push(...page.items);
    cursor = page.next;
  }
  void learnPeople(events.flatMap((event) => [event.user, ...PEOPLE.map((member) => numberOf(event.data[member]))]));
  return events.reverse();
}

type Props = { events: Loaded<readonly Event[]>; known: Known };

/** The newest lines, in the margin of the overview. */
export function RecentHistory({ events, known, most, all }: Props & { most: number; all: string }) {
  const shown = (events.data ?? []).filter((event) => event.kind !== DOWNLOAD).slice(0, most);
  return (
    <section class="sheet" aria-labelledby="recent">
      <h2 id="recent">{words.history}</h2>
      <Lines events={shown} loaded={events} known={known} />
      {(events.data ?? []).length > shown.length && (
        <a class="link small" href={all}>
          {words.allHistory}
        </a>
      )}
    </section>
  );
}

const DOWNLOAD = "file.downloaded";

/** All of it, older ones on request. */
export function WholeHistory({ events, known }: Props) {
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const [withDownloads, setDownloads] = useState(false);
  const all = events.data ?? [];
  const chosen = withDownloads ? all : all.filter((event) => event.kind !== DOWNLOAD);
  return (
    <section class="sheet pane" aria-labelledby="history">
      <div class="h">
        <h2 id="history">{words.history}</h2>
        <span class="grow" />
        {all.some((event) => event.kind === DOWNLOAD) && (
          <label class="tick">
            <input
              type="checkbox"
              checked={withDownloads}
              onChange={(event) => setDownloads(event.currentTarget.checked)}
            />
            <span>{words.withDownloads}</span>
          </label>
        )}
      </div>
      <Lines events={chosen.slice(0, shown)} loaded={events} known={known} />
      {chosen.length > shown && (
        <p class="row-of more-rows">
          <button class="button" type="button" onClick={() => setShown(shown + SHOWN_AT_FIRST)}>
            {words.older}
          </button>
        </p>
      )}
    </section>
  );
}

type LinesProps = { events: readonly Event[]; loaded: Loaded<readonly Event[]>; known: Known };

function Lines({ events, loaded, known }: LinesProps) {
  if (loaded.problem !== null) {
    return <ProblemNote problem={loaded.problem} onRetry={loaded.reload} />;
  }
  if (loaded.data === null) {
    return <Skeleton lines={4} />;
  }
  if (events.length === 0) {
    return <p class="quiet">{words.noHistory}</p>;
  }
  return (
    <ol class="line">
      {events.map((event) => (
        <HistoryLine key={event.id} event={event} known={known} />
      ))}
    </ol>
  );
}

function HistoryLine({ event, known }: { event: Event; known: Known }) {
  const line = lineOf(event, known);
  return (
    <li>
      <span class={line.tone === undefined ? "k" : `k ${line.tone}`}>
        <Icon name={line.icon} />
      </span>
      <span>
        {line.say}
        {line.about !== undefined && <p class="quote small">{line.about}</p>}
      </span>
      <time dateTime={event.at} title={fullTime(event.at)}>
        {shortTime(event.at)}
      </time>
    </li>
  );
}
