import type { ComponentChildren } from "preact";

import { texts } from "../texts";
import { Deck, sayFaults } from "./deck";
import type { Sending } from "./sending";

const words = texts.task;

type Props = {
  sending: Sending;
  faults: Record<string, string>;
  fields: readonly { id: string; access: string }[];
  /** What is said while the form waits for its uploads. */
  waits: string;
  /** What is said while nothing is sent and nothing is wrong. */
  idle: string;
  isSaved?: boolean;
  /** The button beside those that send; while the form waits for uploads, one that ends the wait is in its place. */
  other: ComponentChildren;
  children: ComponentChildren;
};

/** The bar under a form that is filled in: it says what is sent, what is wrong, or what is under way. */
export function FormDeck({ sending, faults, fields, waits, idle, isSaved = false, other, children }: Props) {
  const hasFaults = Object.keys(faults).length > 0;
  const say = sending.isWaiting
    ? waits
    : sending.busy !== null
      ? words.sending
      : hasFaults
        ? sayFaults(faults, fields)
        : idle;
  return (
    <Deck say={say} {...(hasFaults ? { tone: "bad" as const } : isSaved ? { tone: "good" as const } : {})}>
      {sending.isWaiting ? (
        <button class="button" type="button" onClick={sending.stopWaiting}>
          {words.stopWaiting}
        </button>
      ) : (
        other
      )}
      {children}
    </Deck>
  );
}
