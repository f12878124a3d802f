// What a line of history says, with the names of people, elements, fields and files.

import type { ComponentChildren } from "preact";

import type { Schemas } from "../../api/client";
import type { IconName } from "../../components/icons";
import { isPicture, type StoredFile } from "../../files/file";
import { personName } from "../../people";
import { outcomeLabel } from "../../progress/steps";
import { texts } from "../../texts";
import { historyTexts } from "../../texts-history";
import type { App, InstanceView } from "./rights";

const words = historyTexts;

export type Event = Schemas["Event"];

/** What a line says; `about` is quoted below it. */
export type Line = {
  icon: IconName;
  tone?: "good" | "bad";
  say: ComponentChildren;
  about?: string;
};

/** What is needed to name the things of an instance. */
export type Known = {
  view: InstanceView;
  app: App | null;
  files: ReadonlyMap<number, StoredFile>;
  elementName: (element: string) => string;
};

/** Return what a line of history says. A kind that the page does not know is said in its own words. */
export function lineOf(event: Event, known: Known): Line {
  return (LINES[event.kind] ?? unknown)(new Told(event, known));
}

type Teller = (told: Told) => Line;

/** A line of history with what it mentions by name. */
class Told {
  readonly event: Event;
  readonly known: Known;

  constructor(event: Event, known: Known) {
    this.event = event;
    this.known = known;
  }

  get who(): string {
    const { user } = this.event;
    return user === null ? texts.product : personName(user) || words.somebody;
  }

  text(member: string): string {
    const value = this.event.data[member];
    return typeof value === "string" ? value : "";
  }

  numbers(member: string): number[] {
    const value = this.event.data[member];
    return Array.isArray(value) ? value.filter((one) => typeof one === "number") : [];
  }

  get element(): string {
    return this.known.elementName(this.text("element"));
  }

  get task(): string {
    return this.known.view.tasks.find((task) => task.id === this.event.task)?.name ?? words.aTask;
  }

  /** The person whom the event is about. */
  get whom(): string {
    return this.person("user");
  }

  person(member: string): string {
    const user = this.event.data[member];
    return typeof user === "number" ? personName(user) || words.somebody : words.somebody;
  }

  /** The person in whose place somebody acted; empty where it was nobody's yet. */
  get holder(): string {
    const holder = this.event.data.holder;
    return typeof holder === "number" ? personName(holder) || words.somebody : "";
  }

  has(member: string): boolean {
    return this.event.data[member] !== undefined;
  }

  get outcome(): string {
    const task = this.known.view.tasks.find((one) => one.id === this.event.task);
    const outcome = this.text("outcome");
    return outcome === "" || task === undefined ? outcome : outcomeLabel(this.known.app, task.element, outcome);
  }

  /** "3 photos", or the name of a single file; null where none was added. */
  get added(): string | null {
    const numbers = this.numbers("files_added");
    const files = numbers.map((number) => this.known.files.get(number));
    if (numbers.length === 0) {
      return null;
    }
    if (numbers.length === 1) {
      return files[0] === undefined ? words.files(1) : quoted(files[0].name);
    }
    const fields = new Map(this.known.app?.fields.map((field) => [field.id, field.type]));
    const arePhotos = files.every(
      (file) => file !== undefined && isPicture(file) && fields.get(file.field ?? "") === "photo",
    );
    return arePhotos ? words.photos(numbers.length) : words.files(numbers.length);
  }

  /** The labels of the changed fields. */
  get fields(): string[] {
    const ids = this.event.data.fields;
    const labels = new Map(this.known.app?.fields.map((field) => [field.id, field.label]));
    return Array.isArray(ids) ? ids.map((id) => labels.get(String(id)) ?? String(id)) : [];
  }

  get file(): string {
    return quoted(this.text("name") || (this.known.files.get(this.event.file ?? 0)?.name ?? words.aFile));
  }
}

const list = new Intl.ListFormat(undefined, { type: "conjunction" });

function quoted(name: string): string {
  return `“${name}”`;
}

function withAbout(line: Line, about: string): Line {
  return about === "" ? line : { ...line, about };
}

function changed(told: Told): Line {
  const { added, fields } = told;
  if (added !== null && fields.length <= 1) {
    return { icon: "clip", say: words.added(told.who, added) };
  }
  return {
    icon: "pen",
    say: fields.length === 0 ? words.changed(told.who) : words.changedFields(told.who, list.format(fields)),
  };
}

/** Who got a task: also in place of somebody who is away, or back from a substitute. */
function assigned(told: Told): string {
  if (told.has("in_place_of")) {
    return words.assignedInPlace(told.who, told.task, told.whom, told.person("in_place_of"));
  }
  return told.has("back_from")
    ? words.cameBack(told.task, told.whom, told.person("back_from"))
    : words.assigned(told.who, told.task, told.whom);
}

