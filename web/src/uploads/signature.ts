import { newKey } from "../api/keys";
// Sends a signature a moment after its last stroke, and again after more strokes. A form waits for it as for a file.

import { signal } from "@preact/signals";

import { send } from "../api/client";
import { Problem } from "../api/problem";
import { keyOf, signing, type Target } from "./rows";
import { type End, endOfAnswer } from "./sending";
import { giveBack, reserve } from "./ticket";

/** The server stores a picture of the strokes; it is never larger. */
const TICKET_BYTES = 65_536;
const CALM_MS = 800;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const SEND_MS = 15_000;

export type SignatureState = { is: "empty" | "sending" | "broken" | "stored" } | { is: "refused"; reason: string };

export class SignatureSending {
  readonly state = signal<SignatureState>({ is: "empty" });
  readonly #target: Target;
  readonly #field: string;
  readonly #onStored: (ticket: number) => void;
  #path = "";
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isCounted = false;
  #ticket: number | null = null;
  #key = newKey();

  constructor(target: Target, field: string, onStored: (ticket: number) => void) {
    this.#target = target;
    this.#field = field;
    this.#onStored = onStored;
  }

  /** Send these strokes in place of those before. */
  draw(path: string): void {
    this.#path = path;
    this.#turn += 1;
    this.#failures = 0;
    this.state.value = { is: "sending" };
    this.#count(true);
    this.#later(CALM_MS);
  }

  /** Nothing is signed: what was sent is taken back. */
  clear(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.state.value = { is: "empty" };
    this.#count(false);
    this.#drop();
  }

  /** The ticket became a file of the instance, and is not ours to end any more. */
  claimed(): void {
    this.#ticket = null;
  }

  retryNow(): void {
    if (this.state.peek().is === "broken") {
      this.#later(0);
    }
  }

  #drop(): void {
    if (this.#ticket !== null) {
      giveBack(this.#ticket);
      this.#ticket = null;
    }
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), ms);
  }

  async #send(): Promise<void> {
    const turn = this.#turn;
    const place = { target: this.#target, field: this.#field };
    const wish = { size: TICKET_BYTES, name: "signature.png", media_type: "image/png", ...place };
    const ticket = await reserve(wish, this.#key);
    if (typeof ticket !== "number") {
      this.#settle(turn, ticket);
      return;
    }
    const end = await deliver(ticket, this.#path);
    if (end.is !== "broken" && end.is !== "later") {
      this.#key = newKey(); // the ticket is used up
    }
    if (turn !== this.#turn) {
      this.#key = newKey();
      giveBack(ticket); // there are other strokes by now, or none
      return;
    }
    if (end.is !== "done") {
      this.#settle(turn, end);
      return;
    }
    this.#drop();
    this.#ticket = ticket;
    this.state.value = { is: "stored" };
    this.#onStored(ticket);
    this.#count(false);
  }

  #settle(turn: number, end: End): void {
    if (turn !== this.#turn) {
      return;
    }
    if (end.is === "refused" || end.is === "done") {
      this.state.value = { is: "refused", reason: end.is === "refused" ? end.problem.message : "" };
      this.#key = newKey();
      this.#count(false);
      return;
    }
    if (end.is === "broken") {
      this.state.value = { is: "broken" };
    }
    if (end.is === "gone") {
      this.#key = newKey();
    }
    this.#later(end.is === "later" ? end.ms : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures));
    this.#failures += 1;
  }

  /** Count among what is under way in the form, once. */
  #count(isUnderWay: boolean): void {
    if (isUnderWay === this.#isCounted) {
      return;
    }
    this.#isCounted = isUnderWay;
    const owner = keyOf(this.#target);
    const before = signing.peek().get(owner) ?? 0;
    signing.value = new Map([...signing.peek(), [owner, Math.max(0, before + (isUnderWay ? 1 : -1))]]);
  }
}

async function deliver(ticket: number, path: string): Promise<End> {
  try {
    const answer = await send(
      new Request(new URL(`/api/v1/uploads/${ticket}/signature`, location.href), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ path }),
        signal: AbortSignal.timeout(SEND_MS),
      }),
    );
    if (answer.ok) {
      return { is: "done" };
    }
    const body: unknown = await answer.json().catch(() => null);
    return endOfAnswer(answer.status, body, answer.headers.get("Retry-After"));
  } catch (error) {
    if (error instanceof Problem || error instanceof DOMException) {
      return { is: "broken" };
    }
    throw error;
  }
}
