// Uploads that continue while a person uses the application.

import { Icon } from "../components/icon";
import { span } from "../format";
import { texts } from "../texts";
import { follow } from "./queue";
import { restore } from "./restore";
import { overall, type Row } from "./rows";

const words = texts.uploads;

follow(restore);

/** In the rail. */
export function Tray() {
  return overall.value.pending.length === 0 ? null : (
    <section class="tray sheet" aria-label={words.title}>
      <Inside />
    </section>
  );
}

/** Above the bar at the bottom of a phone; with what screen readers are told, once for both. */
export function LowTray() {
  const { all, done, pending } = overall.value;
  return (
    <>
      <p class="visually-hidden" role="status">
        {all > 0 ? words.progress(done, all) : ""}
      </p>
      {pending.length > 0 && (
        <section class="tray phone only-phone sheet" aria-label={words.title}>
          <Inside />
        </section>
      )}
    </>
  );
}

function Inside() {
  const { pending, share, msLeft } = overall.value;
  const percent = Math.floor(share * 100);
  return (
    <>
      <div class="head">
        <Icon name="upload" />
        <span>{words.count(pending.length)}</span>
        <span class="quiet mono">{percent} %</span>
      </div>
      <progress class="bar" value={percent} max={100} aria-label={words.inAll} />
      <span class={isStuck(pending) ? "warn small" : "quiet small"}>{sayState(pending, msLeft)}</span>
    </>
  );
}

const isStuck = (pending: readonly Row[]) =>
  pending.some((row) => row.state.value.is === "broken") && !pending.some((row) => row.state.value.is === "sending");

function sayState(pending: readonly Row[], msLeft: number | null): string {
  if (isStuck(pending)) {
    return words.onlyHere(pending.length);
  }
  const first = pending.find((row) => row.state.value.is === "sending") ?? pending[0];
  const needs = pending.find((row) => row.state.value.is === "lost");
  if (needs !== undefined && first?.state.value.is !== "sending") {
    return words.needsFile(needs.name);
  }
  if (pending.every((row) => row.state.value.is === "paused")) {
    return words.allPaused;
  }
  const what = words.quoted(first?.target.title ?? first?.name ?? "");
  return msLeft === null ? what : `${what}, ${words.left(span(msLeft))}`;
}