/** An instance that a service task created, or what it exchanged with another system. */
function finished(told: Told): Line {
  const made = told.text("instance");
  if (told.text("do") === "create" && made !== "") {
    return {
      icon: "check",
      tone: "good",
      say: (
        <>
          {words.created}{" "}
          <a class="link" href={`/i/${encodeURIComponent(made)}`}>
            {made}
          </a>
        </>
      ),
    };
  }
  if (typeof told.event.data.incident === "number") {
    return { icon: "right", say: words.skipped(told.who, told.element) };
  }
  const sent = told.numbers("files_sent").length;
  const received = told.numbers("files_received").length;
  return { icon: "check", tone: "good", say: words.serviceDone(told.element, sent, received) };
}

function completed(told: Told): Line {
  const { outcome, added } = told;
  const by = told.event.data.by_hand === true ? words.byHand(told.who, told.holder) : told.who;
  const say = outcome === "" ? words.completed(by, told.task) : words.completedAs(by, told.task, outcome);
  const line: Line = { icon: "check", tone: "good", say: added === null ? say : words.andAdded(say, added) };
  return withAbout(line, told.event.data.by_hand === true ? told.text("reason") : "");
}

const LINES: Record<string, Teller> = {
  "instance.started": (told) => {
    const { added } = told;
    const say = words.started(told.who);
    return { icon: "play", say: added === null ? say : words.andAdded(say, added) };
  },
  "instance.changed": changed,
  "instance.ended": () => ({ icon: "check", tone: "good", say: words.ended }),
  "instance.cancelled": (told) => withAbout({ icon: "x", say: words.cancelled(told.who) }, told.text("why")),
  "task.claimed": (told) => ({ icon: "user", say: words.claimed(told.who, told.task) }),
  "task.assigned": (told) => ({ icon: "user", say: assigned(told) }),
  "task.released": (told) => ({ icon: "users", say: words.released(told.who, told.task) }),
  "task.arrived": (told) => ({ icon: "user", say: words.arrived(told.who, told.task) }),
  "task.described": (told) => ({ icon: "pen", say: words.described(told.who, told.task) }),
  "task.saved": (told) => {
    const { added } = told;
    return added === null
      ? { icon: "pen", say: words.saved(told.who, told.task) }
      : { icon: "clip", say: words.added(told.who, added) };
  },
  "task.completed": completed,
  "task.failed": (told) => ({ icon: "alert", tone: "bad", say: words.late(told.task) }),
  "action.run": (told) => ({ icon: "play", say: words.action(told.who, told.text("name")) }),
  "message.received": (told) => ({ icon: "inbox", say: words.message(told.text("name")) }),
  "token.cancelled": (told) =>
    withAbout({ icon: "x", say: words.tokenCancelled(told.who, told.element) }, told.text("reason")),
  "token.started": (told) =>
    withAbout({ icon: "play", say: words.tokenStarted(told.who, told.element) }, told.text("reason")),
  "timer.fired": (told) => ({ icon: "clock", say: words.timer(told.element) }),
  "call.returned": (told) => ({ icon: "check", tone: "good", say: words.returned(told.element) }),
  "call.failed": (told) => ({ icon: "alert", tone: "bad", say: words.serviceFailed(told.element) }),
  "service.finished": finished,
  "service.failed": (told) =>
    withAbout({ icon: "alert", tone: "bad", say: words.serviceFailed(told.element) }, told.text("message")),
  "service.stopped": (told) =>
    withAbout({ icon: "alert", tone: "bad", say: words.serviceFailed(told.element) }, told.text("message")),
  "incident.opened": (told) =>
    withAbout({ icon: "alert", tone: "bad", say: words.stopped(told.element) }, told.text("message")),
  "incident.retried": (told) => ({ icon: "retry", say: words.retried(told.who, told.element) }),
  "file.added": (told) => ({ icon: "clip", say: words.added(told.who, told.added ?? told.file) }),
  "file.copied": (told) => ({ icon: "clip", say: words.added(told.who, told.file) }),
  "file.described": (told) => ({ icon: "pen", say: words.renamed(told.who, quoted(told.text("was")), told.file) }),
  "file.deleted": (told) => ({ icon: "trash", say: words.deleted(told.who, told.file) }),
  "file.restored": (told) => ({ icon: "undo", say: words.restored(told.who, told.file) }),
  "file.overwritten": (told) => ({ icon: "upload", say: words.overwritten(told.who, told.file) }),
  "file.downloaded": (told) => ({
    icon: "download",
    say: told.event.data.by_link === true ? words.byLink(told.file) : words.downloaded(told.who, told.file),
  }),
  comment: (told) => withAbout({ icon: "pen", say: words.comment(told.who) }, told.text("text")),
};

/** "thing.was_done" as "Thing was done". */
function unknown(told: Told): Line {
  const plain = told.event.kind.replace(/[._]+/g, " ");
  const say = plain.charAt(0).toUpperCase() + plain.slice(1);
  return { icon: "info", say: told.event.user === null ? say : `${say} (${told.who})` };
}
